package engine_test

import (
	"fmt"
	"math"
	"reflect"
	"sync"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// TestSignalsAnswerAsEvaluateDoes: whatever is remembered, an answer is what Evaluate says.
func TestSignalsAnswerAsEvaluateDoes(t *testing.T) {
	t.Parallel()
	other := trade.DefaultSettings()
	other.RSI.Period = 7
	counted := trade.DefaultSettings()
	counted.SignalMode = trade.Any
	sized := trade.DefaultSettings()
	sized.Execution = trade.ExecutionSettings{SizeBy: trade.SizeVolatility, ATRPeriod: 5, ATRMultiple: 2, RiskPct: money("1")}
	long := syntheticBars(300)
	split := syntheticBars(300)
	for i := range split[:299] {
		split[i].Close /= 7 // history adjusted for a split, the last bar as it was traded
	}
	split[299].Close++
	signals := engine.NewSignals(4) // most are forgotten on the way
	for round := range 3 {
		for name, settings := range map[string]trade.Settings{"default": trade.DefaultSettings(), "other": other, "counted": counted, "sized": sized} {
			for _, symbol := range []string{"AAPL", "MSFT"} {
				for i, bars := range [][]trade.Bar{long, long[1:], long[:299], split, nil} {
					got, want := signals.Of("feed", settings)(symbol, bars), engine.Evaluate(symbol, settings, bars)
					if !alike(got, want) {
						t.Fatalf("round %d, %s, %s, bars %d: %+v, want %+v", round, name, symbol, i, got, want)
					}
				}
			}
		}
	}
}

// TestSignalsGoOnWithEachBar: a window that moves on bar by bar, and jumps, is evaluated as each
// window by itself.
func TestSignalsGoOnWithEachBar(t *testing.T) {
	t.Parallel()
	settings, all := trade.DefaultSettings(), syntheticBars(900)
	need := engine.BarsNeeded(settings)
	evaluate := engine.NewSignals(100).Of("feed", settings)
	for end := need; end <= len(all); end += 1 + end%3*7 {
		window := all[end-need : end]
		if got, want := evaluate("AAPL", window), engine.Evaluate("AAPL", settings, window); !alike(got, want) {
			t.Fatalf("bar %d: %+v, want %+v", end, got, want)
		}
	}
}

// alike compares signals; their values may differ by what a window's beginning leaves, 1e-9.
func alike(a, b trade.Signal) bool {
	if len(a.Votes) != len(b.Votes) || a.Action != b.Action || a.Strength != b.Strength || a.Price != b.Price || a.ATR != b.ATR || !a.BarEnd.Equal(b.BarEnd) {
		return false
	}
	for i := range a.Votes {
		x, y := a.Votes[i], b.Votes[i]
		if x.Action != y.Action || x.Problem != y.Problem || len(x.Values) != len(y.Values) {
			return false
		}
		for j := range x.Values {
			if math.Abs(x.Values[j].Number-y.Values[j].Number) > 1e-9*max(math.Abs(y.Values[j].Number), a.Price) {
				return false
			}
		}
	}
	return true
}

// TestSignalsAreComputedOnce: the same question at the same time shares one answer; nobody remembers
// for a nil memory.
func TestSignalsAreComputedOnce(t *testing.T) {
	t.Parallel()
	bars, settings, signals := syntheticBars(525), trade.DefaultSettings(), engine.NewSignals(100)
	answers := make([]trade.Signal, 16)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			for j := range 20 {
				signals.Of("feed", settings)(fmt.Sprint("S", j), bars)
			}
			answers[i] = signals.Of("feed", settings)("AAPL", bars)
		})
	}
	group.Wait()
	for _, answer := range answers {
		if &answer.Votes[0] != &answers[0].Votes[0] {
			t.Fatal("an answer was computed again")
		}
	}
	if other := signals.Of("another feed", settings)("AAPL", bars); &other.Votes[0] == &answers[0].Votes[0] {
		t.Error("two markets share an answer")
	}
	var none *engine.Signals
	if got := none.Of("feed", settings)("AAPL", bars); !reflect.DeepEqual(got, answers[0]) {
		t.Errorf("without a memory: %+v", got)
	}
}
