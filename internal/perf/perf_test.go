package perf_test

import (
	"math"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/perf"
)

func curve(equities ...int64) []perf.Point {
	points := make([]perf.Point, len(equities))
	for i, equity := range equities {
		points[i] = perf.Point{At: time.Date(2020, 1, 1+i, 21, 0, 0, 0, time.UTC), Equity: decimal.NewFromInt(equity)}
	}
	return points
}

func profits(values ...int64) []decimal.Decimal {
	all := make([]decimal.Decimal, len(values))
	for i, value := range values {
		all[i] = decimal.NewFromInt(value)
	}
	return all
}

func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

// TestMeasure: 100 -> 110 -> 99 -> 118.8 are returns of +10 %, -10 %, +20 %. Their mean is 1/15,
// the squared distances 1/900, 25/900 and 16/900 make a sample deviation of sqrt(21/900).
func TestMeasure(t *testing.T) {
	t.Parallel()
	points := curve(1000, 1100, 990, 1188)
	got := perf.Measure(points, profits(300, -100, 50, 0))
	near(t, "total return", got.TotalReturn, 0.188)
	near(t, "max drawdown", got.MaxDrawdown, 0.1)
	near(t, "win rate", *got.WinRate, 0.5)
	near(t, "profit factor", *got.ProfitFactor, 3.5)
	near(t, "sharpe", *got.Sharpe, 1.0/15/math.Sqrt(21.0/900)*math.Sqrt(252))
	if got.Trades != 4 {
		t.Errorf("%d trades", got.Trades)
	}
}

func TestMeasureWithoutMeaning(t *testing.T) {
	t.Parallel()
	for name, got := range map[string]perf.Figures{
		"nothing":    perf.Measure(nil, nil),
		"one point":  perf.Measure(curve(1000), nil),
		"flat":       perf.Measure(curve(1000, 1000, 1000, 1000), nil),
		"from zero":  perf.Measure(curve(0, 10, 20, 30), profits(10)),
		"same again": perf.Measure(curve(100, 200, 400, 800), profits(700)),
	} {
		if got.Sharpe != nil && name != "from zero" {
			t.Errorf("%s: sharpe %v", name, *got.Sharpe)
		}
		if got.ProfitFactor != nil || (got.WinRate == nil) != (got.Trades == 0) || got.MaxDrawdown != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestMaxDrawdownIsFromTheHighestPeakBefore(t *testing.T) {
	t.Parallel()
	near(t, "drawdown", perf.MaxDrawdown(curve(100, 200, 150, 300, 120, 400, 390)), 0.6)
	near(t, "ruin", perf.MaxDrawdown(curve(100, 0)), 1)
}

func TestDailyKeepsTheLastPointOfADay(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	var points []perf.Point
	for i, moment := range []string{
		"2020-06-01T13:00:00Z",                         // the start
		"2020-06-01T14:00:00Z", "2020-06-02T00:00:00Z", // 20:00 New York in summer: still the first day
		"2020-06-02T08:00:00Z",                         // 04:00 of the second
		"2020-12-01T09:00:00Z", "2020-12-02T01:00:00Z", // 04:00 and 20:00 in winter
	} {
		points = append(points, perf.Point{At: at(moment), Equity: decimal.NewFromInt(int64(i))})
	}
	var kept []int64
	for _, point := range perf.Daily(points) {
		kept = append(kept, point.Equity.IntPart())
	}
	if len(kept) != 4 || kept[0] != 0 || kept[1] != 2 || kept[2] != 3 || kept[3] != 5 {
		t.Errorf("kept the points %v", kept)
	}
}
