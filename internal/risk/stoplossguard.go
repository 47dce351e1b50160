package risk

import (
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// stoplossGuard stops entries after so many trades that a stop ended with a loss within the
// lookback, until the pause after the last of them is over; of all symbols, or only in the symbol
// itself (freqtrade's StoplossGuard with required_profit 0).
var stoplossGuard = Limit{
	Skip: trade.SkipStoplossGuard,
	Account: func(limits *trade.RiskLimits, state *State) bool {
		guard := limits.StoplossGuard
		return guard.Trades > 0 && !guard.PerSymbol && state.guarded(guard, state.stops())
	},
	Entry: func(limits *trade.RiskLimits, state *State, entry *Entry) bool {
		guard := limits.StoplossGuard
		return guard.Trades > 0 && guard.PerSymbol && state.guarded(guard, state.pastOf(entry.Signal.Symbol).stops())
	},
}

// guarded reports whether a stop less than the pause ago was the last of as many as the guard counts
// within its lookback. As with freqtrade, what was locked when a trade ended stays locked although
// the lookback moves on.
func (s *State) guarded(guard trade.StoplossGuard, stops []time.Time) bool {
	for last := len(stops) - 1; last+1 >= guard.Trades && s.Now.Before(stops[last].Add(minutes(guard.PauseMinutes))); last-- {
		if stops[last+1-guard.Trades].After(stops[last].Add(-minutes(guard.LookbackMinutes))) {
			return true
		}
	}
	return false
}
