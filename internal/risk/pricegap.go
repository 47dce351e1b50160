package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// priceGap refuses to enter when the latest trade is too far from the close that was decided on,
// in percent of the close. A price that nobody knows is too far.
var priceGap = Limit{
	Skip: trade.SkipPriceGap,
	Entry: func(limits *trade.RiskLimits, _ *State, entry *Entry) bool {
		if !limits.MaxPriceGapPct.IsPositive() {
			return false
		}
		return !entry.Quote.Last.IsPositive() || above(entry.Quote.Last.Sub(entry.Close).Abs(), entry.Close, limits.MaxPriceGapPct)
	},
}
