package sim

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
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

// pageToken names the first item of the next page.
type pageToken struct {
	symbol string
	start  time.Time
}

func (t pageToken) String() string {
	return base64.URLEncoding.EncodeToString([]byte(t.symbol + "|" + strconv.FormatInt(t.start.UnixNano(), 10)))
}

func parseToken(text string) (pageToken, error) {
	if text == "" {
		return pageToken{}, nil
	}
	decoded, err := base64.URLEncoding.DecodeString(text)
	symbol, moment, parted := strings.Cut(string(decoded), "|")
	nano, numberErr := strconv.ParseInt(moment, 10, 64)
	if err != nil || !parted || numberErr != nil {
		return pageToken{}, badData("invalid page_token")
	}
	return pageToken{symbol, time.Unix(0, nano).UTC()}, nil
}

// resume narrows the range to what the token leaves of the symbol.
func (t pageToken) resume(symbol string, r span) span {
	switch {
	case symbol != t.symbol:
	case r.descending:
		r.to = earlier(r.to, t.start)
	default:
		r.from = later(r.from, t.start)
	}
	return r
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
