package engine

import (
	"github.com/shopspring/decimal"

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

// enterLong buys for the configured share of equity: by notional where the broker allows it (a
// fractionable asset, time in force day: RULES 5.2), otherwise as many whole shares as that buys.
func (b *book) enterLong(signal trade.Signal, asset trade.Asset) (order, trade.Skip) {
	entry, skip := b.entry(signal, trade.SideBuy)
	if skip != "" {
		return order{}, skip
	}
	if asset.Fractionable && b.settings.TimeInForce == trade.TIFDay {
		entry.notional, entry.reserves = b.notional(), b.notional()
		return b.afford(entry)
	}
	if entry.qty, skip = b.wholeShares(signal); skip != "" {
		return order{}, skip
	}
	entry.reserves = entry.qty.Mul(priceOf(signal))
	return b.afford(entry)
}

// enterShort sells whole shares that are not held, where settings, account and asset allow it.
func (b *book) enterShort(signal trade.Signal, asset trade.Asset) (order, trade.Skip) {
	switch {
	case !b.settings.AllowShort:
		return order{}, trade.SkipNoPosition
	case !b.account.ShortingEnabled || b.account.Equity.LessThan(leastShortEquity),
		!asset.Shortable || !asset.EasyToBorrow:
		return order{}, trade.SkipNotShortable
	}
	entry, skip := b.entry(signal, trade.SideSell)
	if skip != "" {
		return order{}, skip
	}
	if entry.qty, skip = b.wholeShares(signal); skip != "" {
		return order{}, skip
	}
	entry.reserves = entry.qty.Mul(priceOf(signal)).Mul(shortReserve)
	return b.afford(entry)
}

// entry checks what every new position must meet, whatever its direction.
func (b *book) entry(signal trade.Signal, side trade.Side) (order, trade.Skip) {
	switch {
	case len(b.exposed) >= b.settings.MaxPositions:
		return order{}, trade.SkipMaxPositions
	case b.notional().LessThan(leastNotional):
		return order{}, trade.SkipTooSmall
	}
	return order{symbol: signal.Symbol, side: side, purpose: trade.Entry, tif: b.settings.TimeInForce}, ""
}

// notional is the size of one entry in dollars and whole cents.
func (b *book) notional() decimal.Decimal {
	return b.account.Equity.Mul(b.settings.PositionSizePct).Shift(-2).Round(2)
}

func (b *book) wholeShares(signal trade.Signal) (decimal.Decimal, trade.Skip) {
	price := priceOf(signal)
	if !price.IsPositive() {
		return decimal.Zero, trade.SkipNoBars
	}
	qty, _ := b.notional().QuoRem(price, 0) // exact, unlike Div, which may round up to a whole share
	if !qty.IsPositive() {
		return decimal.Zero, trade.SkipTooSmall
	}
	return qty, ""
}

func (b *book) afford(entry order) (order, trade.Skip) {
	if entry.reserves.GreaterThan(b.buyingPower) {
		return order{}, trade.SkipBuyingPower
	}
	return entry, ""
}

func priceOf(signal trade.Signal) decimal.Decimal { return decimal.NewFromFloat(signal.Price) }
