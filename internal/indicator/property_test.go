package indicator_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/indicator"
)

type updater interface {
	Update(float64)
	Ready() bool
}

func all() map[string]updater {
	return map[string]updater{
		"rsi": indicator.NewRSI(14), "sma": indicator.NewSMA(20), "ema": indicator.NewEMA(10),
		"macd": indicator.NewMACD(12, 26, 9), "bollinger": indicator.NewBollinger(20, 2),
	}
}

func TestReadyAtItsBar(t *testing.T) {
	t.Parallel()
	want := map[string]int{"rsi": 14, "sma": 20, "ema": 10, "macd": 34, "bollinger": 20}
	for name, each := range all() {
		for bar := 1; bar <= 40; bar++ {
			each.Update(100 + float64(bar%7))
			if each.Ready() != (bar >= want[name]) {
				t.Errorf("%s after %d bars: ready is %v", name, bar, each.Ready())
			}
		}
	}
}

func TestUpdateAllocatesNothing(t *testing.T) {
	for name, each := range all() {
		if count := testing.AllocsPerRun(100, func() { each.Update(101.5) }); count != 0 {
			t.Errorf("%s allocates %v times an update", name, count)
		}
	}
}

// TestMeanOfAnySeries: a running mean equals the mean of its window, whatever went before.
func TestMeanOfAnySeries(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		period := rapid.IntRange(1, 30).Draw(t, "period")
		values := rapid.SliceOfN(rapid.OneOf(
			rapid.Float64Range(0.01, 1000), rapid.Float64Range(1e8, 1e12), rapid.Just(math.NaN()),
		), 1, 200).Draw(t, "values")
		running := indicator.NewSMA(period)
		for _, value := range values {
			running.Update(value)
		}
		fresh := indicator.NewSMA(period)
		for _, value := range values[max(0, len(values)-period):] {
			fresh.Update(value)
		}
		if running.Ready() != fresh.Ready() {
			t.Fatalf("ready %v, fresh %v", running.Ready(), fresh.Ready())
		}
		if running.Ready() && math.Abs(running.Value()-fresh.Value()) > 1e-12*fresh.Value() {
			t.Fatalf("running %v, fresh %v", running.Value(), fresh.Value())
		}
	})
}

// TestSettled: two different pasts give the same value after the settling time.
func TestSettled(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		period := rapid.IntRange(1, 60).Draw(t, "period")
		bars := max(indicator.SettleEMA(period), indicator.SettleRSI(period), indicator.SettleMACD(period, period+5, 9))
		seed := rapid.Float64Range(0.5, 1.5).Draw(t, "seed")
		price := func(i int) float64 { return 100 + 10*math.Sin(seed*float64(i)) + float64(i%5) }
		longer := rapid.IntRange(1, 300).Draw(t, "longer")
		type triple struct {
			ema  *indicator.EMA
			rsi  *indicator.RSI
			macd *indicator.MACD
		}
		feed := func(from int) triple {
			made := triple{indicator.NewEMA(period), indicator.NewRSI(period), indicator.NewMACD(period, period+5, 9)}
			for i := from; i < bars; i++ {
				made.ema.Update(price(i))
				made.rsi.Update(price(i))
				made.macd.Update(price(i))
			}
			return made
		}
		short, long := feed(0), feed(-longer)
		for name, pair := range map[string][2]float64{
			"ema":  {short.ema.Value(), long.ema.Value()},
			"rsi":  {short.rsi.Value(), long.rsi.Value()},
			"macd": {100 + short.macd.Signal(), 100 + long.macd.Signal()},
		} {
			if !(math.Abs(pair[0]-pair[1]) <= 1e-11*math.Abs(pair[1])) {
				t.Fatalf("%s: %v and %v", name, pair[0], pair[1])
			}
		}
	})
}

func TestGarbageIsAGap(t *testing.T) {
	t.Parallel()
	for _, garbage := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64} {
		mean, average := indicator.NewSMA(2), indicator.NewEMA(2)
		for _, value := range []float64{1, garbage, 3, 5} {
			mean.Update(value)
			average.Update(value)
		}
		if mean.Value() != 4 || math.IsNaN(average.Value()) || average.Value() > 5 {
			t.Errorf("after %v: mean %v, average %v", garbage, mean.Value(), average.Value())
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	each := all()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		for _, one := range each {
			one.Update(100 + float64(i&15))
		}
	}
}
