package sim

import (
	"math"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// fakeSymbol is what /v2/test shows.
const fakeSymbol = "FAKEPACA"

// fakeEvery is the machine time between two of its prints.
const fakeEvery = time.Second

// fakeTicker is the stock that always trades, by the machine's time: a slow wave around 150 dollars.
type fakeTicker struct{ machine clock.Clock }

func (f fakeTicker) now() time.Time { return f.machine.Now().UTC() }

func (f fakeTicker) moved() <-chan struct{} {
	moved := make(chan struct{})
	now := f.now()
	time.AfterFunc(now.Truncate(fakeEvery).Add(fakeEvery).Sub(now), func() { close(moved) })
	return moved
}

func (f fakeTicker) symbols() []string { return []string{fakeSymbol} }

func (f fakeTicker) exchange(string) (letter, tape string) { return "V", "C" }

func (f fakeTicker) prints(_ string, after, until time.Time) (found []Print) {
	after = later(after, until.Add(-time.Minute))
	for at := after.Truncate(fakeEvery).Add(fakeEvery); !at.After(until); at = at.Add(fakeEvery) {
		found = append(found, f.print(at))
	}
	return found
}

func (f fakeTicker) print(at time.Time) Print {
	angle := 2 * math.Pi * float64(at.Unix()%600) / 600
	return Print{At: at, Price: math.Round(15000+500*math.Sin(angle)) / 100}
}

func (f fakeTicker) closedMinutes(_ string, after, until time.Time) (closed []trade.Bar) {
	after = later(after, until.Add(-time.Hour))
	for end := after.Truncate(time.Minute).Add(time.Minute); !end.After(until); end = end.Add(time.Minute) {
		closed = append(closed, f.bar(end.Add(-time.Minute), end))
	}
	return closed
}

// bar joins the prints of [start, end).
func (f fakeTicker) bar(start, end time.Time) trade.Bar {
	first := f.print(start)
	bar := trade.Bar{Start: start, End: end, Open: first.Price, High: first.Price, Low: first.Price}
	for at := start; at.Before(end); at = at.Add(fakeEvery) {
		price := f.print(at).Price
		bar.High, bar.Low, bar.Close = max(bar.High, price), min(bar.Low, price), price
		bar.Volume += 100
	}
	return bar
}

func (f fakeTicker) daily(_ string, now time.Time) (trade.Bar, bool) {
	start := now.Truncate(24 * time.Hour)
	return f.bar(start, now), now.After(start)
}

func (f fakeTicker) halts(string, interval) []halt { return nil }

func (f fakeTicker) revisions(string, interval) []revision { return nil }

func (f fakeTicker) lastFault() int { return 0 }

// tickerOf is the ticker of a feed.
func (s *Simulator) tickerOf(feed string) ticker {
	if feed == "test" {
		return fakeTicker{s.config.Machine}
	}
	return marketTicker{s}
}
