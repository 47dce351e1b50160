package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// cooldownPeriod keeps a symbol from being entered again for a while after a trade in it ended
// (freqtrade's CooldownPeriod).
var cooldownPeriod = Limit{
	Skip: trade.SkipCooldownPeriod,
	Entry: func(limits *trade.RiskLimits, state *State, entry *Entry) bool {
		trades := state.pastOf(entry.Signal.Symbol).trades
		return limits.CooldownMinutes > 0 && len(trades) > 0 &&
			state.Now.Before(trades[len(trades)-1].ExitAt.Add(minutes(limits.CooldownMinutes)))
	},
}
