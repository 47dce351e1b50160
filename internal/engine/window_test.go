package engine_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/sharedtest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// TestWindowStartDoesNotMatter: any window of at least BarsNeeded bars decides as the whole
// series does, to 1e-9 of each value (of the price, for values that may be near zero).
func TestWindowStartDoesNotMatter(t *testing.T) {
	t.Parallel()
	series := map[string][]trade.Bar{
		"AAPL raw":      sharedtest.DailyBars(t, "daily_raw", "AAPL"),
		"AAPL adjusted": sharedtest.DailyBars(t, "daily_adjusted", "AAPL"),
		"SPY adjusted":  sharedtest.DailyBars(t, "daily_adjusted", "SPY"),
	}
	for name, bars := range series {
		for _, settings := range []trade.Settings{trade.DefaultSettings(), trade.DefaultFileSettings()} {
			whole := evaluateAll(settings, bars)
			needed := engine.BarsNeeded(settings)
			rapid.Check(t, func(t *rapid.T) {
				end := rapid.IntRange(needed, len(bars)).Draw(t, "end")
				start := rapid.IntRange(0, end-needed).Draw(t, "start")
				window := engine.Evaluate("X", settings, bars[start:end])
				compareSignals(t, name, window, whole[end-1])
				shortest := engine.Evaluate("X", settings, bars[end-needed:end])
				compareSignals(t, name, shortest, whole[end-1])
			})
		}
	}
}

func evaluateAll(settings trade.Settings, bars []trade.Bar) []trade.Signal {
	evaluator := engine.NewEvaluator("X", settings)
	signals := make([]trade.Signal, len(bars))
	for i, bar := range bars {
		evaluator.Feed(bar)
		signals[i] = evaluator.Signal()
	}
	return signals
}

func compareSignals(t *rapid.T, name string, got, want trade.Signal) {
	if got.Action != want.Action || got.Strength != want.Strength {
		t.Fatalf("%s %s: window says %s %v, whole series %s %v", name, want.BarEnd, got.Action, got.Strength, want.Action, want.Strength)
	}
	for i, vote := range want.Votes {
		for j, value := range vote.Values {
			difference := math.Abs(got.Votes[i].Values[j].Number - value.Number)
			if !(difference <= 1e-9*max(math.Abs(value.Number), 0.01*want.Price)) {
				t.Fatalf("%s %s %s: window %v, whole series %v", name, want.BarEnd, value.Name, got.Votes[i].Values[j].Number, value.Number)
			}
		}
	}
}

func TestBarsNeeded(t *testing.T) {
	t.Parallel()
	only := func(change func(*trade.Settings)) trade.Settings {
		settings := trade.DefaultSettings()
		settings.RSI.Enabled, settings.SMA.Enabled, settings.MACD.Enabled, settings.Bollinger.Enabled = false, false, false, false
		change(&settings)
		return settings
	}
	for name, c := range map[string]struct {
		settings trade.Settings
		want     int
	}{
		"nothing enabled": {only(func(*trade.Settings) {}), 1},
		"bollinger":       {only(func(s *trade.Settings) { s.Bollinger.Enabled = true }), 20},
		"sma":             {only(func(s *trade.Settings) { s.SMA.Enabled = true }), 201},
		"rsi 1": {only(func(s *trade.Settings) {
			s.RSI = trade.RSISettings{Enabled: true, Period: 1, Overbought: 70, Oversold: 30}
		}), 2},
		"all": {trade.DefaultSettings(), 525},
	} {
		if got := engine.BarsNeeded(c.settings); got != c.want {
			t.Errorf("%s: %d bars, want %d", name, got, c.want)
		}
	}
}
