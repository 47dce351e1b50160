package market_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Ten thousand accounts with 20 of 500 symbols each take their closed five-minute bars from the
// shared data account: the first round after a bar's close asks the source for what is new, all
// others are served from memory.
func BenchmarkClosedBarsOf10000Accounts(b *testing.B) {
	const accounts, each, need = 10_000, 20, 200
	symbols, source, feed := symbolsOf(500), &tape{}, market.NewFeed(nil)
	watchlists := make([][]string, accounts)
	for i := range watchlists {
		for j := range each {
			watchlists[i] = append(watchlists[i], symbols[(i*7+j*23)%len(symbols)])
		}
	}
	now := time.Date(2026, time.November, 20, 15, 30, 1, 0, time.UTC)
	if _, err := feed.Closed(b.Context(), source, "shared", symbols, trade.Minutes5, need, now); err != nil {
		b.Fatal(err)
	}
	requests := source.requests.Load()
	b.ReportAllocs()
	rounds := 0
	for b.Loop() {
		rounds++
		now = now.Add(5 * time.Minute)
		if !market.IsOpen(now) {
			now = market.NextSession(now).Open.Add(5*time.Minute + time.Second)
		}
		for _, watchlist := range watchlists {
			bars, err := feed.Closed(b.Context(), source, "shared", watchlist, trade.Minutes5, need, now)
			if err != nil || len(bars) != each {
				b.Fatalf("bars of %d symbols, %v", len(bars), err)
			}
		}
	}
	b.ReportMetric(float64(source.requests.Load()-requests)/float64(rounds), "requests/round")
	b.ReportMetric(b.Elapsed().Seconds()/float64(rounds*accounts)*1e6, "µs/account")
}

// However many users have feeds of their own, the bars in memory are bounded, and those that are
// used stay.
func TestFeedForgetsWhatIsNotUsed(t *testing.T) {
	t.Parallel()
	source, feed, now := &tape{}, market.NewFeedOf(nil, 3000), at(t, "2026-11-20 11:00")
	ask := func(name string) {
		if _, err := feed.Closed(t.Context(), source, name, symbolsOf(10), trade.Minutes5, 50, now); err != nil {
			t.Fatal(err)
		}
	}
	for user := range 10 { // 500 bars each, of which 3000 fit
		ask(fmt.Sprintf("of user %d", user))
		ask("of user 0")
	}
	requests := source.requests.Load()
	if ask("of user 0"); source.requests.Load() != requests {
		t.Error("what was used again and again was forgotten")
	}
	if ask("of user 1"); source.requests.Load() == requests {
		t.Error("nothing was forgotten")
	}
}
