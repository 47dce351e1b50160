package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// stoplossGuard stops entries after so many trades that a stop ended with a loss within the
// lookback, until the pause after the last of them is over; of all symbols, or only in the symbol
// itself (freqtrade's StoplossGuard with required_profit 0).
var stoplossGuard = Limit{
	Skip: trade.SkipStoplossGuard,
	Account: func(limits trade.RiskLimits, state *State) bool {
		return !limits.StoplossGuard.PerSymbol && state.guarded(limits.StoplossGuard, state.Record.Trades)
	},
	Entry: func(limits trade.RiskLimits, state *State, entry Entry) bool {
		return limits.StoplossGuard.PerSymbol && state.guarded(limits.StoplossGuard, state.trades[entry.Signal.Symbol])
	},
}

func (s *State) guarded(guard trade.StoplossGuard, trades []trade.ClosedTrade) bool {
	return guard.Trades > 0 && s.locked(stopped(trades), minutes(guard.LookbackMinutes), minutes(guard.PauseMinutes),
		func(within []trade.ClosedTrade) bool { return len(within) >= guard.Trades })
}

// stopped are the trades that a stop ended with a loss.
func stopped(trades []trade.ClosedTrade) []trade.ClosedTrade {
	var losses []trade.ClosedTrade
	for _, closed := range trades {
		if closed.StopLoss && closed.Profit.IsNegative() {
			losses = append(losses, closed)
		}
	}
	return losses
}
