package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// maxSymbolShare keeps one symbol within a share of equity.
var maxSymbolShare = Limit{
	Skip: trade.SkipMaxSymbolShare,
	Entry: func(limits trade.RiskLimits, state *State, entry Entry) bool {
		return above(state.exposed[entry.Signal.Symbol].Add(entry.Value), state.Equity, limits.MaxSymbolPct)
	},
}
