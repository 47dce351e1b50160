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
	Account: func(limits trade.RiskLimits, state *State) bool {
		return !limits.StoplossGuard.PerSymbol && state.guarded(limits.StoplossGuard, state.all)
	},
	Entry: func(limits trade.RiskLimits, state *State, entry Entry) bool {
		return limits.StoplossGuard.PerSymbol && state.guarded(limits.StoplossGuard, state.trades[entry.Signal.Symbol])
	},
}

// guarded reports whether a stop less than the pause ago was the last of as many as the guard counts
// within its lookback. As with freqtrade, what was locked when a trade ended stays locked although
// the lookback moves on.
func (s *State) guarded(guard trade.StoplossGuard, trades []*trade.ClosedTrade) bool {
	if guard.Trades == 0 {
		return false
	}
	earliest := s.Now.Add(-minutes(guard.PauseMinutes) - minutes(guard.LookbackMinutes))
	var stops []time.Time // newest first
	for i := len(trades) - 1; i >= 0 && trades[i].ExitAt.After(earliest); i-- {
		if trades[i].StopLoss && trades[i].Profit.IsNegative() {
			stops = append(stops, trades[i].ExitAt)
		}
	}
	for i := 0; i+guard.Trades <= len(stops) && s.Now.Before(stops[i].Add(minutes(guard.PauseMinutes))); i++ {
		if stops[i+guard.Trades-1].After(stops[i].Add(-minutes(guard.LookbackMinutes))) {
			return true
		}
	}
	return false
}
