package risk

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// lowProfitSymbol stops entries in a symbol of which at least so many trades ended within the
// lookback and made less than required together, until the pause after the last of them is over
// (freqtrade's LowProfitPairs: percentages are added up).
var lowProfitSymbol = Limit{
	Skip: trade.SkipLowProfitSymbol,
	Entry: func(limits *trade.RiskLimits, state *State, entry *Entry) bool {
		limit := limits.LowProfitSymbols
		return limit.Trades > 0 && state.pastOf(entry.Signal.Symbol).poor(limit, state.Now)
	},
}

// poor reports whether at an exit less than the pause ago the trades of the lookback up to it had
// made too little.
func (p *past) poor(limit trade.LowProfitLimit, now time.Time) bool {
	if len(p.trades) < limit.Trades {
		return false
	}
	earned := p.profits()
	first := len(p.trades) - 1
	for last := first; last >= 0 && now.Before(p.trades[last].ExitAt.Add(minutes(limit.PauseMinutes))); last-- {
		since := p.trades[last].ExitAt.Add(-minutes(limit.LookbackMinutes))
		for first = min(first, last); first > 0 && p.trades[first-1].ExitAt.After(since); {
			first--
		}
		if last-first+1 >= limit.Trades && less(earned[last+1], earned[first], limit.RequiredPct) {
			return true
		}
	}
	return false
}

// less reports whether what was earned between two sums is below the bound.
func less(until, before, bound decimal.Decimal) bool {
	if before.IsZero() {
		return until.LessThan(bound)
	}
	return until.Sub(before).LessThan(bound)
}
