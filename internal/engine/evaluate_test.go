package engine_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func closes(values ...float64) []trade.Bar {
	bars := make([]trade.Bar, len(values))
	for i, value := range values {
		start := time.Date(2020, 1, 1+i, 5, 0, 0, 0, time.UTC)
		bars[i] = trade.Bar{Start: start, End: start.Add(16 * time.Hour), Open: value, High: value, Low: value, Close: value}
	}
	return bars
}

func TestTooFewBarsAreNamed(t *testing.T) {
	t.Parallel()
	signal := engine.Evaluate("AAPL", trade.DefaultSettings(), closes(make([]float64, 143)...))
	want := map[string]string{"sma": "sma needs 200 bars, has 143"}
	for _, vote := range signal.Votes {
		if vote.Problem != want[vote.Indicator] {
			t.Errorf("%s: problem %q, want %q", vote.Indicator, vote.Problem, want[vote.Indicator])
		}
	}
	none := engine.Evaluate("AAPL", trade.DefaultSettings(), nil)
	if none.Action != trade.Hold || !none.BarEnd.IsZero() || none.Votes[0].Problem != "rsi needs 14 bars, has 0" {
		t.Errorf("without bars: %+v", none)
	}
}

func TestDisabledIndicatorsDoNotVote(t *testing.T) {
	t.Parallel()
	settings := trade.DefaultSettings()
	settings.RSI.Enabled, settings.SMA.Enabled, settings.MACD.Enabled = false, false, false
	settings.SignalMode = trade.Unanimous
	series := make([]float64, 25)
	for i := range series {
		series[i] = 100 + float64(i%2)
	}
	series[24] = 50
	signal := engine.Evaluate("AAPL", settings, closes(series...))
	if len(signal.Votes) != 1 || signal.Action != trade.Buy || signal.Strength != 100 {
		t.Errorf("bollinger alone: %+v", signal)
	}
	settings.Bollinger.Enabled = false
	if signal := engine.Evaluate("AAPL", settings, closes(series...)); signal.Action != trade.Hold || signal.Strength != 0 {
		t.Errorf("nothing enabled: %+v", signal)
	}
}

// TestFlatSeriesHolds: no rule votes on a price that stands still, from the first bar or after a
// past that moved, at any price.
func TestFlatSeriesHolds(t *testing.T) {
	t.Parallel()
	settings := trade.DefaultFileSettings()
	for _, price := range []float64{100, 100.1, 0.07, 512345.67, 1.0 / 3} {
		evaluator := engine.NewEvaluator("AAPL", settings)
		for _, bar := range closes(repeat(price, 600)...) {
			evaluator.Feed(bar)
			if signal := evaluator.Signal(); signal.Action != trade.Hold || signal.Strength != 0 {
				t.Fatalf("flat at %v: %+v", price, signal)
			}
		}
		for i := range 300 {
			evaluator.Feed(trade.Bar{Close: price * (1 + 0.01*math.Sin(float64(i))), End: barEnd})
		}
		for i := range 3000 {
			evaluator.Feed(trade.Bar{Close: price, End: barEnd})
			if signal := evaluator.Signal(); i > 1200 && (signal.Action != trade.Hold || signal.Strength != 0) {
				t.Fatalf("flat again at %v for %d bars: %+v", price, i, signal)
			}
		}
	}
}

func repeat(value float64, times int) []float64 {
	values := make([]float64, times)
	for i := range values {
		values[i] = value
	}
	return values
}

func TestGarbageStaysSendable(t *testing.T) {
	t.Parallel()
	for _, garbage := range []float64{math.NaN(), math.Inf(1), math.MaxFloat64, -math.MaxFloat64} {
		series := append(repeat(100, 300), 101, garbage)
		for _, bars := range [][]trade.Bar{closes(series...), closes(append(series, 102, 103)...)} {
			signal := engine.Evaluate("AAPL", trade.DefaultSettings(), bars)
			if _, err := json.Marshal(signal); err != nil {
				t.Errorf("after %v: %v", garbage, err)
			}
		}
		signal := engine.Evaluate("AAPL", trade.DefaultSettings(), closes(series...))
		if signal.Action != trade.Hold {
			t.Errorf("decided %s on the price %v", signal.Action, garbage)
		}
	}
}

func TestStrategyRevision(t *testing.T) {
	t.Parallel()
	base := trade.DefaultSettings()
	if got := engine.StrategyRevision(base); got != "5e68118337d17942" {
		t.Errorf("the revision of the default settings is %s: open orders would be sent again under new ids", got)
	}
	for name, change := range map[string]func(*trade.Settings){
		"timeframe": func(s *trade.Settings) { s.Timeframe = trade.Day },
		"rsi":       func(s *trade.Settings) { s.RSI.Oversold = 29.5 },
		"switch":    func(s *trade.Settings) { s.MACD.Enabled = false },
		"mode":      func(s *trade.Settings) { s.SignalMode = trade.Any },
		"agree":     func(s *trade.Settings) { s.SignalMinAgree = 3 },
		"size":      func(s *trade.Settings) { s.PositionSizePct = money("10.5") },
		"short":     func(s *trade.Settings) { s.AllowShort = true },
		"order":     func(s *trade.Settings) { s.OrderType = trade.LimitOrder },
		"dollars":   func(s *trade.Settings) { s.Execution.SizeBy, s.Execution.Dollars = trade.SizeDollars, money("5") },
		"range":     func(s *trade.Settings) { s.Execution.SizeBy, s.Execution.ATRPeriod = trade.SizeVolatility, 7 },
		"whole":     func(s *trade.Settings) { s.Execution.WholeShares = true },
		"offset":    func(s *trade.Settings) { s.Execution.LimitOffsetPct = money("-1") },
		"slippage":  func(s *trade.Settings) { s.Execution.MaxSlippagePct = money("1") },
		"extended":  func(s *trade.Settings) { s.Execution.ExtendedHours = true },
		"stop":      func(s *trade.Settings) { s.Execution.StopLossPct = money("1") },
		"profit":    func(s *trade.Settings) { s.Execution.TakeProfitPct = money("1") },
		"trail":     func(s *trade.Settings) { s.Execution.TrailingStopPct = money("1") },
		"foreign":   func(s *trade.Settings) { s.Execution.Foreign = trade.IgnoreForeign },
	} {
		changed := base
		change(&changed)
		if engine.StrategyRevision(changed) == engine.StrategyRevision(base) {
			t.Errorf("%s does not change the revision", name)
		}
	}
	same := base
	same.LookbackDays, same.Schedule.IntervalMinutes, same.PositionSizePct = 99, 1, decimal.RequireFromString("10.00")
	same.Execution = trade.ExecutionSettings{Dollars: money("7")} // sizes are by percent still
	same.Risk = trade.RiskLimits{MaxOrdersPerDay: 3, MinPrice: money("5")}
	if engine.StrategyRevision(same) != engine.StrategyRevision(base) {
		t.Error("what decides nothing changes the revision")
	}
	off, other := base, base
	off.RSI.Enabled, other.RSI.Enabled, other.RSI.Period = false, false, 99
	if engine.StrategyRevision(off) != engine.StrategyRevision(other) {
		t.Error("a disabled indicator's period changes the revision")
	}
}

func TestReasonsTellApart(t *testing.T) {
	t.Parallel()
	settings := trade.DefaultSettings()
	falling := make([]float64, 220)
	for i := range falling {
		falling[i] = 500 - float64(i) + float64(i%3)
	}
	signal := engine.Evaluate("AAPL", settings, closes(falling...))
	var reasons []string
	for _, vote := range signal.Votes {
		reasons = append(reasons, vote.Reason)
	}
	text := strings.Join(reasons, "; ")
	for _, part := range []string{"RSI ", "SMA 50 ", " is below SMA 200 ", "MACD ", "its signal line", "the close 281.00"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q lacks %q", text, part)
		}
	}
}
