package market

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// earliest is before the first bar that any source has.
var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// gathering is one flight's work.
type gathering struct {
	*Feed
	line   line
	flight *flight
	known  map[string]*series // what memory and store have
}

// part is one symbol's need of a request.
type part struct {
	symbol string
	from   time.Time
}

// ask gets from the source what is missing: newer bars where the run reaches far enough back, the
// whole history elsewhere and where it has changed.
func (g *gathering) ask(ctx context.Context, symbols []string) error {
	var newer, anew []part
	for _, symbol := range symbols {
		w, s := g.flight.wants[symbol], g.known[symbol]
		switch {
		case s != nil && s.serves(w):
			g.flight.got[symbol] = s
		case s != nil && s.enough(w) && s.asked.Sub(w.now) <= backwards:
			newer = append(newer, part{symbol, s.since()})
		default:
			anew = append(anew, g.history(symbol, w.need))
		}
	}
	changed, err := g.check(ctx, newer)
	if err != nil {
		return err
	}
	newer = slices.DeleteFunc(newer, func(p part) bool { return changed[p.symbol] })
	if err := g.extend(ctx, newer, changed); err != nil {
		return err
	}
	for _, symbol := range slices.Sorted(maps.Keys(changed)) {
		anew = append(anew, g.history(symbol, g.flight.wants[symbol].need))
	}
	return g.fetch(ctx, anew)
}

func (g *gathering) history(symbol string, bars int) part {
	return part{symbol, HistoryStart(g.line.timeframe, bars, g.flight.wants[symbol].now)}
}

// check compares the oldest kept bars with the source's, where that is due, and returns the symbols
// whose history has changed.
func (g *gathering) check(ctx context.Context, parts []part) (changed map[string]bool, err error) {
	changed = map[string]bool{}
	var due []part
	for _, p := range parts {
		if s := g.known[p.symbol]; s.unchecked(g.flight.wants[p.symbol].now) {
			due = append(due, part{p.symbol, s.bars[0].Start})
		}
	}
	for _, group := range pack(g.line.timeframe, due) {
		newest := group[0].from // the first is the newest
		answer, err := g.request(ctx, group, newest)
		if err != nil {
			return nil, err
		}
		for _, p := range group {
			s := g.known[p.symbol]
			at := slices.IndexFunc(answer[p.symbol], func(b trade.Bar) bool { return b.Start.Equal(p.from) })
			if at < 0 || !same(answer[p.symbol][at], s.bars[0]) {
				changed[p.symbol] = true
				continue
			}
			checked := *s
			checked.checked = g.flight.wants[p.symbol].now
			g.known[p.symbol] = &checked
		}
	}
	return changed, nil
}

// extend asks for newer bars; symbols whose history has changed are added to changed. What is new
// is stored before it is used, so that the stored run has no gap when storing fails.
func (g *gathering) extend(ctx context.Context, parts []part, changed map[string]bool) error {
	for _, group := range pack(g.line.timeframe, parts) {
		answer, err := g.request(ctx, group, g.now(group))
		if err != nil {
			return err
		}
		longer, news := map[string]*series{}, map[string][]trade.Bar{}
		for _, p := range group {
			w := g.flight.wants[p.symbol]
			grown, fresh, ok := g.known[p.symbol].extended(upTo(since(answer[p.symbol], p.from), w.now), w)
			if !ok {
				changed[p.symbol] = true
				continue
			}
			longer[p.symbol] = grown
			if len(fresh) > 0 {
				news[p.symbol] = fresh
			}
		}
		if g.store != nil && len(news) > 0 {
			if err := g.store.AddBars(ctx, g.line.feed, g.line.timeframe, news); err != nil {
				return fmt.Errorf("store bars: %w", err)
			}
		}
		g.put(longer)
	}
	return nil
}

// fetch asks for the whole history that is needed, further back while that gives more.
func (g *gathering) fetch(ctx context.Context, parts []part) error {
	longest := map[string]int{}
	for factor := 4; len(parts) > 0; factor *= 4 {
		var short []part
		for _, group := range pack(g.line.timeframe, parts) {
			answer, err := g.request(ctx, group, g.now(group))
			if err != nil {
				return err
			}
			complete := map[string]*series{}
			for _, p := range group {
				w := g.flight.wants[p.symbol]
				bars := upTo(answer[p.symbol], w.now)
				if len(bars) < w.need && len(bars) > longest[p.symbol] && p.from.After(earliest) {
					longest[p.symbol] = len(bars)
					short = append(short, g.history(p.symbol, w.need*factor))
					continue
				}
				complete[p.symbol] = &series{bars: bars, asked: w.now, checked: w.now, most: w.need, whole: len(bars) < w.need}
			}
			if err := g.replace(ctx, complete); err != nil {
				return err
			}
			g.put(complete)
		}
		parts = short
	}
	return nil
}

// put gives series to the passengers and to memory.
func (g *gathering) put(all map[string]*series) {
	for symbol, s := range all {
		s.trim()
		g.flight.got[symbol] = s
		g.memory.put(g.line, symbol, s)
	}
}

func (g *gathering) replace(ctx context.Context, all map[string]*series) error {
	if g.store == nil || len(all) == 0 {
		return nil
	}
	bars := make(map[string][]trade.Bar, len(all))
	for symbol, s := range all {
		bars[symbol] = s.bars
	}
	if err := g.store.ReplaceBars(ctx, g.line.feed, g.line.timeframe, bars); err != nil {
		return fmt.Errorf("store bars: %w", err)
	}
	return nil
}

// request asks for a group's bars from the oldest of its starts until the moment.
func (g *gathering) request(ctx context.Context, group []part, until time.Time) (map[string][]trade.Bar, error) {
	symbols := make([]string, len(group))
	for i, p := range group {
		symbols[i] = p.symbol
	}
	oldest := group[len(group)-1].from
	bars, err := g.flight.source.Bars(ctx, trade.BarQuery{Symbols: symbols, Timeframe: g.line.timeframe, Start: oldest, End: until})
	if err != nil {
		return nil, fmt.Errorf("get bars: %w", err)
	}
	return bars, nil
}

// now is the latest moment at which somebody wants bars of the group.
func (g *gathering) now(group []part) (latest time.Time) {
	for _, p := range group {
		if now := g.flight.wants[p.symbol].now; now.After(latest) {
			latest = now
		}
	}
	return latest
}

// since returns the bars from the moment on.
func since(bars []trade.Bar, from time.Time) []trade.Bar {
	at := 0
	for at < len(bars) && bars[at].Start.Before(from) {
		at++
	}
	return bars[at:]
}

// wasted is how many bars too many one request may bring, rather than another request being made.
const wasted = 10_000

// pack puts symbols together that are asked for in one request, from the oldest start among them:
// newest starts first, a new group where the newer ones would get too many bars that they have.
func pack(timeframe trade.Timeframe, parts []part) [][]part {
	slices.SortStableFunc(parts, func(a, b part) int { return b.from.Compare(a.from) })
	var groups [][]part
	waste, begun := 0, 0
	for i, p := range parts {
		if i > 0 {
			waste += (i - begun) * int(parts[i-1].from.Sub(p.from)/timeframe.Duration())
		}
		if waste > wasted {
			groups, waste, begun = append(groups, parts[begun:i]), 0, i
		}
	}
	if begun < len(parts) {
		groups = append(groups, parts[begun:])
	}
	return groups
}
