package engine

import (
	"strings"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/strategy"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Signals remembers how far each series has been evaluated, so that many accounts with the same
// symbols, timeframe and parameters cost one evaluation, and a new bar costs that bar. Values are
// those of Evaluate to 1e-9, as wherever a series is cut off. It is bounded and safe for concurrent
// use; nil remembers nothing. What it returns is shared: nobody may change a signal's votes.
type Signals struct {
	most int // of each generation

	mu         sync.Mutex
	young, old map[seriesKey]*evaluated // what is asked again moves from old to young
}

type seriesKey struct{ feed, symbol, parameters string }

// evaluated is a series up to its last bar that was asked for.
type evaluated struct {
	mu        sync.Mutex
	evaluator *Evaluator // nil: nothing yet
	first     time.Time
	last      trade.Bar
	signal    trade.Signal
}

// NewSignals returns a memory of about so many series, of about 5 kB each.
func NewSignals(most int) *Signals {
	return &Signals{most: max(most/2, 1), young: map[seriesKey]*evaluated{}, old: map[seriesKey]*evaluated{}}
}

// Of returns Evaluate for the settings and the feed that bars come from. Feed names one market, in
// which a bar that has closed changes only together with all bars before it, as a split does.
func (s *Signals) Of(feed string, settings trade.Settings) func(symbol string, bars []trade.Bar) trade.Signal {
	parameters := evaluationParts(settings)
	return func(symbol string, bars []trade.Bar) trade.Signal {
		if s == nil || len(bars) == 0 {
			return Evaluate(symbol, settings, bars)
		}
		return s.at(seriesKey{feed, symbol, parameters}).evaluate(symbol, settings, bars)
	}
}

// at returns the series' place, a new one when it is not remembered. When the young generation is
// full it becomes the old one, and what was old is forgotten.
func (s *Signals) at(key seriesKey) *evaluated {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.young[key]; ok {
		return known
	}
	known, ok := s.old[key]
	if !ok {
		known = &evaluated{}
	}
	if len(s.young) >= s.most {
		s.old, s.young = s.young, map[seriesKey]*evaluated{}
	}
	s.young[key] = known
	return known
}

// evaluate goes on from the last bar where the bars continue the series, and begins anew where they
// do not: other prices, more history. Bars that end earlier are evaluated by themselves.
func (e *evaluated) evaluate(symbol string, settings trade.Settings, bars []trade.Bar) trade.Signal {
	e.mu.Lock()
	defer e.mu.Unlock()
	last := bars[len(bars)-1]
	if e.evaluator != nil && last.Start.Before(e.last.Start) {
		return Evaluate(symbol, settings, bars)
	}
	fresh, continues := e.after(bars)
	if !continues {
		e.evaluator, e.first, fresh = NewEvaluator(symbol, settings), bars[0].Start, bars
	}
	if len(fresh) > 0 {
		for _, bar := range fresh {
			e.evaluator.Feed(bar)
		}
		e.last, e.signal = last, e.evaluator.Signal()
	}
	return e.signal
}

// after returns the bars after the last one seen; false when they do not continue the series.
func (e *evaluated) after(bars []trade.Bar) ([]trade.Bar, bool) {
	if e.evaluator == nil || bars[0].Start.Before(e.first) {
		return nil, false
	}
	for i := len(bars) - 1; i >= 0 && !bars[i].Start.Before(e.last.Start); i-- {
		if bars[i] == e.last {
			return bars[i+1:], true
		}
	}
	return nil, false
}

// evaluationParts is everything of the settings that Evaluate depends on.
func evaluationParts(s trade.Settings) string {
	parts := []string{string(s.Timeframe)}
	for _, rule := range strategy.Enabled(s) {
		parts = append(parts, rule.Indicator+" "+rule.Parameters(s))
	}
	return strings.Join(append(append(parts, countingParts(s)...), rangeParts(s)...), "\n")
}
