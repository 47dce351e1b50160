package sim

import (
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const (
	usualBars   = 1000
	mostBars    = 10_000
	mostSymbols = 1000
)

func getClock(c *call) (answer, error) {
	view := clockView(c.now)
	if session := market.LatestSession(c.now); session.Contains(c.now) {
		closing := c.faults.closing(session)
		view.IsOpen, view.NextClose = c.now.Before(closing), closing.In(market.NewYork)
		if !view.IsOpen {
			view.NextClose = market.NextSession(c.now).Close.In(market.NewYork)
		}
	}
	view.Timestamp = view.Timestamp.Add(c.faults.skew(c.key()))
	return ok(view)
}

// The days that Alpaca's calendar knows (RULES 11).
var (
	calendarFirst = time.Date(1970, time.January, 1, 0, 0, 0, 0, market.NewYork)
	calendarLast  = time.Date(2029, time.December, 31, 0, 0, 0, 0, market.NewYork)
)

func listCalendar(c *call) (answer, error) {
	start, err := c.moment("start")
	if err != nil {
		return answer{}, err
	}
	end, err := c.moment("end")
	if err != nil {
		return answer{}, err
	}
	if end.IsZero() {
		end = calendarLast
	}
	days := []wire.CalendarDay{}
	for _, session := range market.Sessions(later(start, calendarFirst), earlier(end, calendarLast)) {
		session.Close = c.faults.closing(session)
		days = append(days, calendarView(session))
	}
	return ok(days)
}

func listAssets(c *call) (answer, error) {
	assets := []wire.Asset{}
	for _, asset := range c.exchange.listed {
		if c.wants("status", asset.Status) && c.wants("asset_class", asset.Class) && c.wants("exchange", asset.Exchange) {
			assets = append(assets, asset)
		}
	}
	return ok(assets)
}

// wants reports whether the parameter is not given, all, or the value.
func (c *call) wants(name, value string) bool {
	asked := c.query.Get(name)
	return asked == "" || asked == "all" || asked == value
}

func getAsset(c *call) (answer, error) {
	asset, known := c.exchange.asset(c.path["asset"])
	if !known {
		return answer{}, notFound("asset not found for %.40s", c.path["asset"])
	}
	return ok(asset)
}

func listBars(c *call) (answer, error) {
	symbols := c.list("symbols")
	if len(symbols) == 0 || len(symbols) > mostSymbols {
		return answer{}, badData("symbols is required: 1 to %d, separated by commas", mostSymbols)
	}
	page, next, err := c.page(symbols)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.Bars{Bars: page, NextPageToken: next})
}

func listSymbolBars(c *call) (answer, error) {
	symbol := c.path["symbol"]
	page, next, err := c.page([]string{symbol})
	if err != nil {
		return answer{}, err
	}
	bars := page[symbol]
	if bars == nil {
		bars = []wire.Bar{}
	}
	return ok(wire.SymbolBars{Bars: bars, Symbol: symbol, NextPageToken: next})
}

// page reads one page of bars: by symbol, then by time, at most limit in all.
func (c *call) page(symbols []string) (map[string][]wire.Bar, *string, error) {
	wanted, err := c.barRange()
	if err != nil {
		return nil, nil, err
	}
	token, err := parseToken(c.query.Get("page_token"))
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(symbols)
	page, room := map[string][]wire.Bar{}, wanted.limit
	for _, symbol := range symbols {
		if symbol < token.symbol {
			continue
		}
		r := token.resume(symbol, wanted)
		r.limit = room + 1 // one more tells where the next page begins
		bars := readBars(c.config.Market, symbol, r)
		if len(bars) > room {
			next := pageToken{symbol, bars[room].Start}.String()
			return addBars(page, symbol, bars[:room]), &next, nil
		}
		page, room = addBars(page, symbol, bars), room-len(bars)
	}
	return page, nil, nil
}

func addBars(page map[string][]wire.Bar, symbol string, bars []trade.Bar) map[string][]wire.Bar {
	for _, b := range bars {
		page[symbol] = append(page[symbol], wireBar(b.Start, b.Open, b.High, b.Low, b.Close, b.Volume))
	}
	return page
}

// barRange reads timeframe, start (the beginning of today when not given), end (now), limit and
// sort. The errors of the data API carry a message only.
func (c *call) barRange() (r barRange, err error) {
	f, err := parseFrame(c.query.Get("timeframe"))
	if err != nil {
		return r, badData("%s", err)
	}
	r = barRange{frame: f, now: c.now}
	ascending, sortErr := c.ascending("sort", true)
	limit, limitErr := c.limit("limit", usualBars, mostBars)
	from, fromErr := c.moment("start")
	to, toErr := c.moment("end")
	if err := errors.Join(sortErr, limitErr, fromErr, toErr); err != nil {
		return r, badData("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	r.descending, r.limit, r.from, r.to = !ascending, limit, from, to
	if r.from.IsZero() {
		r.from = market.Day(c.now)
	}
	if r.to.IsZero() {
		r.to = c.now
	}
	if r.to.Before(r.from) {
		return r, badData("end should not be before start")
	}
	return r, nil
}

// pageToken names the first bar of the next page.
type pageToken struct {
	symbol string
	start  time.Time
}

func (t pageToken) String() string {
	return base64.URLEncoding.EncodeToString([]byte(t.symbol + "|" + strconv.FormatInt(t.start.Unix(), 10)))
}

func parseToken(text string) (pageToken, error) {
	if text == "" {
		return pageToken{}, nil
	}
	decoded, err := base64.URLEncoding.DecodeString(text)
	symbol, second, parted := strings.Cut(string(decoded), "|")
	unix, numberErr := strconv.ParseInt(second, 10, 64)
	if err != nil || !parted || numberErr != nil {
		return pageToken{}, badData("invalid page_token")
	}
	return pageToken{symbol, time.Unix(unix, 0).UTC()}, nil
}

// resume narrows the range to what the token leaves of the symbol.
func (t pageToken) resume(symbol string, r barRange) barRange {
	switch {
	case symbol != t.symbol:
	case r.descending:
		r.to = earlier(r.to, t.start)
	default:
		r.from = later(r.from, t.start)
	}
	return r
}

func listLatestBars(c *call) (answer, error) {
	symbols := c.list("symbols")
	if len(symbols) == 0 || len(symbols) > mostSymbols {
		return answer{}, badData("symbols is required: 1 to %d, separated by commas", mostSymbols)
	}
	latest := map[string]wire.Bar{}
	for _, symbol := range symbols {
		if b, ok := latestMinute(c.config.Market, symbol, c.now); ok {
			latest[symbol] = wireBar(b.Start, b.Open, b.High, b.Low, b.Close, b.Volume)
		}
	}
	return ok(wire.LatestBars{Bars: latest})
}

func getLatestBar(c *call) (answer, error) {
	symbol := c.path["symbol"]
	b, known := latestMinute(c.config.Market, symbol, c.now)
	if !known {
		return answer{}, &refusal{status: http.StatusNotFound, message: "no bar found for " + symbol}
	}
	return ok(wire.LatestBar{Bar: wireBar(b.Start, b.Open, b.High, b.Low, b.Close, b.Volume), Symbol: symbol})
}

// simulatorClock is the state of the simulator's own clock.
type simulatorClock struct {
	Now    time.Time `json:"now"`
	Pace   string    `json:"pace"` // held, real, or how many times as fast as real time
	IsOpen bool      `json:"is_open"`
}

func getSimulatorClock(c *call) (answer, error) {
	return ok(c.clockOverview())
}

// advanceClock moves the market's time: {"to": "2020-06-02T20:00:00Z"}.
func advanceClock(c *call) (answer, error) {
	var request struct {
		To time.Time `json:"to"`
	}
	if err := c.decode(&request); err != nil {
		return answer{}, err
	}
	if request.To.IsZero() {
		return answer{}, invalidParameter(`to is required, such as {"to": "2020-06-02T20:00:00Z"}`)
	}
	err := c.Advance(request.To)
	if fault.Is(err, fault.Invalid) {
		return answer{}, invalidParameter("%s", fault.Public(err))
	}
	if err != nil {
		return answer{}, err
	}
	return getSimulatorClock(c)
}
