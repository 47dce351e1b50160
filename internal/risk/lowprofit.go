package risk

import (
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// lowProfitSymbol stops entries in a symbol of which at least so many trades ended within the
// lookback and made less than required together, until the pause after the last of them is over
// (freqtrade's LowProfitPairs: percentages are added up).
var lowProfitSymbol = Limit{
	Skip: trade.SkipLowProfitSymbol,
	Entry: func(limits trade.RiskLimits, state *State, entry Entry) bool {
		return limits.LowProfitSymbols.Trades > 0 && state.poor(limits.LowProfitSymbols, state.trades[entry.Signal.Symbol])
	},
}

// poor reports whether at an exit less than the pause ago the trades of the lookback up to it had
// made too little.
func (s *State) poor(limit trade.LowProfitLimit, trades []*trade.ClosedTrade) bool {
	first, sum := 0, decimal.Zero
	for i, last := range trades {
		sum = sum.Add(last.ProfitPct)
		for !trades[first].ExitAt.After(last.ExitAt.Add(-minutes(limit.LookbackMinutes))) && first < i {
			sum = sum.Sub(trades[first].ProfitPct)
			first++
		}
		if i-first+1 >= limit.Trades && sum.LessThan(limit.RequiredPct) && s.Now.Before(last.ExitAt.Add(minutes(limit.PauseMinutes))) {
			return true
		}
	}
	return false
}
