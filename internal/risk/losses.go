package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// consecutiveLosses stops entries after so many trades in a row that lost, counted since a person
// last set the account active: for the pause after the last of them, or until a person resumes.
var consecutiveLosses = Limit{
	Skip: trade.SkipConsecutiveLosses,
	Account: func(limits *trade.RiskLimits, state *State) bool {
		limit, trades := limits.ConsecutiveLosses, state.Record.Trades
		if limit.Trades == 0 {
			return false
		}
		streak := 0
		for i := len(trades) - 1; i >= 0 && trades[i].Profit.IsNegative() && trades[i].ExitAt.After(state.Record.ResumedAt); i-- {
			streak++
		}
		return streak >= limit.Trades && (limit.PauseMinutes == 0 ||
			state.Now.Before(trades[len(trades)-1].ExitAt.Add(minutes(limit.PauseMinutes))))
	},
}
