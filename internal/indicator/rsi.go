package indicator

import "math"

// RSI is Wilder's relative strength index: 100 - 100/(1 + average gain / average loss), both
// averages exponential with alpha 1/period. The first difference and differences beside a gap
// count as zero. Without any loss it is 100, also when there was no gain either: see Move.
type RSI struct {
	gain, loss *EMA
	last       float64
}

// NewRSI returns an index over period bars (14 is usual); a period below 1 counts as 1.
func NewRSI(period int) *RSI {
	return &RSI{gain: newWilder(period), loss: newWilder(period), last: math.NaN()}
}

// Update takes the next close.
func (r *RSI) Update(value float64) {
	if isGap(value) {
		value = math.NaN()
	}
	change := value - r.last
	r.last = value
	if math.IsNaN(change) {
		change = 0
	}
	r.gain.Update(max(change, 0))
	r.loss.Update(max(-change, 0))
}

// Ready reports whether as many bars as the period have been seen.
func (r *RSI) Ready() bool { return r.gain.Ready() }

// Have returns how many bars have been seen.
func (r *RSI) Have() int { return r.gain.count }

// Value returns the index, 0 to 100; NaN until Ready.
func (r *RSI) Value() float64 {
	if !r.Ready() {
		return math.NaN()
	}
	if r.loss.mean == 0 {
		return 100
	}
	return 100 - 100/(1+r.gain.mean/r.loss.mean)
}

// Move returns average gain plus average loss, in the price's unit: zero means that the price
// never moved and that the index's 100 says nothing. NaN until Ready.
func (r *RSI) Move() float64 { return r.gain.Value() + r.loss.Value() }

// SettleRSI returns how many bars an RSI of the period must see until it no longer depends on
// where the series was cut off.
func SettleRSI(period int) int { return settle(1/float64(max(period, 1))) + 1 }
