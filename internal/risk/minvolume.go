package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// minVolume keeps out of symbols of which too few shares were traded in the last closed bar.
var minVolume = Limit{
	Skip: trade.SkipMinVolume,
	Entry: func(limits *trade.RiskLimits, _ *State, entry *Entry) bool {
		return limits.MinVolume > 0 && !(entry.Signal.Volume >= limits.MinVolume)
	},
}
