package risk

import (
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// orderRate keeps the orders of the last minute, and those of the New York day, within their
// numbers. Exits count and are never kept back; what this plan has ordered already counts.
var orderRate = Limit{
	Skip: trade.SkipOrderRate,
	Entry: func(limits *trade.RiskLimits, state *State, _ *Entry) bool {
		return state.full(limits.MaxOrdersPerMinute, state.Now.Add(-time.Minute)) ||
			state.full(limits.MaxOrdersPerDay, market.Day(state.Now).Add(-1))
	},
}

// full reports whether so many orders as allowed were sent after the moment or are planned; 0: any
// number is allowed.
func (s *State) full(allowed int, after time.Time) bool {
	if allowed == 0 {
		return false
	}
	count := s.planned
	for i := len(s.Record.OrderTimes) - 1; i >= 0 && s.Record.OrderTimes[i].After(after); i-- {
		count++
	}
	return count >= allowed
}
