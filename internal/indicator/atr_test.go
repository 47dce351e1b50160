package indicator_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/indicator"
	"github.com/jcap24/alpaca-trader/internal/sharedtest"
)

// TestPublishedATR compares every bar that has a value with the published worksheets.
func TestPublishedATR(t *testing.T) {
	t.Parallel()
	for file, period := range map[string]int{"cs-atr.csv": 14, "cs-atr2.csv": 10} {
		atr, compared := indicator.NewATR(period), 0
		for _, row := range sharedtest.Table(t, "reference", "indicators", "published", file) {
			atr.Update(row.Number("High"), row.Number("Low"), row.Number("Close"))
			want := row.Number("ATR")
			if want == 0 { // the worksheet's word for no value yet
				if atr.Ready() {
					t.Errorf("%s line %d: %v before there is a value", file, row.Line, atr.Value())
				}
				continue
			}
			compared++
			near(t, file, row.Line, "ATR", atr.Value(), want, 1e-9)
		}
		if compared < 10 {
			t.Errorf("%s: only %d values compared", file, compared)
		}
	}
}

// TestATRByHand: ranges 2, 3 (from the close before), 1.5, then a gap that changes nothing.
func TestATRByHand(t *testing.T) {
	t.Parallel()
	atr := indicator.NewATR(2)
	for i, step := range []struct{ high, low, close, want float64 }{
		{11, 9, 10, math.NaN()},
		{13, 12, 12.5, 2.5}, // max(1, 3, 2) = 3; (2+3)/2
		{12.5, 11, 12, 2},   // 1.5; 2.5 + (1.5-2.5)/2
		{math.NaN(), 1, 1, 2},
		{12, 12, 12, 1}, // 0 from the close before the gap
	} {
		atr.Update(step.high, step.low, step.close)
		if got := atr.Value(); got != step.want && !(math.IsNaN(got) && math.IsNaN(step.want)) {
			t.Errorf("bar %d: %v, want %v", i, got, step.want)
		}
	}
}

// TestATRStaysWithinItsRanges: the average is never outside of the true ranges that it was made of.
func TestATRStaysWithinItsRanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		atr := indicator.NewATR(rapid.IntRange(1, 20).Draw(t, "period"))
		widest, before := 0.0, math.NaN()
		for range rapid.IntRange(1, 60).Draw(t, "bars") {
			low := rapid.Float64Range(1, 1000).Draw(t, "low")
			high := low + rapid.Float64Range(0, 50).Draw(t, "reach")
			if !math.IsNaN(before) {
				widest = max(widest, math.Abs(high-before), math.Abs(low-before))
			}
			widest, before = max(widest, high-low), high
			atr.Update(high, low, high)
			if atr.Ready() && (atr.Value() < 0 || atr.Value() > widest*(1+1e-12)) {
				t.Fatalf("%v, widest range %v", atr.Value(), widest)
			}
		}
	})
}
