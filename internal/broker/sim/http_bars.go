package sim

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const (
	usualItems  = 1000
	mostItems   = 10_000 // over all symbols of a request
	mostSymbols = 1000
)

// sipDelay is how old SIP data must be on the free plan (RULES 7).
const sipDelay = 15 * time.Minute

var tooRecent = &refusal{status: http.StatusForbidden, message: "subscription does not permit querying recent SIP data"}

// span is the part of a request for market data that every kind shares.
type span struct {
	symbols    []string
	from, to   time.Time // both inclusive
	limit      int
	descending bool
	token      pageToken
}

// span reads symbols (or the one of the path), start (the beginning of today when not given), end
// (now), limit, sort, feed and page_token. The errors of the data API carry a message only.
func (c *call) span() (s span, err error) {
	if s.symbols, err = c.dataSymbols(); err != nil {
		return s, err
	}
	ascending, sortErr := c.ascending("sort", true)
	limit, limitErr := c.limit("limit", usualItems, mostItems)
	from, fromErr := c.moment("start")
	to, toErr := c.lastMoment("end")
	if err := errors.Join(sortErr, limitErr, fromErr, toErr); err != nil {
		return s, badData("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	s.descending, s.limit, s.from, s.to = !ascending, limit, from, to
	if s.from.IsZero() {
		s.from = market.Day(c.now)
	}
	if s.to, err = c.feedEnd(s.to); err != nil {
		return s, err
	}
	if s.to.Before(s.from) && !to.IsZero() {
		return s, badData("end should not be before start")
	}
	if asOf := c.query.Get("asof"); asOf != "" && asOf != "-" {
		if _, err := time.Parse(time.DateOnly, asOf); err != nil {
			return s, badData("invalid asof: use YYYY-MM-DD or -")
		}
	}
	s.token, err = parseToken(c.query.Get("page_token"))
	return s, err
}

// lastMoment reads a time or a day, which stands for its end.
func (c *call) lastMoment(name string) (time.Time, error) {
	at, isDay, refused := momentOf(name, c.query.Get(name))
	switch {
	case refused != nil:
		return at, refused
	case isDay:
		at = at.AddDate(0, 0, 1).Add(-time.Nanosecond)
	}
	return at, nil
}

// feedEnd is the end of a request by its feed: on the free plan SIP data ends a quarter of an
// hour ago, and an end after that is refused when it was asked for.
func (c *call) feedEnd(end time.Time) (time.Time, error) {
	feed := c.query.Get("feed")
	if feed != "" && !oneOf(feed, "sip iex otc boats") {
		return end, badData("invalid feed: %.20s", feed)
	}
	known := c.now
	if c.config.FreePlan && (feed == "" || feed == "sip") {
		known = c.now.Add(-sipDelay)
		if feed == "sip" && end.After(known) {
			return end, tooRecent
		}
	}
	if end.IsZero() || end.After(known) {
		return known, nil
	}
	return end, nil
}

// dataSymbols are the request's symbols in alphabetical order.
func (c *call) dataSymbols() ([]string, error) {
	if currency := c.query.Get("currency"); currency != "" && currency != "USD" {
		return nil, badData("currency %.3s is not available: the simulator knows USD only", currency)
	}
	if symbol, single := c.path["symbol"]; single {
		return []string{symbol}, nil
	}
	symbols := c.list("symbols")
	if len(symbols) == 0 || len(symbols) > mostSymbols {
		return nil, badData("symbols is required: 1 to %d, separated by commas", mostSymbols)
	}
	slices.Sort(symbols)
	return symbols, nil
}

// page is one page of anything that has symbols and moments.
type page[T any] struct {
	symbols []string // those with items
	items   map[string][]T
	count   int
	next    *string
}

// readPage reads by symbol, then by time, at most limit items in all. read returns up to limit
// items of one symbol.
func readPage[T any](s span, at func(T) time.Time, read func(symbol string, part span) []T) page[T] {
	p := page[T]{items: map[string][]T{}}
	for _, symbol := range s.symbols {
		if symbol < s.token.symbol {
			continue
		}
		part := s.token.resume(symbol, s)
		room := s.limit - p.count
		part.limit = room + 1 // one more tells where the next page begins
		items := read(symbol, part)
		if len(items) > room {
			next := pageToken{symbol, at(items[room])}.String()
			p.next, items = &next, items[:room]
		}
		if len(items) > 0 {
			p.symbols, p.items[symbol] = append(p.symbols, symbol), items
			p.count += len(items)
		}
		if p.next != nil {
			break
		}
	}
	return p
}

func listBars(c *call) (answer, error) {
	s, err := c.span()
	if err != nil {
		return answer{}, err
	}
	f, err := parseFrame(c.query.Get("timeframe"))
	if err != nil {
		return answer{}, badData("%s", err)
	}
	adjusted, err := parseAdjustment(c.query.Get("adjustment"))
	if err != nil {
		return answer{}, badData("%s", err)
	}
	p := readPage(s, func(b trade.Bar) time.Time { return b.Start }, func(symbol string, part span) []trade.Bar {
		return readBars(c.config.Market, symbol, barRange{
			frame: f, adjustment: adjusted, from: part.from, to: part.to, now: c.now, limit: part.limit, descending: part.descending,
		})
	})
	content := encodePage(p, c.path["symbol"])
	for _, bars := range p.items {
		recycle(bars)
	}
	return ok(content)
}

// latestNow is the moment as of which a latest answer is given. The best feed of the plan is the
// default.
func (c *call) latestNow() (time.Time, error) {
	switch feed := c.query.Get("feed"); {
	case feed == "delayed_sip":
		return c.now.Add(-sipDelay), nil
	case feed != "" && !oneOf(feed, "sip iex otc boats overnight"):
		return time.Time{}, badData("invalid feed: %.20s", feed)
	case feed == "sip" && c.config.FreePlan:
		return time.Time{}, tooRecent
	default:
		return c.now, nil
	}
}

// latest answers for the newest item of each symbol, under the name; of a single symbol beside it.
func latest[T any](name string, read func(c *call, symbol string, now time.Time) (T, bool)) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		found, err := newest(c, name, read)
		if err != nil {
			return answer{}, err
		}
		single, isSingle := c.path["symbol"]
		if !isSingle {
			return ok(map[string]any{name + "s": found})
		}
		return ok(map[string]any{name: found[single], "symbol": single})
	}
}

// newest reads the newest item of each symbol that has one; the single symbol of a path must.
func newest[T any](c *call, name string, read func(c *call, symbol string, now time.Time) (T, bool)) (map[string]T, error) {
	symbols, err := c.dataSymbols()
	if err != nil {
		return nil, err
	}
	now, err := c.latestNow()
	if err != nil {
		return nil, err
	}
	found := map[string]T{}
	for _, symbol := range symbols {
		if item, ok := read(c, symbol, now); ok {
			found[symbol] = item
		}
	}
	if single, isSingle := c.path["symbol"]; isSingle && len(found) == 0 {
		return nil, &refusal{status: http.StatusNotFound, message: "no " + name + " found for " + clip(single, 40)}
	}
	return found, nil
}

func latestBar(c *call, symbol string, now time.Time) (wire.Bar, bool) {
	b, ok := latestMinute(c.config.Market, symbol, now)
	return barView(b), ok
}

func barView(b trade.Bar) wire.Bar {
	return wireBar(b.Start, b.Open, b.High, b.Low, b.Close, b.Volume)
}
