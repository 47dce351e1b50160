package risk

import (
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// dailyLoss stops entries while equity is so many percent or more below the previous session's
// close: until the next session, whose previous close is another.
var dailyLoss = Limit{
	Skip: trade.SkipDailyLoss,
	Account: func(limits *trade.RiskLimits, state *State) bool {
		return state.LastEquity.IsPositive() && fallen(state.LastEquity, state.Equity, limits.DailyLossPct)
	},
}

// fallen reports whether the value is so many percent or more below where it was; 0 percent: never.
func fallen(from, to, percent decimal.Decimal) bool {
	return percent.IsPositive() && from.Sub(to).GreaterThanOrEqual(from.Mul(percent).Shift(-2))
}
