package indicator

import "math"

// EMA is an exponential moving average, seeded with its first value:
// mean = ((1-alpha)*mean + alpha*value) / ((1-alpha) + alpha).
//
// That is pandas' ewm(adjust=False, ignore_na=False) operation by operation, divisor included:
// small differences of large averages (MACD) then agree in digits that rounding would eat. After
// a gap the mean's weight is (1-alpha)^(gaps+1).
type EMA struct {
	period int
	alpha  float64
	mean   float64
	kept   float64 // weight of the mean against the next value's alpha
	count  int     // values seen, gaps not counted
}

// NewEMA returns an average with alpha = 2/(period+1); a period below 1 counts as 1.
func NewEMA(period int) *EMA {
	period = max(period, 1)
	return newEMA(period, 2/float64(period+1))
}

// newWilder returns an average with alpha = 1/period, as Wilder's indicators use it.
func newWilder(period int) *EMA {
	period = max(period, 1)
	return newEMA(period, 1/float64(period))
}

func newEMA(period int, alpha float64) *EMA {
	return &EMA{period: period, alpha: alpha, kept: 1 - alpha}
}

// Update takes the next value.
func (e *EMA) Update(value float64) {
	switch {
	case isGap(value):
		if e.count > 0 {
			e.kept *= 1 - e.alpha
		}
		return
	case e.count == 0:
		e.mean = value
	case e.mean != value: // a constant series stays constant, to the last bit
		// The conversions forbid fused multiply-add, so that every platform decides alike.
		e.mean = (float64(e.kept*e.mean) + float64(e.alpha*value)) / (e.kept + e.alpha)
	}
	e.kept = 1 - e.alpha
	e.count++
}

// Ready reports whether as many values as the period have been seen.
func (e *EMA) Ready() bool { return e.count >= e.period }

// Value returns the average, NaN until Ready.
func (e *EMA) Value() float64 {
	if !e.Ready() {
		return math.NaN()
	}
	return e.mean
}

// residual is the weight that whatever came before a window's start may keep in a settled value.
// It leaves four digits of margin to the 1e-9 that is promised, for averages that are small
// beside what came before and for differences of averages.
const residual = 1e-13

// settle returns after how many values the seed of an exponential mean weighs less than residual:
// the smallest n with (1-alpha)^n <= residual.
func settle(alpha float64) int {
	if alpha >= 1 {
		return 1
	}
	return int(math.Ceil(math.Log(residual) / math.Log1p(-alpha)))
}

// SettleEMA returns how many values an EMA of the period must see until it no longer depends on
// where the series was cut off.
func SettleEMA(period int) int { return settle(2 / float64(max(period, 1)+1)) }
