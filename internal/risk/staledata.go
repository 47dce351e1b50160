package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// staleData refuses to enter on a bar that closed too long ago.
var staleData = Limit{
	Skip: trade.SkipStaleData,
	Entry: func(limits *trade.RiskLimits, state *State, entry *Entry) bool {
		return limits.MaxBarAgeMinutes > 0 && state.Now.Sub(entry.Signal.BarEnd) > minutes(limits.MaxBarAgeMinutes)
	},
}
