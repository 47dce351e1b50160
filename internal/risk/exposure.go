package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// maxExposure keeps all positions together, long and short added, within a share of equity.
var maxExposure = Limit{
	Skip: trade.SkipMaxExposure,
	Entry: func(limits *trade.RiskLimits, state *State, entry *Entry) bool {
		return limits.MaxExposurePct.IsPositive() && state.exceeds(state.total.Add(entry.Value), limits.MaxExposurePct)
	},
}
