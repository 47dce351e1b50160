package market

import (
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

const (
	// overlap is how many kept bars every request for newer ones asks for again.
	overlap = 3
	// spare is how many bars are kept beyond what was needed most, for askers whose clock is behind.
	spare = 10
	// lateness is how long after its end a bar may still come; askAgain is how often it is asked for
	// until then. A symbol without a trade in the interval never gets one.
	lateness = 30 * time.Second
	askAgain = 2 * time.Second
	// checkEvery is how often the oldest kept bar is compared with the source.
	checkEvery = 2 * time.Hour
	// backwards is how far the market's time may lie before the last request; more than that means
	// that it was set back.
	backwards = 24 * time.Hour
)

// series is one symbol's unbroken run of closed bars, as the source gave it. It never changes.
type series struct {
	bars    []trade.Bar
	asked   time.Time // market time of the last request; zero: not since the start of the program
	checked time.Time // market time at which the oldest bar was last the same as the source's
	most    int       // the largest need so far
	whole   bool      // the source has nothing before the first bar
}

func (s *series) weight() int { return len(s.bars) + emptyWeight }

// want is what somebody needs at a moment of the market.
type want struct {
	need int
	now  time.Time
	// last is the latest moment up to now at which a bar may have closed, expected the end of the
	// bar that a symbol which trades all the time has.
	last, expected time.Time
}

func newWant(timeframe trade.Timeframe, need int, now time.Time) want {
	return want{need, now, lastBoundary(timeframe, now), lastExpected(timeframe, now)}
}

// enough reports whether the run reaches far enough back.
func (s *series) enough(w want) bool {
	return s.whole || len(upTo(s.bars, w.now)) >= w.need
}

// serves reports whether the source would give nothing that matters and is not in the series.
func (s *series) serves(w want) bool {
	if s.asked.Before(w.last) || s.asked.Sub(w.now) > backwards || !s.enough(w) {
		return false
	}
	bars := upTo(s.bars, w.now)
	if len(bars) > 0 && !bars[len(bars)-1].End.Before(w.expected) {
		return true
	}
	return !s.asked.Before(w.expected.Add(lateness)) || w.now.Sub(s.asked) < askAgain
}

// answer is what the asker gets of the series.
func (s *series) answer(w want) []trade.Bar { return tail(upTo(s.bars, w.now), w.need) }

// since is the first bar to ask for again; a symbol without bars is asked for since the last time.
func (s *series) since() time.Time {
	if len(s.bars) == 0 {
		return s.asked.Add(-backwards)
	}
	return s.bars[max(0, len(s.bars)-overlap)].Start
}

// unchecked reports whether the oldest bar must be compared with the source's. Every request
// compares the newest ones, which shows a split that re-adjusts them; one that the source applies
// to its history only after the first bar of its day was fetched shows in the oldest bar alone.
func (s *series) unchecked(now time.Time) bool {
	return len(s.bars) > overlap && (now.Sub(s.checked) >= checkEvery || !Day(now).Equal(Day(s.checked)))
}

// extended is the series with fresh closed bars, which begin with the kept ones since s.since();
// news are those that were not kept, or otherwise. ok is false when the oldest of the overlap is
// not what was kept: history has changed, and is fetched anew. Newer ones may be corrected by late
// trades.
func (s *series) extended(fresh []trade.Bar, w want) (grown *series, news []trade.Bar, ok bool) {
	at := max(0, len(s.bars)-overlap)
	kept := s.bars[at:]
	if len(fresh) < len(kept) || len(kept) > 0 && !same(kept[0], fresh[0]) {
		return nil, nil, false
	}
	for i, bar := range fresh {
		if i >= len(kept) || bar != kept[i] {
			news = append(news, bar)
		}
	}
	grown = &series{asked: w.now, checked: s.checked, most: max(s.most, w.need), whole: s.whole}
	if len(news) == 0 {
		grown.bars = s.bars
		return grown, nil, true
	}
	grown.bars = append(append(make([]trade.Bar, 0, at+len(fresh)), s.bars[:at]...), fresh...)
	grown.trim()
	return grown, news, true
}

// trim drops what nobody needs any more.
func (s *series) trim() {
	if longest := s.most + spare; len(s.bars) > longest {
		s.bars, s.whole = append([]trade.Bar(nil), tail(s.bars, longest)...), false
	}
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
