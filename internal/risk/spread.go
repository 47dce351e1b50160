package risk

import (
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

var half = decimal.New(5, -1)

// spread refuses to enter when bid and ask are too far apart, in percent of their middle. Where one
// of them is missing they are.
var spread = Limit{
	Skip: trade.SkipSpread,
	Entry: func(limits *trade.RiskLimits, _ *State, entry *Entry) bool {
		if !limits.MaxSpreadPct.IsPositive() {
			return false
		}
		bid, ask := entry.Quote.Bid, entry.Quote.Ask
		if !bid.IsPositive() || !ask.IsPositive() {
			return true
		}
		middle := bid.Add(ask).Mul(half)
		return above(ask.Sub(bid), middle, limits.MaxSpreadPct)
	},
}
