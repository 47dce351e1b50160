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
		limit := limits.LowProfitSymbols
		if limit.Trades == 0 {
			return false
		}
		return state.locked(state.trades[entry.Signal.Symbol], minutes(limit.LookbackMinutes), minutes(limit.PauseMinutes),
			func(within []trade.ClosedTrade) bool {
				return len(within) >= limit.Trades && together(within).LessThan(limit.RequiredPct)
			})
	},
}

func together(trades []trade.ClosedTrade) decimal.Decimal {
	sum := decimal.Zero
	for _, closed := range trades {
		sum = sum.Add(closed.ProfitPct)
	}
	return sum
}
