package sim

import (
	"crypto/sha256"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Market is where prices come from. Everything about it is fixed in advance; a caller says at
// which moment it looks, and gets nothing later than that. Implementations are safe for
// concurrent use. Unknown symbols have no bars and no prints.
type Market interface {
	// Name tells markets apart in a state file, such as "synthetic seed 7".
	Name() string
	// Assets lists the instruments by symbol.
	Assets() []wire.Asset
	// Span returns the first and the last New York day (at midnight) that may have data.
	Span(symbol string) (first, last time.Time)
	// AppendMinutes appends to bars the minute bars of t's New York day that had begun at now,
	// oldest first. The newest one may still be forming.
	AppendMinutes(bars []trade.Bar, symbol string, t, now time.Time) []trade.Bar
	// Daily returns the bar of t's session as known at now, forming while the session lasts.
	Daily(symbol string, t, now time.Time) (bar trade.Bar, ok bool)
	// FirstPrint returns the first print of [from, to], which lie in one regular session.
	FirstPrint(symbol string, from, to time.Time) (print Print, ok bool)
	// LastPrint returns the newest print at or before at.
	LastPrint(symbol string, at time.Time) (print Print, ok bool)
}

// Print is one trade on the market.
type Print struct {
	At    time.Time
	Price float64
}

// decimalPrice is the print's price as money; it is the shortest decimal of the float.
func (p Print) decimalPrice() decimal.Decimal { return decimal.NewFromFloat(p.Price) }

// newAsset describes a stock that can be traded in fractions and sold short.
func newAsset(symbol, name, exchange string) wire.Asset {
	return wire.Asset{
		ID: assetID(symbol), Class: "us_equity", Exchange: exchange, Symbol: symbol, Name: name,
		Status: "active", Tradable: true, Marginable: true, Shortable: true,
		EasyToBorrow: true, BorrowStatus: "easy_to_borrow", Fractionable: true,
		MarginRequirementLong: decimal.NewFromInt(50), MarginRequirementShort: decimal.NewFromInt(50),
		MaintenanceMarginRequirement: 30, Attributes: []string{},
	}
}

// assetID derives an asset's UUID from its symbol, so that it is the same in every run.
func assetID(symbol string) string {
	sum := sha256.Sum256([]byte("asset " + symbol))
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // RFC 9562 variant
	return id.String()
}
