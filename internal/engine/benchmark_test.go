package engine_test

import (
	"fmt"
	"math"
	"testing"

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
	settings := trade.DefaultSettings()
	settings.MaxPositions = 50
	input := engine.PlanInput{
		Settings: settings, Assets: map[string]trade.Asset{}, NewID: func() string { return "id" },
		Portfolio: trade.Portfolio{Account: trade.Account{Equity: money("100000"), BuyingPower: money("1000000")}},
	}
	for i := range 50 {
		symbol := fmt.Sprint("S", i)
		input.Assets[symbol] = trade.Asset{Tradable: true, Fractionable: true}
		input.Signals = append(input.Signals, trade.Signal{Symbol: symbol, Action: trade.Buy, Price: 100, BarEnd: barEnd})
	}
	b.ReportAllocs()
	for b.Loop() {
		engine.Plan(input)
	}
}
