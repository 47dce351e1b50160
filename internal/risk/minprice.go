package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// minPrice keeps out of symbols that cost too little.
var minPrice = Limit{
	Skip: trade.SkipMinPrice,
	Entry: func(limits *trade.RiskLimits, _ *State, entry *Entry) bool {
		return limits.MinPrice.IsPositive() && entry.Close.LessThan(limits.MinPrice)
	},
}
