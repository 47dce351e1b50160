package indicator

import "math"

// Bollinger are bands around a simple mean: width standard deviations (population) above and below.
type Bollinger struct {
	window window
	width  float64
}

// NewBollinger returns bands over period closes (20 is usual) of the width (2 is usual).
func NewBollinger(period int, width float64) *Bollinger {
	return &Bollinger{window: newWindow(period), width: width}
}

// Update takes the next close.
func (b *Bollinger) Update(value float64) { b.window.push(value) }

// Ready reports whether the last period closes are there, without a gap.
func (b *Bollinger) Ready() bool { return b.window.full() }

// Have returns how many closes since the last gap are known, at most the period.
func (b *Bollinger) Have() int { return b.window.run }

// Bands returns the three bands, NaN until Ready. It reads the whole window.
func (b *Bollinger) Bands() (upper, middle, lower float64) {
	if !b.Ready() {
		return math.NaN(), math.NaN(), math.NaN()
	}
	middle = b.window.mean()
	half := b.width * b.window.deviation()
	return middle + half, middle, middle - half
}
