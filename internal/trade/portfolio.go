package trade

import (
	"time"

	"github.com/shopspring/decimal"
)

// Account is the broker's view of one brokerage account at one moment, in US dollars.
type Account struct {
	ID              string
	AccountNumber   string
	Status          string
	Equity          decimal.Decimal
	LastEquity      decimal.Decimal // at the previous session's close
	Cash            decimal.Decimal
	BuyingPower     decimal.Decimal
	PortfolioValue  decimal.Decimal
	ShortingEnabled bool
	TradingBlocked  bool // by the broker or by the account's owner
	Multiplier      decimal.Decimal
}

// Position is what an account holds of one symbol. Short positions have negative quantities.
type Position struct {
	Symbol         string
	Qty            decimal.Decimal
	QtyAvailable   decimal.Decimal // not held by open orders
	AvgEntryPrice  decimal.Decimal
	MarketValue    decimal.Decimal
	CurrentPrice   decimal.Decimal
	UnrealizedPL   decimal.Decimal
	UnrealizedPLPC decimal.Decimal // fraction, 0.05 is 5 %
}

// Portfolio is a snapshot of an account with all that is open in it.
type Portfolio struct {
	Account    Account
	Positions  []Position
	OpenOrders []BrokerOrder
}

// Position returns the position in symbol, if there is one.
func (p Portfolio) Position(symbol string) (Position, bool) {
	for _, position := range p.Positions {
		if position.Symbol == symbol && !position.Qty.IsZero() {
			return position, true
		}
	}
	return Position{}, false
}

// Asset is one tradable instrument as the broker describes it.
type Asset struct {
	Symbol       string
	Name         string
	Exchange     string
	Class        string
	Tradable     bool
	Fractionable bool
	Shortable    bool
	EasyToBorrow bool
}

// MarketClock is the broker's own time and what the exchange is doing.
type MarketClock struct {
	Timestamp time.Time
	IsOpen    bool
	NextOpen  time.Time
	NextClose time.Time
}

// PortfolioHistory is an equity curve. The slices have equal length.
type PortfolioHistory struct {
	Timestamp     []int64 // Unix seconds, left edge of each interval
	Equity        []float64
	ProfitLoss    []float64
	ProfitLossPct []float64 // fraction
	BaseValue     float64
	Timeframe     string
}
