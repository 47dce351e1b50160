package indicator

import "math"

// MACD is Appel's moving average convergence divergence: the line is the fast EMA minus the slow
// one, the signal line is an EMA of the line from its first value on, the histogram is line minus
// signal line.
type MACD struct {
	fast, slow, signal *EMA
}

// NewMACD returns an indicator with the three periods (12, 26, 9 are usual), fast below slow.
func NewMACD(fast, slow, signal int) *MACD {
	return &MACD{fast: NewEMA(fast), slow: NewEMA(slow), signal: NewEMA(signal)}
}

// Update takes the next close.
func (m *MACD) Update(value float64) {
	m.fast.Update(value)
	m.slow.Update(value)
	m.signal.Update(m.Line())
}

// LineReady reports whether the line has a value: at the slow period's bar.
func (m *MACD) LineReady() bool { return m.fast.Ready() && m.slow.Ready() }

// Ready reports whether the signal line has a value too: signal-1 bars later.
func (m *MACD) Ready() bool { return m.signal.Ready() }

// Have returns how many closes have been seen, gaps not counted.
func (m *MACD) Have() int { return m.slow.count }

// Line returns the MACD line, NaN until LineReady.
func (m *MACD) Line() float64 {
	if !m.LineReady() {
		return math.NaN()
	}
	return m.fast.mean - m.slow.mean
}

// Signal returns the signal line, NaN until Ready.
func (m *MACD) Signal() float64 { return m.signal.Value() }

// Histogram returns line minus signal line, NaN until Ready.
func (m *MACD) Histogram() float64 { return m.Line() - m.Signal() }

// SettleMACD returns how many bars a MACD must see until none of its values depends on where the
// series was cut off: the line has to settle first, then its average.
func SettleMACD(fast, slow, signal int) int {
	return SettleEMA(max(fast, slow)) + SettleEMA(signal)
}
