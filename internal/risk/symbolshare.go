package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// maxSymbolShare keeps one symbol within a share of equity.
var maxSymbolShare = Limit{
	Skip: trade.SkipMaxSymbolShare,
	Entry: func(limits *trade.RiskLimits, state *State, entry *Entry) bool {
		return limits.MaxSymbolPct.IsPositive() && state.exceeds(state.exposedIn(entry.Signal.Symbol, entry.Value), limits.MaxSymbolPct)
	},
}
