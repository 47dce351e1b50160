package indicator

import "math"

// ATR is Wilder's average true range (New Concepts in Technical Trading Systems, 1978): the true
// range is the widest of high less low and both of them from the close before; the average begins
// with the mean of the first period of them and then moves by 1/period of the difference. A bar
// with a gap in one of its prices is left out.
type ATR struct {
	period int
	mean   float64 // the sum while there are fewer bars than the period
	close  float64 // of the bar before; NaN: none
	count  int
}

// NewATR returns an average over period bars (14 is usual); a period below 1 counts as 1.
func NewATR(period int) *ATR { return &ATR{period: max(period, 1), close: math.NaN()} }

// Update takes the next bar.
func (a *ATR) Update(high, low, close float64) {
	if isGap(high) || isGap(low) || isGap(close) {
		return
	}
	reach := high - low
	if !math.IsNaN(a.close) {
		reach = max(reach, math.Abs(high-a.close), math.Abs(low-a.close))
	}
	a.close = close
	a.count++
	switch {
	case a.count < a.period:
		a.mean += reach
	case a.count == a.period:
		a.mean = (a.mean + reach) / float64(a.period)
	default:
		a.mean += (reach - a.mean) / float64(a.period)
	}
}

// Ready reports whether as many bars as the period have been seen.
func (a *ATR) Ready() bool { return a.count >= a.period }

// Value returns the average in the price's unit, NaN until Ready.
func (a *ATR) Value() float64 {
	if !a.Ready() {
		return math.NaN()
	}
	return a.mean
}

// SettleATR returns how many bars an ATR of the period must see until it no longer depends on
// where the series was cut off.
func SettleATR(period int) int { return settle(1/float64(max(period, 1))) + max(period, 1) }
