package lab_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/lab"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/sharedtest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

var eight = []string{"AAPL", "AIG", "BAC", "EEM", "GOOG", "IWM", "SPY", "USO"}

func history(t testing.TB) lab.Config {
	config := lab.Config{
		Settings: trade.DefaultSettings(), Symbols: eight, Bars: map[string][]trade.Bar{},
		From: time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2020, 12, 31, 23, 0, 0, 0, time.UTC),
		Cash: decimal.NewFromInt(100000),
	}
	config.Settings.Timeframe = trade.Day
	for _, symbol := range eight {
		config.Bars[symbol] = sharedtest.DailyBars(t, "daily_adjusted", symbol)
	}
	return config
}

// TestMoneyAddsUp: over eleven years of eight symbols the account ends with what it began with
// plus every profit, and each trade happened at opens that the market really had, after a signal
// that Evaluate gives on the bars before.
func TestMoneyAddsUp(t *testing.T) {
	t.Parallel()
	config := history(t)
	config.Settings.AllowShort = true
	report := run(t, config)
	if len(report.Problems) != 0 || report.Figures.Trades < 50 {
		t.Fatalf("%d trades, problems %v", report.Figures.Trades, report.Problems)
	}
	sum := config.Cash
	for _, symbol := range report.Symbols {
		sum = sum.Add(symbol.Profit.Decimal).Add(symbol.OpenProfit.Decimal)
	}
	// each trade's profit is rounded to cents once
	if off := sum.Sub(report.Equity.Decimal).Abs(); off.GreaterThan(decimal.New(int64(len(report.Trades)), -2)) {
		t.Errorf("cash and profits are %s, equity is %s", sum, report.Equity)
	}
	for _, each := range report.Trades {
		bars := config.Bars[each.Symbol]
		at := slices.IndexFunc(bars, func(bar trade.Bar) bool { return market.Day(bar.Start).Equal(market.Day(each.EntryAt)) })
		if !decimal.NewFromFloat(bars[at].Open).Equal(each.EntryPrice.Decimal) {
			t.Fatalf("%s entered at %s on %s, the open was %v", each.Symbol, each.EntryPrice, each.EntryAt, bars[at].Open)
		}
		want := map[string]trade.Action{"long": trade.Buy, "short": trade.Sell}[each.Side]
		window := bars[max(0, at-engine.BarsNeeded(config.Settings)):at]
		if signal := engine.Evaluate(each.Symbol, config.Settings, window); signal.Action != want {
			t.Fatalf("%s %s on %s, but the signal before was %s", each.Symbol, each.Side, each.EntryAt, signal.Action)
		}
	}
}

// TestNoLookAhead: a run that is cut off earlier made the same trades until then.
func TestNoLookAhead(t *testing.T) {
	t.Parallel()
	config := history(t)
	whole := run(t, config)
	config.To = time.Date(2015, 6, 30, 23, 0, 0, 0, time.UTC)
	for symbol, bars := range config.Bars {
		end := slices.IndexFunc(bars, func(bar trade.Bar) bool { return bar.End.After(config.To) })
		config.Bars[symbol] = bars[:end]
	}
	half := run(t, config)
	for i, point := range half.Curve {
		if !point.At.Equal(whole.Curve[i].At) || !point.Equity.Equal(whole.Curve[i].Equity.Decimal) {
			t.Fatalf("equity on %s was %s, and %s in the longer run", point.At, point.Equity, whole.Curve[i].Equity)
		}
	}
	if half.Figures.Trades == 0 || len(half.Curve) < 1000 {
		t.Errorf("%d trades, %d points", half.Figures.Trades, len(half.Curve))
	}
}

// TestThirtyDaysAreWarmedUp: the Python system's 30-day run left SMA 200 silent.
func TestThirtyDaysAreWarmedUp(t *testing.T) {
	t.Parallel()
	config := history(t)
	source := files{config.Bars}
	to := time.Date(2020, 6, 1, 15, 0, 0, 0, time.UTC) // in session: that day's bar is still forming
	from := to.AddDate(0, 0, -30)
	bars, err := lab.Gather(context.Background(), source, config.Settings, eight, from, to)
	if err != nil {
		t.Fatal(err)
	}
	config.Bars, config.From, config.To = bars, from, to
	report := run(t, config)
	if len(report.Problems) != 0 {
		t.Errorf("problems: %v", report.Problems)
	}
	for _, symbol := range report.Symbols {
		if symbol.Bars < 18 || symbol.Bars > 21 || symbol.WarmUp < engine.BarsNeeded(config.Settings)-1 {
			t.Errorf("%+v", symbol)
		}
	}
	if last := bars["AAPL"][len(bars["AAPL"])-1]; !last.ClosedAt(to) {
		t.Errorf("a forming bar was gathered: %s", last.Start)
	}
}

// files is a market.Source over bars in memory.
type files struct{ bars map[string][]trade.Bar }

func (f files) Bars(_ context.Context, query trade.BarQuery) (map[string][]trade.Bar, error) {
	found := map[string][]trade.Bar{}
	for _, symbol := range query.Symbols {
		for _, bar := range f.bars[symbol] {
			if !bar.Start.Before(query.Start) && !bar.Start.After(query.End) {
				found[symbol] = append(found[symbol], bar)
			}
		}
	}
	return found, nil
}

func BenchmarkRunElevenYearsOfEightSymbols(b *testing.B) {
	config := history(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := lab.Run(context.Background(), config); err != nil {
			b.Fatal(err)
		}
	}
}
