package sim

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// The synthetic market prints every printEvery in regular sessions; bars of every length are
// exact aggregates of these prints.
const (
	printEvery      = 5 * time.Second
	printsPerMinute = int(time.Minute / printEvery)
	cachedDays      = 96 // at most 19 KB each
)

// The sessions that the synthetic market can show.
var (
	syntheticFirst = time.Date(2016, time.January, 4, 0, 0, 0, 0, market.NewYork)
	syntheticLast  = time.Date(2199, time.December, 31, 0, 0, 0, 0, market.NewYork)
)

// synthetic is an invented market under real names. Its prices are a pure function of the seed:
// a chain of days (drift, clusters of volatility, gaps, a pull towards the trend) and, within
// each day, a bridge from open to close with swings on it.
type synthetic struct {
	seed   uint64
	assets []wire.Asset

	mu       sync.Mutex
	chains   map[string]*chain
	sessions []market.Session // from syntheticFirst on, as far as anybody has looked
	days     map[dayKey]*tape
	recent   []dayKey  // keys of days, least recently used first
	path     []float64 // room for drawing a tape
}

type dayKey struct {
	symbol string
	index  int // of the session since syntheticFirst
}

// tape is one session's prints of one symbol, in cents.
type tape struct {
	cents   []int32
	volumes []float64 // shares a minute
}

// NewSynthetic returns the invented market of the seed. The same seed gives the same prices on
// every machine and in any order of asking.
func NewSynthetic(seed uint64) Market {
	m := &synthetic{seed: seed, chains: map[string]*chain{}, days: map[dayKey]*tape{}}
	for _, c := range companies {
		m.assets = append(m.assets, newAsset(c.symbol, c.name, c.exchange))
		m.chains[c.symbol] = newChain(seed, c)
	}
	slices.SortFunc(m.assets, func(a, b wire.Asset) int { return strings.Compare(a.Symbol, b.Symbol) })
	return m
}

func (m *synthetic) Name() string         { return fmt.Sprintf("synthetic seed %d", m.seed) }
func (m *synthetic) Assets() []wire.Asset { return m.assets }

func (m *synthetic) Span(symbol string) (first, last time.Time) {
	if _, ok := m.chains[symbol]; !ok {
		return time.Time{}, time.Time{}.Add(-time.Hour)
	}
	return syntheticFirst, syntheticLast
}

func (m *synthetic) AppendMinutes(bars []trade.Bar, symbol string, t, now time.Time) []trade.Bar {
	session, ok := market.SessionOn(t)
	if !ok || now.Before(session.Open) {
		return bars
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	day := m.tapeOf(symbol, session)
	if day == nil {
		return bars
	}
	seen := day.printsBy(session, now)
	for first := 0; first < seen; first += printsPerMinute {
		bars = append(bars, day.minute(session, first, seen))
	}
	return bars
}

func (m *synthetic) Daily(symbol string, t, now time.Time) (trade.Bar, bool) {
	session, ok := market.SessionOn(t)
	if !ok || now.Before(session.Open) {
		return trade.Bar{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	link := m.linkOf(symbol, session)
	if link == nil {
		return trade.Bar{}, false
	}
	if now.Before(session.Close) {
		day := m.tapeOf(symbol, session)
		return day.daily(session, day.printsBy(session, now)), true
	}
	if link.high == 0 {
		day := m.tapeOf(symbol, session)
		whole := day.daily(session, len(day.cents))
		link.high, link.low, link.volume = cents(whole.High), cents(whole.Low), whole.Volume
	}
	return trade.Bar{
		Start: session.Date.UTC(), End: session.Close, Volume: link.volume,
		Open: dollars(link.open), High: dollars(link.high), Low: dollars(link.low), Close: dollars(link.close),
	}, true
}

func (m *synthetic) FirstPrint(symbol string, from, to time.Time) (Print, bool) {
	session, ok := market.SessionOn(to)
	if !ok {
		return Print{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	day := m.tapeOf(symbol, session)
	if day == nil {
		return Print{}, false
	}
	index := int((later(from, session.Open).Sub(session.Open) + printEvery - 1) / printEvery)
	if index >= len(day.cents) {
		return Print{}, false
	}
	found := day.print(session, index)
	return found, !found.At.After(to)
}

func (m *synthetic) LastPrint(symbol string, at time.Time) (Print, bool) {
	if at.Before(syntheticFirst.Add(12 * time.Hour)) {
		return Print{}, false
	}
	session := market.LatestSession(at)
	m.mu.Lock()
	defer m.mu.Unlock()
	link := m.linkOf(symbol, session)
	if link == nil {
		return Print{}, false
	}
	if !at.Before(session.Close) { // the chain knows the close without the day's tape
		return Print{At: session.Close.Add(-printEvery), Price: dollars(link.close)}, true
	}
	day := m.tapeOf(symbol, session)
	return day.print(session, day.printsBy(session, at)-1), true
}

// linkOf returns the symbol's link of the session, nil when there is none. The lock is held.
func (m *synthetic) linkOf(symbol string, session market.Session) *link {
	c, ok := m.chains[symbol]
	if !ok {
		return nil
	}
	if index := m.indexOf(session); index >= 0 {
		c.extend(m.sessions[:index+1])
		return &c.links[index]
	}
	return nil
}

// indexOf returns the session's place since syntheticFirst, -1 outside the market's span.
func (m *synthetic) indexOf(session market.Session) int {
	if session.Date.Before(syntheticFirst) || session.Date.After(syntheticLast) {
		return -1
	}
	for n := len(m.sessions); n == 0 || m.sessions[n-1].Date.Before(session.Date); n = len(m.sessions) {
		year := syntheticFirst.Year()
		if n > 0 {
			year = m.sessions[n-1].Date.Year() + 1
		}
		first := time.Date(year, time.January, 1, 0, 0, 0, 0, market.NewYork)
		m.sessions = append(m.sessions, market.Sessions(first, first.AddDate(1, 0, -1))...)
	}
	index, found := slices.BinarySearchFunc(m.sessions, session, func(a, b market.Session) int { return a.Date.Compare(b.Date) })
	if !found {
		return -1
	}
	return index
}

// tapeOf returns the symbol's prints of the session, nil when there are none. The lock is held,
// and the tape may be overwritten after it is released.
func (m *synthetic) tapeOf(symbol string, session market.Session) *tape {
	today := m.linkOf(symbol, session)
	if today == nil {
		return nil
	}
	key := dayKey{symbol, m.indexOf(session)}
	day, known := m.days[key]
	if known {
		m.recent = slices.DeleteFunc(m.recent, func(k dayKey) bool { return k == key })
	} else {
		day = m.freeTape()
		m.chains[symbol].draw(day, &m.path, key.index, *today, int(session.Close.Sub(session.Open)/time.Minute))
		m.days[key] = day
	}
	m.recent = append(m.recent, key)
	return day
}

// freeTape returns an empty tape: a new one, or the least recently used.
func (m *synthetic) freeTape() *tape {
	if len(m.recent) < cachedDays {
		return &tape{}
	}
	oldest := m.recent[0]
	m.recent = slices.Delete(m.recent, 0, 1)
	day := m.days[oldest]
	delete(m.days, oldest)
	return day
}

// printsBy is the number of prints that have happened at now.
func (d *tape) printsBy(session market.Session, now time.Time) int {
	if now.Before(session.Open) {
		return 0
	}
	return min(len(d.cents), int(now.Sub(session.Open)/printEvery)+1)
}

func (d *tape) print(session market.Session, index int) Print {
	return Print{At: session.Open.Add(time.Duration(index) * printEvery), Price: dollars(d.cents[index])}
}

// minute joins the prints from first on, as far as seen; the volume grows with them.
func (d *tape) minute(session market.Session, first, seen int) trade.Bar {
	prints := d.cents[first:min(first+printsPerMinute, seen)]
	start := session.Open.Add(time.Duration(first) * printEvery)
	return trade.Bar{
		Start: start, End: start.Add(time.Minute),
		Open: dollars(prints[0]), Close: dollars(prints[len(prints)-1]),
		High: dollars(slices.Max(prints)), Low: dollars(slices.Min(prints)),
		Volume: math.Floor(d.volumes[first/printsPerMinute] * float64(len(prints)) / float64(printsPerMinute)),
	}
}

// daily joins the first seen prints.
func (d *tape) daily(session market.Session, seen int) trade.Bar {
	prints := d.cents[:seen]
	bar := trade.Bar{
		Start: session.Date.UTC(), End: session.Close,
		Open: dollars(prints[0]), Close: dollars(prints[seen-1]),
		High: dollars(slices.Max(prints)), Low: dollars(slices.Min(prints)),
	}
	for first := 0; first < seen; first += printsPerMinute {
		bar.Volume += d.minute(session, first, seen).Volume
	}
	return bar
}

func dollars(c int32) float64   { return float64(c) / 100 }
func cents(price float64) int32 { return int32(math.Round(price * 100)) }
