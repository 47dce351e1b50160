package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// maxDrawdown stops entries while equity is so many percent or more below its peak in the lookback
// (freqtrade's MaxDrawdown, by equity). With a pause, entries go on that long after the last trade
// ended, deep as the drawdown may still be; while no trade has ended there is nothing to wait from.
var maxDrawdown = Limit{
	Skip: trade.SkipMaxDrawdown,
	Account: func(limits *trade.RiskLimits, state *State) bool {
		limit, trades := limits.MaxDrawdown, state.Record.Trades
		if !state.Record.Peak.IsPositive() || !fallen(state.Record.Peak, state.Equity, limit.Percent) {
			return false
		}
		return limit.PauseMinutes == 0 || len(trades) == 0 ||
			state.Now.Before(trades[len(trades)-1].ExitAt.Add(minutes(limit.PauseMinutes)))
	},
}
