package engine

import (
	"strings"
	"sync"

	"github.com/jcap24/alpaca-trader/internal/strategy"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Signals remembers what was evaluated, so that many accounts with the same symbols, timeframe and
// parameters cost one evaluation. It is bounded and safe for concurrent use; nil remembers nothing.
// What it returns is shared: nobody may change a signal's votes.
type Signals struct {
	most int // of each generation

	mu         sync.Mutex
	young, old map[signalKey]*evaluation // what is asked again moves from old to young
}

// signalKey is what a signal depends on. The bars stand in it by their ends: when a split changes
// history, the first close is another; a longer history begins earlier.
type signalKey struct {
	feed, symbol, parameters string
	first, last              int64 // seconds since 1970
	firstClose, lastClose    float64
	bars                     int
}

type evaluation struct {
	once   sync.Once
	signal trade.Signal
}

// NewSignals returns a memory of about so many signals, each of a few hundred bytes to a kilobyte.
func NewSignals(most int) *Signals {
	return &Signals{most: max(most/2, 1), young: map[signalKey]*evaluation{}, old: map[signalKey]*evaluation{}}
}

// Of returns Evaluate for the settings and the feed that bars come from; each distinct question is
// computed once.
func (s *Signals) Of(feed string, settings trade.Settings) func(symbol string, bars []trade.Bar) trade.Signal {
	parameters := evaluationParts(settings)
	return func(symbol string, bars []trade.Bar) trade.Signal {
		if s == nil || len(bars) == 0 {
			return Evaluate(symbol, settings, bars)
		}
		first, last := bars[0], bars[len(bars)-1]
		known := s.at(signalKey{feed, symbol, parameters, first.Start.Unix(), last.End.Unix(), first.Close, last.Close, len(bars)})
		known.once.Do(func() { known.signal = Evaluate(symbol, settings, bars) })
		return known.signal
	}
}

// at returns the question's place, a new one when it is not remembered. When the young generation
// is full it becomes the old one, and what was old is forgotten.
func (s *Signals) at(key signalKey) *evaluation {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.young[key]; ok {
		return known
	}
	known, ok := s.old[key]
	if !ok {
		known = &evaluation{}
	}
	if len(s.young) >= s.most {
		s.old, s.young = s.young, make(map[signalKey]*evaluation, s.most)
	}
	s.young[key] = known
	return known
}

// evaluationParts is everything of the settings that Evaluate depends on.
func evaluationParts(s trade.Settings) string {
	parts := []string{string(s.Timeframe)}
	for _, rule := range strategy.Enabled(s) {
		parts = append(parts, rule.Indicator+" "+rule.Parameters(s))
	}
	return strings.Join(append(append(parts, countingParts(s)...), rangeParts(s)...), "\n")
}
