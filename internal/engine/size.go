package engine

import (
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// shareDigits are the decimals that the broker takes of a share (RULES 5.2).
const shareDigits = 9

// size gives the entry its quantity or notional. Where the broker allows fractions (a fractionable
// asset bought for the day in regular hours, without orders that protect it: RULES 5.2, 5.6) dollars
// become a notional or a fraction; otherwise as many whole shares as they buy.
func (b *book) size(entry *order, signal *trade.Signal, asset trade.Asset) trade.Skip {
	price := entry.unitPrice()
	if !price.IsPositive() {
		return trade.SkipNoBars
	}
	dollars, qty, skip := b.wanted(signal)
	if skip != "" {
		return skip
	}
	fractions := asset.Fractionable && entry.side == trade.SideBuy && entry.tif == trade.TIFDay &&
		!entry.extended && !b.settings.Execution.WholeShares && !b.settings.Execution.Protects()
	switch {
	case fractions && qty.IsZero() && entry.kind == trade.MarketOrder:
		entry.notional = dollars
	case fractions && qty.IsZero():
		entry.qty, _ = dollars.QuoRem(price, shareDigits)
	case fractions:
		entry.qty = qty.Truncate(shareDigits)
	case qty.IsZero():
		entry.qty, _ = dollars.QuoRem(price, 0) // exact, unlike Div, which may round up to a whole share
	default:
		entry.qty = qty.Truncate(0)
	}
	entry.price = price
	if entry.value().LessThan(leastNotional) {
		return trade.SkipTooSmall
	}
	return ""
}

// wanted is the size that the settings ask for: dollars in whole cents, or shares; the other is
// zero.
func (b *book) wanted(signal *trade.Signal) (dollars, qty decimal.Decimal, skip trade.Skip) {
	execution := &b.settings.Execution
	switch execution.SizeBy {
	case trade.SizeDollars:
		dollars = execution.Dollars.Round(2)
	case trade.SizeShares:
		qty = execution.Shares
	case trade.SizeVolatility:
		loss := decimal.NewFromFloat(signal.ATR * execution.ATRMultiple) // of one share
		if !loss.IsPositive() {
			return dollars, qty, trade.SkipNoVolatility
		}
		qty, _ = b.account.Equity.Mul(execution.RiskPct).Shift(-2).QuoRem(loss, shareDigits)
	default:
		dollars = b.usual
	}
	if dollars.LessThan(leastNotional) && !qty.IsPositive() {
		return dollars, qty, trade.SkipTooSmall
	}
	return dollars, qty, ""
}
