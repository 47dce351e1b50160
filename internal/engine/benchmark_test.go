package engine_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func syntheticBars(n int) []trade.Bar {
	series := make([]float64, n)
	for i := range series {
		series[i] = 100 + 10*math.Sin(float64(i)/9) + float64(i%7)
	}
	return closes(series...)
}

// BenchmarkScan is a scan's compute: 50 symbols with as many bars each. The target for 100 bars
// is 5 ms; 525 is what the default settings are given.
func BenchmarkScan(b *testing.B) {
	for _, count := range []int{100, 525} {
		b.Run(fmt.Sprintf("50x%d", count), func(b *testing.B) {
			bars, settings := syntheticBars(count), trade.DefaultSettings()
			b.ReportAllocs()
			for b.Loop() {
				for range 50 {
					engine.Evaluate("AAPL", settings, bars)
				}
			}
		})
	}
}

func BenchmarkPlan(b *testing.B) {
	for name, input := range map[string]engine.PlanInput{"plain": busyInput(trade.RiskLimits{}), "all limits": busyInput(everyLimit)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				engine.Plan(input)
			}
		})
	}
}

// BenchmarkDecision is an account's decision: 50 symbols with as many closed bars as the default
// settings need in memory, to intents. All 50 are bought. Each time one bar has closed, which is what
// a cycle sees; "from nothing" is the first cycle after a start. "every limit" has all limits on, the
// account's and the installation's, after 500 trades. Reported is the 99th of a hundred; the target
// is 1 ms.
func BenchmarkDecision(b *testing.B) {
	for _, c := range []struct {
		name    string
		limits  trade.RiskLimits
		signals *engine.Signals
	}{
		{"from nothing", trade.DefaultSettings().Risk, nil},
		{"a new bar", trade.DefaultSettings().Risk, engine.NewSignals(1000)},
		{"a new bar, every limit", everyLimit, engine.NewSignals(1000)},
	} {
		b.Run(c.name, func(b *testing.B) { decide(b, c.limits, c.signals) })
	}
}

func decide(b *testing.B, limits trade.RiskLimits, signals *engine.Signals) {
	b.Helper()
	settings := trade.DefaultSettings()
	settings.MaxPositions, settings.Risk = 50, limits
	need, bars := engine.BarsNeeded(settings), syntheticBars(20000)
	input, evaluate := busyInput(limits), signals.Of("feed", settings)
	var took []time.Duration
	for end := need; b.Loop(); end = need + (end+1-need)%(len(bars)-need) {
		begun := time.Now()
		for i := range input.Signals {
			input.Signals[i].Votes = evaluate(input.Signals[i].Symbol, bars[end-need:end]).Votes
		}
		engine.Plan(input)
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs/p99")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs/median")
}

// everyLimit is on and lets the entries of busyInput pass.
var everyLimit = trade.RiskLimits{
	MaxExposurePct: money("900"), MaxSymbolPct: money("50"), MaxSectorPct: money("800"), Sectors: map[string]string{"S": "x", "T": "x"},
	MaxOrdersPerMinute: 1000, MaxOrdersPerDay: 1000, DailyLossPct: money("50"),
	MaxDrawdown:       trade.DrawdownLimit{Percent: money("90")},
	ConsecutiveLosses: trade.LossStreakLimit{Trades: 1000}, CooldownMinutes: 1,
	StoplossGuard:    trade.StoplossGuard{Trades: 600, LookbackMinutes: 10000, PauseMinutes: 10000, PerSymbol: true},
	LowProfitSymbols: trade.LowProfitLimit{Trades: 2, LookbackMinutes: 10000, PauseMinutes: 10000, RequiredPct: money("-100")},
	MaxBarAgeMinutes: 10, MaxPriceGapPct: money("5"), MaxSpreadPct: money("1"), MinPrice: money("5"), MinVolume: 100,
}

// busyInput is a plan of 50 entries for an account with a past of 500 trades.
func busyInput(limits trade.RiskLimits) engine.PlanInput {
	settings := trade.DefaultSettings()
	settings.MaxPositions, settings.Risk = 50, limits
	input := engine.PlanInput{
		Settings: settings, Assets: map[string]trade.Asset{}, NewID: func() string { return "id" }, Now: barEnd, Installation: limits,
		Portfolio: trade.Portfolio{Account: trade.Account{Equity: money("100000"), LastEquity: money("100000"), BuyingPower: money("1000000")}},
		Record:    trade.TrackRecord{Peak: money("100000")},
	}
	for i := range 50 {
		symbol := string([]byte{'A' + byte(i%26), 'A' + byte(i/26)})
		input.Assets[symbol] = trade.Asset{Tradable: true, Fractionable: true}
		input.Signals = append(input.Signals, trade.Signal{Symbol: symbol, Action: trade.Buy, Price: 100, Volume: 1000, BarEnd: barEnd})
		for j := range 10 {
			input.Record.Trades = append(input.Record.Trades, trade.ClosedTrade{
				Symbol: symbol, ExitAt: barEnd.Add(time.Duration(i*10+j-600) * time.Minute), Profit: money("-1"), ProfitPct: money("-1"), StopLoss: true,
			})
		}
	}
	input.Quotes = engine.QuotesAtClose(input.Signals)
	return input
}
