package engine

import (
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/risk"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

var (
	// leastNotional is the broker's minimum order in dollars (RULES 5.2).
	leastNotional = decimal.NewFromInt(1)
	// leastShortEquity is the equity in dollars under which the broker refuses short sales (RULES 5.8).
	leastShortEquity = decimal.NewFromInt(2000)
	// shortReserve is what the broker sets aside for a short sale, times its value (RULES 6).
	shortReserve = decimal.RequireFromString("1.03")
)

// enterLong buys what is not held.
func (b *book) enterLong(signal *trade.Signal, asset trade.Asset) (order, trade.Skip) {
	entry, skip := b.entry(signal, asset, trade.SideBuy)
	if skip != "" {
		return order{}, skip
	}
	entry.reserves = entry.value()
	return b.allow(entry, signal)
}

// enterShort sells whole shares that are not held, where settings, account and asset allow it.
func (b *book) enterShort(signal *trade.Signal, asset trade.Asset) (order, trade.Skip) {
	switch {
	case !b.settings.AllowShort:
		return order{}, trade.SkipNoPosition
	case !b.account.ShortingEnabled || b.account.Equity.LessThan(leastShortEquity),
		!asset.Shortable || !asset.EasyToBorrow:
		return order{}, trade.SkipNotShortable
	}
	entry, skip := b.entry(signal, asset, trade.SideSell)
	if skip != "" {
		return order{}, skip
	}
	entry.reserves = entry.value().Mul(shortReserve)
	return b.allow(entry, signal)
}

// entry makes the order of a new position, whatever its direction: its price, size and protection.
func (b *book) entry(signal *trade.Signal, asset trade.Asset, side trade.Side) (order, trade.Skip) {
	switch {
	case b.barred != "":
		return order{}, b.barred
	case len(b.exposed) >= b.settings.MaxPositions:
		return order{}, trade.SkipMaxPositions
	}
	entry := order{symbol: signal.Symbol, side: side, purpose: trade.Entry, tif: b.settings.TimeInForce, kind: trade.MarketOrder, close: priceOf(signal)}
	b.price(&entry)
	if skip := b.size(&entry, signal, asset); skip != "" {
		return order{}, skip
	}
	guarded, fits := guardsAt(entry.price, &b.settings.Execution, side == trade.SideSell)
	if !fits {
		return order{}, trade.SkipMinPrice
	}
	entry.guards, entry.class = guarded, guarded.class()
	return entry, ""
}

// allow asks whether the account can pay for the entry, and every limit, the account's and the
// installation's.
func (b *book) allow(entry order, signal *trade.Signal) (order, trade.Skip) {
	asked := &risk.Entry{Signal: *signal, Close: entry.close, Value: entry.value(), Quote: b.quotes[signal.Symbol]}
	if skip := risk.Refuses(&b.settings.Risk, b.risk, asked); skip != "" {
		return order{}, skip
	}
	if skip := risk.Refuses(&b.installation, b.risk, asked); skip != "" {
		return order{}, skip
	}
	if entry.reserves.GreaterThan(b.buyingPower) {
		return order{}, trade.SkipBuyingPower
	}
	return entry, ""
}

func priceOf(signal *trade.Signal) decimal.Decimal { return decimal.NewFromFloat(signal.Price) }
