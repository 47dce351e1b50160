package market

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Feed gives the closed bars that decisions are made on. It keeps what it has seen, in memory (the
// newest bars of the series that were used last) and with a BarStore at rest, and asks the source
// only for what is missing, for all who need it at the same moment at once.
//
// Kept bars are split-adjusted, as the source gave them: dividends do not change them. A split
// re-adjusts all earlier prices at the source. Every request for newer bars asks for the last kept
// ones again, and every two hours the oldest kept one is asked for: where they have changed,
// everything kept of the symbol is fetched anew. So the bars of an answer are always one unbroken
// run of one adjustment.
//
// A Feed is safe for concurrent use. The bars that it gives are shared: nobody changes them.
type Feed struct {
	store   BarStore // nil: memory only
	memory  *memory
	flights flights
}

// NewFeed returns a feed; store may be nil.
func NewFeed(store BarStore) *Feed { return NewFeedOf(store, mostBars) }

// NewFeedOf is NewFeed with another bound of the bars that are kept in memory.
func NewFeedOf(store BarStore, most int) *Feed {
	return &Feed{store: store, memory: newMemory(most), flights: flights{lines: map[line]*runway{}}}
}

// Closed returns the newest closed bars at now, oldest first: need of them for every symbol that
// has as many, and all there are otherwise. Symbols without bars are absent. name names the market
// and who may see it, so that two never mix: who asks for bars of one name may get what somebody
// else's source of that name has given. now is the market's time.
func (f *Feed) Closed(ctx context.Context, source Source, name string, symbols []string, timeframe trade.Timeframe, need int, now time.Time) (map[string][]trade.Bar, error) {
	of, wanted := line{name, timeframe}, newWant(timeframe, need, now)
	closed := make(map[string][]trade.Bar, len(symbols))
	served := 0
	f.memory.get(of, symbols, func(symbol string, s *series) {
		if s.serves(wanted) {
			closed[symbol] = s.answer(wanted)
			served++
		}
	})
	if served < len(symbols) {
		missing := map[string]want{}
		for _, symbol := range symbols {
			if _, known := closed[symbol]; !known {
				missing[symbol] = wanted
			}
		}
		got, err := f.flights.join(ctx, of, source, missing, func(ctx context.Context, flight *flight) { f.fly(ctx, of, flight) })
		if err != nil {
			return nil, err
		}
		for symbol := range missing {
			if s, ok := got[symbol]; ok {
				closed[symbol] = s.answer(wanted)
			}
		}
	}
	maps.DeleteFunc(closed, func(_ string, bars []trade.Bar) bool { return len(bars) == 0 })
	return closed, nil
}

// fly gets everything that is wanted on the flight: from memory what another flight has brought
// meanwhile, from the store what it has, the rest from the source.
func (f *Feed) fly(ctx context.Context, of line, flight *flight) {
	g := &gathering{Feed: f, line: of, flight: flight, known: map[string]*series{}}
	symbols := slices.Sorted(maps.Keys(flight.wants))
	f.memory.get(of, symbols, func(symbol string, s *series) { g.known[symbol] = s })
	flight.got = map[string]*series{}
	if flight.err = g.read(ctx, symbols); flight.err != nil {
		return
	}
	flight.err = g.ask(ctx, symbols)
}

// read takes from the store what memory does not have.
func (g *gathering) read(ctx context.Context, symbols []string) error {
	if g.store == nil {
		return nil
	}
	var unknown []string
	from, to := time.Time{}, time.Time{}
	for _, symbol := range symbols {
		w := g.flight.wants[symbol]
		if s, ok := g.known[symbol]; ok && s.enough(w) {
			continue
		}
		unknown = append(unknown, symbol)
		if start := HistoryStart(g.line.timeframe, w.need, w.now); from.IsZero() || start.Before(from) {
			from = start
		}
		if w.now.After(to) {
			to = w.now
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	stored, err := g.store.ReadBars(ctx, g.line.feed, unknown, g.line.timeframe, from, to)
	if err != nil {
		return fmt.Errorf("read stored bars: %w", err)
	}
	for symbol, bars := range stored {
		if s, ok := g.known[symbol]; !ok || len(s.bars) < len(bars) {
			g.known[symbol] = &series{bars: bars, most: g.flight.wants[symbol].need}
			g.known[symbol].trim()
		}
	}
	return nil
}
