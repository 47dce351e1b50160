package sim

import (
	"sort"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// point is one price on a symbol's way through a day, as orders meet it.
//
// A bar that rose is taken to have gone from its open to its low, its high and its close, one that
// fell to its high, its low and its close. The open is known when the bar begins; the rest is known
// when it ends, and happens then in that order.
type point struct {
	at     time.Time
	begin  time.Time // of the bar that it belongs to; at for a print that stands alone
	price  float64
	volume float64 // shares traded since the point before
	rank   uint8   // order among points at one moment
	inside bool    // an extreme of a bar: prices passed there, but nobody knows when
	gap    bool    // the price jumped here; otherwise it passed all prices since the point before
}

// The ranks of points at one moment: what ends there comes before what begins there.
const (
	rankFirstExtreme uint8 = iota
	rankSecondExtreme
	rankClose
	rankOpen
	rankAll // beyond every point
)

const partsOfABar = 4 // open, two extremes, close: each stands for as much of the bar's volume

// pathMarket is a Market that knows its prints better than its bars tell them.
type pathMarket interface {
	// appendPath appends the symbol's points of [from, to], which lie on one New York day.
	appendPath(points []point, symbol string, from, to time.Time) []point
}

// pathOf appends the symbol's points of [from, to], which lie on one New York day: the market's
// own, or those of its minute bars, or on a day without any those of its daily bar.
func pathOf(source Market, points []point, symbol string, from, to time.Time) []point {
	if known, ok := source.(pathMarket); ok {
		return known.appendPath(points, symbol, from, to)
	}
	whole := market.Day(from).AddDate(0, 0, 1) // the exchange may know what its clients may not
	minutes := source.AppendMinutes(nil, symbol, from, whole)
	for _, bar := range minutes {
		points = appendBarPoints(points, bar, from, to)
	}
	if len(minutes) > 0 {
		return points
	}
	session, ok := market.SessionOn(from)
	if !ok {
		return points
	}
	if day, known := source.Daily(symbol, session.Date, whole); known {
		day.Start, day.End = session.Open, session.Close
		points = appendBarPoints(points, day, from, to)
	}
	return points
}

// appendBarPoints appends the bar's points of [from, to].
func appendBarPoints(points []point, bar trade.Bar, from, to time.Time) []point {
	if bar.End.Before(from) || bar.Start.After(to) {
		return points
	}
	share := bar.Volume / partsOfABar
	if !bar.Start.Before(from) {
		points = append(points, point{at: bar.Start, begin: bar.Start, price: bar.Open, volume: share, rank: rankOpen, gap: true})
	}
	if bar.End.After(to) {
		return points
	}
	first, second := bar.Low, bar.High
	if bar.Close < bar.Open {
		first, second = second, first
	}
	return append(points,
		point{at: bar.End, begin: bar.Start, price: first, volume: share, rank: rankFirstExtreme, inside: true},
		point{at: bar.End, begin: bar.Start, price: second, volume: share, rank: rankSecondExtreme, inside: true},
		point{at: bar.End, begin: bar.Start, price: bar.Close, volume: share, rank: rankClose})
}

// appendPath appends the prints of [from, to].
func (m *synthetic) appendPath(points []point, symbol string, from, to time.Time) []point {
	session, ok := market.SessionOn(from)
	if !ok || to.Before(session.Open) {
		return points
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	day := m.tapeOf(symbol, session)
	if day == nil {
		return points
	}
	first := int((later(from, session.Open).Sub(session.Open) + printEvery - 1) / printEvery)
	for i := first; i < day.printsBy(session, to); i++ {
		print := day.print(session, i)
		points = append(points, point{
			at: print.At, begin: print.At, price: print.Price, rank: rankOpen, gap: i == 0,
			volume: day.volumes[i/printsPerMinute] / float64(printsPerMinute),
		})
	}
	return points
}

// appendPath appends the points of the bars: minute bars, or on a day without any the daily bar.
func (m *csvMarket) appendPath(points []point, symbol string, from, to time.Time) []point {
	before := len(points)
	minutes, daily := m.minute[symbol], m.daily[symbol]
	if minutes != nil {
		points = minutes.appendPath(points, from, to)
		if len(points) > before || daily == nil || minutes.trades(market.Day(from)) {
			return points
		}
	}
	if daily != nil {
		points = daily.appendPath(points, from, to)
	}
	return points
}

func (s *series) appendPath(points []point, from, to time.Time) []point {
	for i := s.firstEnding(from); i < len(s.rows) && s.rows[i].opens <= to.Unix(); i++ {
		points = appendBarPoints(points, s.rows[i].whole(), from, to)
	}
	return points
}

// firstEnding is the index of the first row that ends at or after the moment.
func (s *series) firstEnding(from time.Time) int {
	return sort.Search(len(s.rows), func(i int) bool { return !time.Unix(s.rows[i].closes, 0).Before(from) })
}

// whole is the row as its bar is known in the end.
func (r row) whole() trade.Bar { return r.bar(time.Unix(r.closes, 0)) }

// trades reports whether the series has a bar on the day.
func (s *series) trades(midnight time.Time) bool {
	i := s.firstFrom(midnight.Unix())
	return i < len(s.rows) && s.rows[i].opens < midnight.AddDate(0, 0, 1).Unix()
}
