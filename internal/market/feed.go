package market

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Feed gives the closed bars that decisions are made on. It keeps what it has seen, in memory and
// (with a BarStore) at rest, and asks the source only for what is missing.
//
// Stored bars are split-adjusted as of the day they were fetched. Every request overlaps the last
// stored bar; when that one has changed (a split re-adjusts all earlier prices), everything kept
// for the symbol is dropped and fetched anew. A symbol's stored bars are always one unbroken run.
type Feed struct {
	store BarStore // nil: memory only

	mu     sync.Mutex
	series map[seriesKey]*series
}

type seriesKey struct {
	feed, symbol string
	timeframe    trade.Timeframe
}

// series is one symbol's run of closed bars and the market time at which it was last asked for.
type series struct {
	bars  []trade.Bar
	asked time.Time
	most  int // the largest need so far; twice as many bars are kept
}

// maxSeries bounds the memory: about 450 bars of 72 bytes each, 30 kB a series.
const maxSeries = 2000

// trimSlack keeps a series from being copied at every new bar.
const trimSlack = 500

// NewFeed returns a feed; store may be nil.
func NewFeed(store BarStore) *Feed {
	return &Feed{store: store, series: map[seriesKey]*series{}}
}

// Closed returns the newest closed bars at now, oldest first: at least need of them for every
// symbol that has as many, and all there are otherwise. Symbols without bars are absent. name
// names the source, so that two markets never mix; now is the market's time.
func (f *Feed) Closed(ctx context.Context, source Source, name string, symbols []string, timeframe trade.Timeframe, need int, now time.Time) (map[string][]trade.Bar, error) {
	closed := make(map[string][]trade.Bar, len(symbols))
	missing := map[time.Time][]string{} // first bar to ask for -> symbols
	for _, symbol := range symbols {
		key := seriesKey{name, symbol, timeframe}
		known, err := f.known(ctx, key, need, now)
		if err != nil {
			return nil, err
		}
		switch {
		case known.fresh(timeframe, need, now):
			closed[symbol] = tail(upTo(known.bars, now), need)
		case len(upTo(known.bars, now)) >= need:
			last := upTo(known.bars, now)
			from := last[len(last)-1].Start
			missing[from] = append(missing[from], symbol)
		default:
			missing[time.Time{}] = append(missing[time.Time{}], symbol)
		}
	}
	for from, group := range missing {
		if err := f.fill(ctx, source, name, group, timeframe, need, from, now, closed); err != nil {
			return nil, err
		}
	}
	return closed, nil
}

// fill asks the source for the bars of a group of symbols since from (zero: the whole history
// that is needed) and adds what it got to closed.
func (f *Feed) fill(ctx context.Context, source Source, name string, symbols []string, timeframe trade.Timeframe, need int, from, now time.Time, closed map[string][]trade.Bar) error {
	if from.IsZero() {
		return f.fetch(ctx, source, name, symbols, timeframe, need, now, closed)
	}
	fresh, err := source.Bars(ctx, trade.BarQuery{Symbols: symbols, Timeframe: timeframe, Start: from, End: now})
	if err != nil {
		return fmt.Errorf("get bars: %w", err)
	}
	var changed []string
	for _, symbol := range symbols {
		key := seriesKey{name, symbol, timeframe}
		bars, ok := f.extend(key, upTo(fresh[symbol], now), need, now)
		if !ok {
			changed = append(changed, symbol)
			continue
		}
		closed[symbol] = tail(bars, need)
		if err := f.keep(ctx, key, upTo(fresh[symbol], now)); err != nil {
			return err
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return f.fetch(ctx, source, name, changed, timeframe, need, now, closed)
}

// fetch asks for the whole history that need bars take, further back while that gives more.
func (f *Feed) fetch(ctx context.Context, source Source, name string, symbols []string, timeframe trade.Timeframe, need int, now time.Time, closed map[string][]trade.Bar) error {
	wanted := need
	for len(symbols) > 0 {
		start := HistoryStart(timeframe, wanted, now)
		answer, err := source.Bars(ctx, trade.BarQuery{Symbols: symbols, Timeframe: timeframe, Start: start, End: now})
		if err != nil {
			return fmt.Errorf("get bars: %w", err)
		}
		var short []string
		for _, symbol := range symbols {
			bars := upTo(answer[symbol], now)
			grown := len(bars) > len(closed[symbol])
			if len(bars) == 0 && !grown {
				continue
			}
			closed[symbol] = bars
			if len(bars) < need && grown && start.After(earliest) {
				short = append(short, symbol)
				continue
			}
			if err := f.replace(ctx, seriesKey{name, symbol, timeframe}, bars, need, now); err != nil {
				return err
			}
			closed[symbol] = tail(bars, need)
		}
		symbols, wanted = short, wanted*4
	}
	return nil
}

// earliest is before the first bar that any source has.
var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// known returns the symbol's series, read from the store when memory does not reach far enough.
func (f *Feed) known(ctx context.Context, key seriesKey, need int, now time.Time) (series, error) {
	f.mu.Lock()
	held, ok := f.series[key]
	if ok {
		found := *held
		f.mu.Unlock()
		return found, nil
	}
	f.mu.Unlock()
	if f.store == nil {
		return series{}, nil
	}
	bars, err := f.store.StoredBars(ctx, key.feed, key.symbol, key.timeframe, HistoryStart(key.timeframe, need, now), now)
	if err != nil {
		return series{}, fmt.Errorf("read stored bars: %w", err)
	}
	found := series{bars: bars}
	f.remember(key, found)
	return found, nil
}

// fresh reports whether nothing new can be had: enough bars, and no bar has closed since they
// were asked for.
func (s series) fresh(timeframe trade.Timeframe, need int, now time.Time) bool {
	if len(s.bars) < need || s.asked.IsZero() || now.Before(s.asked) {
		return false
	}
	askedSince := !lastBoundary(timeframe, s.asked).Before(lastBoundary(timeframe, now))
	return askedSince && !s.bars[len(s.bars)-1].End.Before(lastExpected(timeframe, now))
}

// extend appends fresh bars to the kept run; false when the first of them is not the kept last
// one unchanged.
func (f *Feed) extend(key seriesKey, fresh []trade.Bar, need int, now time.Time) ([]trade.Bar, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	held, ok := f.series[key]
	if !ok || len(held.bars) == 0 || len(fresh) == 0 {
		return nil, false
	}
	at := len(held.bars) - 1
	for at > 0 && held.bars[at].Start.After(fresh[0].Start) {
		at--
	}
	if !same(held.bars[at], fresh[0]) {
		return nil, false
	}
	if at+len(fresh) > len(held.bars) {
		held.bars = append(held.bars[:at:at], fresh...)
	}
	held.asked, held.most = now, max(held.most, need)
	bars := upTo(held.bars, now)
	if len(held.bars) > 2*held.most+trimSlack {
		held.bars = append([]trade.Bar(nil), tail(held.bars, held.most+trimSlack)...)
	}
	return bars, true
}

func (f *Feed) keep(ctx context.Context, key seriesKey, fresh []trade.Bar) error {
	if f.store == nil || len(fresh) < 2 { // the first one is stored already
		return nil
	}
	if err := f.store.StoreBars(ctx, key.feed, key.symbol, key.timeframe, fresh[1:]); err != nil {
		return fmt.Errorf("store bars: %w", err)
	}
	return nil
}

// replace drops what is kept of the symbol and keeps bars instead, so that the run stays unbroken.
func (f *Feed) replace(ctx context.Context, key seriesKey, bars []trade.Bar, need int, now time.Time) error {
	f.remember(key, series{bars: bars, asked: now, most: need})
	if f.store == nil {
		return nil
	}
	if err := f.store.ForgetBars(ctx, key.feed, key.symbol, key.timeframe); err != nil {
		return fmt.Errorf("forget bars: %w", err)
	}
	if err := f.store.StoreBars(ctx, key.feed, key.symbol, key.timeframe, bars); err != nil {
		return fmt.Errorf("store bars: %w", err)
	}
	return nil
}

func (f *Feed) remember(key seriesKey, s series) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.series[key]; !known && len(f.series) >= maxSeries {
		for other := range f.series { // any one: it can be read again
			delete(f.series, other)
			break
		}
	}
	f.series[key] = &s
}

// upTo returns the bars that are closed at now.
func upTo(bars []trade.Bar, now time.Time) []trade.Bar {
	n := len(bars)
	for n > 0 && !bars[n-1].ClosedAt(now) {
		n--
	}
	return bars[:n:n]
}

func tail(bars []trade.Bar, n int) []trade.Bar {
	if len(bars) <= n {
		return bars
	}
	return bars[len(bars)-n:]
}

func same(a, b trade.Bar) bool {
	return a.Start.Equal(b.Start) && a.Open == b.Open && a.High == b.High && a.Low == b.Low && a.Close == b.Close
}
