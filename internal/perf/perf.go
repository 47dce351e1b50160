// Package perf measures how a trading account did. It is pure: money comes in as decimals and
// ratios go out as floats, because ratios only inform.
package perf

import (
	"math"
	"time"

	"github.com/shopspring/decimal"
)

// Point is an account's equity in US dollars at one moment.
type Point struct {
	At     time.Time
	Equity decimal.Decimal
}

// Figures are the usual measures of one run. A pointer is nil where the measure has no meaning:
// no closed trade, no losing trade, or less than two daily returns.
type Figures struct {
	TotalReturn  float64  `json:"total_return"` // fraction: 0.05 is 5 %
	MaxDrawdown  float64  `json:"max_drawdown"` // fraction, 0 to 1
	Trades       int      `json:"trades"`       // closed ones
	WinRate      *float64 `json:"win_rate"`     // fraction of closed trades with a profit
	ProfitFactor *float64 `json:"profit_factor"`
	Sharpe       *float64 `json:"sharpe"`
}

// Measure computes all figures of an equity curve, oldest point first, and of the profits of the
// trades that were closed.
func Measure(curve []Point, profits []decimal.Decimal) Figures {
	figures := Figures{
		TotalReturn: TotalReturn(curve), MaxDrawdown: MaxDrawdown(curve), Trades: len(profits),
	}
	if rate, ok := WinRate(profits); ok {
		figures.WinRate = &rate
	}
	if factor, ok := ProfitFactor(profits); ok {
		figures.ProfitFactor = &factor
	}
	if sharpe, ok := Sharpe(Daily(curve)); ok {
		figures.Sharpe = &sharpe
	}
	return figures
}

// TotalReturn is last equity over first equity, less one; zero where that says nothing.
func TotalReturn(curve []Point) float64 {
	if len(curve) == 0 || !curve[0].Equity.IsPositive() {
		return 0
	}
	return curve[len(curve)-1].Equity.Div(curve[0].Equity).InexactFloat64() - 1
}

// MaxDrawdown is the deepest fall below an earlier peak, as a fraction of that peak.
func MaxDrawdown(curve []Point) float64 {
	var peak decimal.Decimal
	deepest := 0.0
	for _, point := range curve {
		if point.Equity.GreaterThan(peak) {
			peak = point.Equity
		}
		if peak.IsPositive() {
			deepest = max(deepest, peak.Sub(point.Equity).Div(peak).InexactFloat64())
		}
	}
	return deepest
}

// WinRate is the fraction of trades with a profit above zero; not ok without trades.
func WinRate(profits []decimal.Decimal) (rate float64, ok bool) {
	wins := 0
	for _, profit := range profits {
		if profit.IsPositive() {
			wins++
		}
	}
	if len(profits) == 0 {
		return 0, false
	}
	return float64(wins) / float64(len(profits)), true
}

// ProfitFactor is the sum of profits over the sum of losses; not ok without a loss.
func ProfitFactor(profits []decimal.Decimal) (factor float64, ok bool) {
	var won, lost decimal.Decimal
	for _, profit := range profits {
		if profit.IsPositive() {
			won = won.Add(profit)
		} else {
			lost = lost.Sub(profit)
		}
	}
	if lost.IsZero() {
		return 0, false
	}
	return won.Div(lost).InexactFloat64(), true
}

// sessionsPerYear turns a daily ratio into a yearly one: US exchanges trade about 252 days.
const sessionsPerYear = 252

// Sharpe is the mean of daily returns over their sample standard deviation, times the root of
// 252 (Sharpe 1994, with a riskless rate of zero). daily is one equity a day. Not ok with fewer
// than two returns or when they do not vary.
func Sharpe(daily []Point) (ratio float64, ok bool) {
	returns := dailyReturns(daily)
	if len(returns) < 2 {
		return 0, false
	}
	mean := 0.0
	for _, each := range returns {
		mean += each / float64(len(returns))
	}
	squares := 0.0
	for _, each := range returns {
		squares += (each - mean) * (each - mean)
	}
	deviation := math.Sqrt(squares / float64(len(returns)-1))
	if deviation < 1e-12 {
		return 0, false
	}
	return mean / deviation * math.Sqrt(sessionsPerYear), true
}

func dailyReturns(daily []Point) []float64 {
	var returns []float64
	for i := 1; i < len(daily); i++ {
		if daily[i-1].Equity.IsPositive() {
			returns = append(returns, daily[i].Equity.Div(daily[i-1].Equity).InexactFloat64()-1)
		}
	}
	return returns
}

// exchangeDay is five hours behind UTC all year: every moment of the extended session, 04:00 to
// 20:00 New York in winter and in summer, then has its own session's date.
var exchangeDay = time.FixedZone("exchange", -5*60*60)

// Daily keeps each day's last point. The first point, where the account started, stays too.
func Daily(curve []Point) []Point {
	var daily []Point
	for i, point := range curve {
		if i > 1 && sameDay(point.At, curve[i-1].At) {
			daily[len(daily)-1] = point
			continue
		}
		daily = append(daily, point)
	}
	return daily
}

func sameDay(a, b time.Time) bool {
	return a.In(exchangeDay).Format(time.DateOnly) == b.In(exchangeDay).Format(time.DateOnly)
}
