package indicator

// SMA is the simple moving average: the mean of the last period values.
type SMA struct{ window window }

// NewSMA returns an average over period values; a period below 1 counts as 1.
func NewSMA(period int) *SMA { return &SMA{newWindow(period)} }

// Update takes the next value.
func (s *SMA) Update(value float64) { s.window.push(value) }

// Ready reports whether the last period values are there, without a gap.
func (s *SMA) Ready() bool { return s.window.full() }

// Have returns how many values since the last gap are known, at most the period.
func (s *SMA) Have() int { return s.window.run }

// Value returns the mean, NaN until Ready.
func (s *SMA) Value() float64 { return s.window.mean() }
