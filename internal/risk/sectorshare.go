package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// maxSectorShare keeps the symbols of one sector together within a share of equity. Symbols that
// the user gave no sector are not limited.
var maxSectorShare = Limit{
	Skip: trade.SkipMaxSectorShare,
	Entry: func(limits *trade.RiskLimits, state *State, entry *Entry) bool {
		sector := limits.Sectors[entry.Signal.Symbol]
		if sector == "" || !limits.MaxSectorPct.IsPositive() {
			return false
		}
		sum := entry.Value
		for symbol, dollars := range state.exposed {
			if limits.Sectors[symbol] == sector {
				sum = sum.Add(dollars)
			}
		}
		return state.exceeds(sum, limits.MaxSectorPct)
	},
}
