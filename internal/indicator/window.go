// Package indicator computes technical indicators one value at a time: float64 in, float64 out,
// no I/O, no allocation per update.
//
// The conventions are those of pandas and the ta library, which the values are tested against:
// an exponential mean is seeded with the first value (adjust=False), a simple mean has a value
// only when its window is full, and Bollinger uses the population's standard deviation.
//
// A value that is not finite, or beyond ±1e100, is a gap: a bar without a price. A gap ages an
// exponential mean by one bar without moving it, and empties the windows of simple means.
// Every reading is NaN until its Ready method says otherwise. The types are not safe for
// concurrent use.
package indicator

import "math"

// largest is the largest magnitude that counts as a value: squares and sums stay finite.
const largest = 1e100

func isGap(value float64) bool { return !(math.Abs(value) <= largest) }

// window keeps the last values of a series and their sum.
//
// The sum is compensated (Neumaier 1974): what each addition rounds away is collected in lost.
// A spike that enters and leaves the window therefore takes its rounding error along, and the
// mean depends on the values in the window only, however many went before.
type window struct {
	values []float64 // ring
	next   int       // where the next value goes: the oldest one when full
	run    int       // values since the last gap, at most len(values)
	sum    float64
	lost   float64
}

func newWindow(period int) window { return window{values: make([]float64, max(period, 1))} }

func (w *window) push(value float64) {
	if isGap(value) {
		w.run, w.sum, w.lost = 0, 0, 0
		return
	}
	if w.full() {
		w.add(-w.values[w.next])
	} else {
		w.run++
	}
	w.add(value)
	w.values[w.next] = value
	if w.next++; w.next == len(w.values) {
		w.next = 0
	}
}

func (w *window) add(value float64) {
	sum := w.sum + value
	if math.Abs(w.sum) >= math.Abs(value) {
		w.lost += (w.sum - sum) + value
	} else {
		w.lost += (value - sum) + w.sum
	}
	w.sum = sum
}

func (w *window) full() bool { return w.run == len(w.values) }

func (w *window) mean() float64 {
	if !w.full() {
		return math.NaN()
	}
	return (w.sum + w.lost) / float64(len(w.values))
}

// deviation is the population's standard deviation (ddof 0), in two passes: it has no running
// state that could drift.
func (w *window) deviation() float64 {
	mean := w.mean()
	var squares float64
	for _, value := range w.values {
		squares += (value - mean) * (value - mean)
	}
	return math.Sqrt(squares / float64(len(w.values)))
}
