package market_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// exchange is a source with one bar a session since a day, counting what it is asked.
type exchange struct {
	mu      sync.Mutex
	from    time.Time
	factor  float64 // divides all prices, as a split does
	asked   []trade.BarQuery
	failing bool
}

func (e *exchange) Bars(_ context.Context, query trade.BarQuery) (map[string][]trade.Bar, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, query)
	if e.failing {
		return nil, errors.New("broker down")
	}
	bars := map[string][]trade.Bar{}
	for _, symbol := range query.Symbols {
		if symbol == "NONE" {
			continue
		}
		for _, session := range market.Sessions(e.from, query.End) {
			if session.Date.Before(query.Start) || session.Date.After(query.End) {
				continue
			}
			price := float64(session.Date.Unix()/86400) / e.factor
			bars[symbol] = append(bars[symbol], trade.Bar{
				Start: session.Date.UTC(), End: session.Close, Open: price, High: price, Low: price, Close: price,
			})
		}
	}
	return bars, nil
}

func (e *exchange) requests() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.asked)
}

// askedSince lists the first days that were asked for.
func (e *exchange) askedSince(t *testing.T) []string {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	days := make([]string, len(e.asked))
	for i, query := range e.asked {
		days[i] = query.Start.In(market.NewYork).Format(time.DateOnly)
	}
	return days
}

// shelf is a BarStore in memory.
type shelf struct {
	mu      sync.Mutex
	bars    map[string][]trade.Bar
	failing bool
}

func (s *shelf) ReadBars(_ context.Context, feed string, symbols []string, _ trade.Timeframe, from, to time.Time) (map[string][]trade.Bar, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string][]trade.Bar{}
	for _, symbol := range symbols {
		for _, bar := range s.bars[feed+symbol] {
			if !bar.Start.Before(from) && !bar.Start.After(to) {
				found[symbol] = append(found[symbol], bar)
			}
		}
	}
	return found, nil
}

func (s *shelf) AddBars(_ context.Context, feed string, _ trade.Timeframe, bars map[string][]trade.Bar) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing {
		return errors.New("disk full")
	}
	for symbol, news := range bars {
		kept := s.bars[feed+symbol]
		for _, bar := range news {
			kept = slices.DeleteFunc(kept, func(b trade.Bar) bool { return b.Start.Equal(bar.Start) })
			kept = append(kept, bar)
		}
		slices.SortFunc(kept, func(a, b trade.Bar) int { return a.Start.Compare(b.Start) })
		s.bars[feed+symbol] = kept
	}
	return nil
}

func (s *shelf) ReplaceBars(_ context.Context, feed string, _ trade.Timeframe, bars map[string][]trade.Bar) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for symbol, all := range bars {
		s.bars[feed+symbol] = slices.Clone(all)
	}
	return nil
}

func at(t *testing.T, moment string) time.Time {
	t.Helper()
	parsed, err := time.ParseInLocation("2006-01-02 15:04", moment, market.NewYork)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func closed(t *testing.T, feed *market.Feed, source market.Source, now time.Time, symbols ...string) map[string][]trade.Bar {
	t.Helper()
	bars, err := feed.Closed(t.Context(), source, "test", symbols, trade.Day, 100, now)
	if err != nil {
		t.Fatal(err)
	}
	return bars
}

func TestFeedGivesClosedBarsOnly(t *testing.T) {
	t.Parallel()
	source := &exchange{from: at(t, "2015-01-01 00:00"), factor: 1}
	feed := market.NewFeed(nil)
	bars := closed(t, feed, source, at(t, "2020-06-01 15:59"), "AAPL", "NONE")
	if _, there := bars["NONE"]; there {
		t.Error("a symbol without bars is in the answer")
	}
	if got := bars["AAPL"]; len(got) != 100 || !got[99].End.Equal(at(t, "2020-05-29 16:00")) {
		t.Fatalf("a minute before the close the last of %d bars ends %s, want Friday's", len(got), got[len(got)-1].End)
	}
	if got := closed(t, feed, source, at(t, "2020-06-01 16:00"), "AAPL")["AAPL"]; !got[99].End.Equal(at(t, "2020-06-01 16:00")) {
		t.Errorf("at the close the last bar ends %s, want today's", got[99].End)
	}
}

func TestFeedAsksOnlyForWhatIsMissing(t *testing.T) {
	t.Parallel()
	source := &exchange{from: at(t, "2015-01-01 00:00"), factor: 1}
	store := &shelf{bars: map[string][]trade.Bar{}}
	feed := market.NewFeed(store)
	closed(t, feed, source, at(t, "2020-06-01 17:00"), "AAPL", "SPY")
	if source.requests() != 1 {
		t.Fatalf("%d requests for two symbols, want 1", source.requests())
	}
	closed(t, feed, source, at(t, "2020-06-02 15:00"), "AAPL", "SPY")
	if source.requests() != 1 {
		t.Error("asked again although no bar has closed since")
	}
	closed(t, feed, source, at(t, "2020-06-02 17:00"), "AAPL", "SPY")
	if got := source.askedSince(t); len(got) != 3 || got[2] != "2020-05-28" {
		t.Errorf("after a new close asked since %v, want the oldest bar, to compare it, and the last three known ones", got[1:])
	}
	again := market.NewFeed(store) // a restart
	if got := closed(t, again, source, at(t, "2020-06-03 17:00"), "AAPL")["AAPL"]; len(got) != 100 {
		t.Errorf("%d bars after a restart", len(got))
	}
	if got := source.askedSince(t); len(got) != 5 || got[4] != "2020-05-29" {
		t.Errorf("after a restart asked since %v, want the oldest bar and the last three stored ones", got[3:])
	}
}

func TestFeedNoticesASplit(t *testing.T) {
	t.Parallel()
	source := &exchange{from: at(t, "2015-01-01 00:00"), factor: 1}
	feed := market.NewFeed(&shelf{bars: map[string][]trade.Bar{}})
	before := closed(t, feed, source, at(t, "2020-08-28 17:00"), "AAPL")["AAPL"]
	source.factor = 4
	after := closed(t, feed, source, at(t, "2020-08-31 17:00"), "AAPL")["AAPL"]
	if len(after) != 100 || after[98].Close*4 != before[99].Close {
		t.Errorf("after a 4:1 split an older close is %v, want a quarter of %v", after[98].Close, before[99].Close)
	}
}

func TestFeedReachesFurtherBackForAShortHistory(t *testing.T) {
	t.Parallel()
	source := &exchange{from: at(t, "2020-05-01 00:00"), factor: 1}
	if got := closed(t, market.NewFeed(nil), source, at(t, "2020-06-01 17:00"), "NEW")["NEW"]; len(got) != 21 {
		t.Errorf("got %d bars, want all 21 there are", len(got))
	}
}

func TestFeedReportsADeadBroker(t *testing.T) {
	t.Parallel()
	source := &exchange{from: at(t, "2015-01-01 00:00"), factor: 1, failing: true}
	if _, err := market.NewFeed(nil).Closed(t.Context(), source, "test", []string{"AAPL"}, trade.Day, 10, at(t, "2020-06-01 17:00")); err == nil {
		t.Error("no error from a broker that is down")
	}
}

func TestHistoryStartReachesFarEnough(t *testing.T) {
	t.Parallel()
	perSession := map[trade.Timeframe]int{trade.Minute: 390, trade.Minutes5: 78, trade.Minutes15: 26, trade.Hour: 6, trade.Day: 1}
	for timeframe, bars := range perSession {
		for _, need := range []int{1, 50, 450, 3000} {
			now := at(t, "2026-01-02 10:00")
			start := market.HistoryStart(timeframe, need, now)
			if got := len(market.Sessions(start, now)) - 1; got*bars < need {
				t.Errorf("%s: %d sessions since %s hold fewer than %d bars", timeframe, got, start, need)
			}
		}
	}
}
