package storetest

import (
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// barsAreSwept: the newest bars of what is asked for stay, the rest goes; the second time nothing
// is left to do.
func barsAreSwept(t *testing.T, w world) {
	ctx := t.Context()
	run := func(first, count int) (bars []trade.Bar) {
		for i := range count {
			bars = append(bars, barAt(first+i, float64(i)))
		}
		return bars
	}
	const day = 24 * 60
	must(t, w.StoreBars(ctx, "mine", "AAPL", trade.Minute, run(40*day, 500)))
	must(t, w.StoreBars(ctx, "mine", "MSFT", trade.Minute, run(15*day, 30))) // asked for in the last 30 days
	must(t, w.StoreBars(ctx, "mine", "GONE", trade.Minute, run(0, 30)))
	must(t, w.StoreBars(ctx, "mine", "GONE", trade.Day, run(0, 30))) // nothing newer has its timeframe
	must(t, w.StoreBars(ctx, "old market", "AAPL", trade.Minute, run(0, 30)))
	must(t, w.StoreBars(ctx, "nobody's", "AAPL", trade.Minute, run(40*day, 30)))
	sweep := func(keep int) int64 {
		removed, err := w.SweepBars(ctx, keep, func(feed string) bool { return feed == "nobody's" })
		must(t, err)
		return removed
	}
	same(t, "without a bound", sweep(0), 60)
	same(t, "with one", sweep(100), 400)
	same(t, "again", sweep(100), 0)
	left := map[store.BarSeries]int{}
	series, err := w.StoredSeries(ctx)
	must(t, err)
	for _, one := range series {
		bars, err := w.StoredBars(ctx, one.Feed, one.Symbol, one.Timeframe, time.Time{}, start.AddDate(1, 0, 0))
		must(t, err)
		left[one] = len(bars)
		if one.Symbol == "AAPL" && one.Feed == "mine" {
			same(t, "the newest", bars, run(40*day, 500)[400:])
		}
	}
	same(t, "left", left, map[store.BarSeries]int{
		{Feed: "mine", Symbol: "AAPL", Timeframe: trade.Minute}:       100,
		{Feed: "mine", Symbol: "MSFT", Timeframe: trade.Minute}:       30,
		{Feed: "mine", Symbol: "GONE", Timeframe: trade.Day}:          30,
		{Feed: "old market", Symbol: "AAPL", Timeframe: trade.Minute}: 30,
	})
}
