package market_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// tape is a source of bars of any length in regular sessions, the same price all the time. It
// takes a second to answer, by a bubble's time.
type tape struct {
	requests atomic.Int64
	symbols  atomic.Int64 // asked for, over all requests
	slow     bool
	refuses  error
}

func (s *tape) Bars(ctx context.Context, query trade.BarQuery) (map[string][]trade.Bar, error) {
	s.requests.Add(1)
	s.symbols.Add(int64(len(query.Symbols)))
	if s.slow {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.refuses != nil {
		return nil, s.refuses
	}
	length := query.Timeframe.Duration()
	bars := map[string][]trade.Bar{}
	for _, session := range market.Sessions(query.Start, query.End) {
		for start := session.Open; start.Before(session.Close) && !start.After(query.End); start = start.Add(length) {
			if start.Before(query.Start) {
				continue
			}
			for _, symbol := range query.Symbols {
				bars[symbol] = append(bars[symbol], trade.Bar{Start: start, End: start.Add(length), Open: 1, High: 1, Low: 1, Close: 1})
			}
		}
	}
	return bars, nil
}

func symbolsOf(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("S%03d", i)
	}
	return names
}

// A hundred accounts that need the same bars at the same moment make two requests: the first one's,
// and one for all who came while it was under way.
func TestFeedSharesARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source, feed, now := &tape{slow: true}, market.NewFeed(nil), at(t, "2026-11-20 11:00")
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				bars, err := feed.Closed(t.Context(), source, "shared", symbolsOf(20+i%3), trade.Minutes5, 50, now.Add(time.Duration(i)*time.Millisecond))
				if err != nil || len(bars) != 20+i%3 || len(bars["S000"]) != 50 {
					t.Errorf("account %d: %d symbols, %v", i, len(bars), err)
				}
			})
		}
		all.Wait()
		if n := source.requests.Load(); n > 2 {
			t.Errorf("%d requests", n)
		}
	})
}

// Under two names nothing is shared, whoever asks.
func TestFeedKeepsNamesApart(t *testing.T) {
	t.Parallel()
	mine, yours, feed, now := &tape{}, &tape{}, market.NewFeed(nil), at(t, "2026-11-20 11:00")
	for name, source := range map[string]*tape{"of me": mine, "of you": yours} {
		if _, err := feed.Closed(t.Context(), source, name, symbolsOf(3), trade.Minutes5, 50, now); err != nil {
			t.Fatal(err)
		}
	}
	if mine.requests.Load() != 1 || yours.requests.Load() != 1 {
		t.Errorf("%d and %d requests, want one with each one's keys", mine.requests.Load(), yours.requests.Load())
	}
}

// Keys that are refused, or a cycle that is over, are no trouble of those who waited along.
func TestFeedTroubleOfOneAsker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bad := &tape{slow: true, refuses: fault.New(fault.BrokerRefused, "The keys are refused.")}
		good, feed, now := &tape{}, market.NewFeed(nil), at(t, "2026-11-20 11:00")
		short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		ask := func(ctx context.Context, source market.Source, want error) {
			all.Go(func() {
				bars, err := feed.Closed(ctx, source, "shared", symbolsOf(2), trade.Minutes5, 50, now)
				if !errors.Is(err, want) || want == nil && len(bars) != 2 {
					t.Errorf("got %d symbols, %v, want %v", len(bars), err, want)
				}
			})
			synctest.Wait()
		}
		ask(t.Context(), bad, bad.refuses)
		ask(short, good, context.DeadlineExceeded) // opens the next flight and leaves it
		ask(t.Context(), good, nil)
		ask(t.Context(), good, nil)
		all.Wait()
		if n := good.requests.Load(); n != 1 {
			t.Errorf("%d requests with good keys", n)
		}
	})
}

// What the source has not is not asked for again before a bar may have closed: a new listing, a
// symbol that nobody trades, one that is unknown.
func TestFeedDoesNotAskForWhatCannotBe(t *testing.T) {
	t.Parallel()
	source := &exchange{from: at(t, "2020-05-01 00:00"), factor: 1}
	feed, now := market.NewFeed(nil), at(t, "2020-06-01 17:00")
	closed(t, feed, source, now, "NEW", "NONE")
	before := source.requests()
	for range 5 {
		now = now.Add(time.Minute)
		if bars := closed(t, feed, source, now, "NEW", "NONE"); len(bars["NEW"]) != 21 || len(bars) != 1 {
			t.Fatalf("got %d bars of %d symbols", len(bars["NEW"]), len(bars))
		}
	}
	if n := source.requests() - before; n != 0 {
		t.Errorf("%d more requests", n)
	}
	if bars := closed(t, feed, source, at(t, "2020-06-02 17:00"), "NEW", "NONE"); len(bars["NEW"]) != 22 {
		t.Errorf("a day later %d bars", len(bars["NEW"]))
	}
}

// A bar that comes late is asked for every few seconds for half a minute, not longer.
func TestFeedWaitsForALateBar(t *testing.T) {
	t.Parallel()
	source := &tape{}
	feed, quiet := market.NewFeed(nil), sleeping{source}
	now := at(t, "2026-11-20 11:00")
	for second := range 120 { // the symbol has no bars from 11:00 on
		if _, err := feed.Closed(t.Context(), quiet, "test", []string{"S000"}, trade.Minutes5, 20, now.Add(time.Duration(second)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if n := source.requests.Load(); n < 5 || n > 20 {
		t.Errorf("%d requests in two minutes", n)
	}
}

// sleeping leaves out the bars of today.
type sleeping struct{ *tape }

func (s sleeping) Bars(ctx context.Context, query trade.BarQuery) (map[string][]trade.Bar, error) {
	bars, err := s.tape.Bars(ctx, query)
	for symbol, run := range bars {
		n := 0
		for n < len(run) && run[n].Start.Before(market.Day(query.End)) {
			n++
		}
		bars[symbol] = run[:n]
	}
	return bars, err
}

// A split whose history the source re-adjusts only after bars of its day were fetched is found by
// the oldest kept bar.
func TestFeedNoticesASplitThatIsAppliedLate(t *testing.T) {
	t.Parallel()
	source := &lateSplit{}
	feed := market.NewFeed(nil)
	ask := func(moment string) []trade.Bar {
		bars, err := feed.Closed(t.Context(), source, "test", []string{"S000"}, trade.Minutes5, 100, at(t, moment))
		if err != nil || len(bars["S000"]) != 100 {
			t.Fatalf("%d bars, %v", len(bars["S000"]), err)
		}
		return bars["S000"]
	}
	ask("2026-11-19 15:00")
	ask("2026-11-20 10:30") // the day of the split: new prices, and old history
	source.applied = true
	for _, bar := range ask("2026-11-20 13:00") {
		if bar.Close != 1 {
			t.Fatalf("after the split was applied the bar of %s closes at %v", bar.Start, bar.Close)
		}
	}
}

// lateSplit is a tape on which everything before a day costs four times as much until applied.
type lateSplit struct {
	tape
	applied bool
}

func (s *lateSplit) Bars(ctx context.Context, query trade.BarQuery) (map[string][]trade.Bar, error) {
	bars, err := s.tape.Bars(ctx, query)
	exDate := time.Date(2026, time.November, 20, 0, 0, 0, 0, market.NewYork)
	for _, run := range bars {
		for i := range run {
			if run[i].Start.Before(exDate) && !s.applied {
				run[i].Open, run[i].High, run[i].Low, run[i].Close = 4, 4, 4, 4
			}
		}
	}
	return bars, err
}

// The stored run has no gap, also when storing has failed for a while.
func TestFeedStoresWithoutAGap(t *testing.T) {
	t.Parallel()
	source, store := &exchange{from: at(t, "2015-01-01 00:00"), factor: 1}, &shelf{bars: map[string][]trade.Bar{}}
	feed := market.NewFeed(store)
	closed(t, feed, source, at(t, "2020-06-01 17:00"), "AAPL")
	store.failing = true
	if _, err := feed.Closed(t.Context(), source, "test", []string{"AAPL"}, trade.Day, 100, at(t, "2020-06-02 17:00")); err == nil {
		t.Error("no error although nothing was stored")
	}
	store.failing = false
	closed(t, feed, source, at(t, "2020-06-05 17:00"), "AAPL")
	run := store.bars["testAAPL"]
	sessions := market.Sessions(run[0].Start, at(t, "2020-06-05 17:00"))
	if len(run) != len(sessions) {
		t.Errorf("%d bars are stored of %d sessions", len(run), len(sessions))
	}
}
