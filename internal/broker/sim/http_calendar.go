package sim

import (
	"net/http"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

func getClock(c *call) (answer, error) { return ok(c.clockShown(c.now)) }

// The days that Alpaca's calendar knows (RULES 11).
var (
	calendarFirst = time.Date(1970, time.January, 1, 0, 0, 0, 0, market.NewYork)
	calendarLast  = time.Date(2029, time.December, 31, 0, 0, 0, 0, market.NewYork)
)

const longestSettlementDays = 10 // calendar days from a trade to its settlement, at most

// listCalendar lists sessions by their own date, or by that of their settlement.
func listCalendar(c *call) (answer, error) {
	start, end, err := c.period("start", "end")
	if err != nil {
		return answer{}, err
	}
	if end.IsZero() {
		end = calendarLast
	}
	start, end = later(start, calendarFirst), earlier(end, calendarLast)
	bySettlement := false
	switch c.query.Get("date_type") {
	case "", "TRADING":
	case "SETTLEMENT":
		bySettlement = true
	default:
		return answer{}, invalidParameter("date_type must be TRADING or SETTLEMENT")
	}
	days := []wire.CalendarDay{}
	first := start
	if bySettlement {
		first = start.AddDate(0, 0, -longestSettlementDays)
	}
	for _, session := range market.Sessions(first, end) {
		settles := market.Settlement(session)
		if bySettlement && (settles.Before(market.Day(start)) || settles.After(market.Day(end))) {
			continue
		}
		session.Close = c.faults.closing(session)
		days = append(days, calendarView(session))
	}
	return ok(days)
}

// usMarkets are the exchanges of stocks that keep NYSE's sessions, by their names in version 3.
var usMarkets = map[string]wire.Market{
	"NYSE":   {Acronym: "NYSE", MIC: "XNYS", Name: "New York Stock Exchange"},
	"NASDAQ": {Acronym: "NASDAQ", MIC: "XNAS", Name: "National Association of Securities Dealers Automated Quotations"},
	"IEX":    {Acronym: "IEX", MIC: "IEXG", Name: "Investors Exchange"},
	"OTC":    {Acronym: "OTC", MIC: "OTCM", Name: "OTC Markets"},
}

func usMarket(name string) (wire.Market, bool) {
	for acronym, found := range usMarkets {
		if name == acronym || name == found.MIC {
			found.Timezone = market.NewYork.String()
			return found, true
		}
	}
	return wire.Market{}, false
}

func unknownMarket(name string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: codeUndecodable, message: "unknown market: " + name[:min(len(name), 40)]}
}

// getMarketClocks is version 3 of the clock, for the asked time or now.
func getMarketClocks(c *call) (answer, error) {
	names := c.list("markets")
	if len(names) == 0 {
		names = []string{"NYSE"}
	}
	at, err := c.moment("time")
	if err != nil {
		return answer{}, err
	}
	if at.IsZero() {
		at = c.now
	}
	clocks := wire.MarketClocks{Clocks: []wire.MarketClock{}}
	for _, name := range names {
		asked, known := usMarket(name)
		if !known {
			return answer{}, unknownMarket(name)
		}
		clocks.Clocks = append(clocks.Clocks, c.marketClockView(asked, at, c.clockShown(at)))
	}
	return ok(clocks)
}

func (c *call) marketClockView(asked wire.Market, at time.Time, plain wire.Clock) wire.MarketClock {
	phase, until := c.phaseAt(at)
	_, trades := market.SessionOn(at)
	return wire.MarketClock{
		IsMarketDay: trades, Market: asked, Timestamp: plain.Timestamp,
		NextMarketOpen: plain.NextOpen, NextMarketClose: plain.NextClose,
		Phase: phase, PhaseUntil: until.In(market.NewYork),
	}
}

// phaseAt is the part of the trading day at the moment, and its end.
func (c *call) phaseAt(at time.Time) (phase string, until time.Time) {
	if session, ok := market.SessionOn(at); ok {
		session.Close = c.faults.closing(session)
		wide := extend(session)
		switch {
		case at.Before(wide.Open):
			return "closed", wide.Open
		case at.Before(session.Open):
			return "pre", session.Open
		case at.Before(session.Close):
			return "core", session.Close
		case at.Before(wide.Close):
			return "post", wide.Close
		}
	}
	return "closed", extend(market.NextSession(at)).Open
}

// getMarketCalendar is version 3 of the calendar: a week from start on unless end says otherwise.
func getMarketCalendar(c *call) (answer, error) {
	asked, known := usMarket(c.path["market"])
	if !known {
		return answer{}, unknownMarket(c.path["market"])
	}
	start, end, err := c.period("start", "end")
	if err != nil {
		return answer{}, err
	}
	if start.IsZero() {
		start = market.Day(c.now)
	}
	if end.IsZero() {
		end = start.AddDate(0, 0, 7)
	}
	zone := market.NewYork
	switch c.query.Get("timezone") {
	case "":
	case "UTC":
		zone = time.UTC
	default:
		return answer{}, &refusal{status: http.StatusBadRequest, code: codeUndecodable, message: "timezone must be UTC"}
	}
	calendar := wire.MarketCalendar{Calendar: []wire.MarketDay{}, Market: asked}
	for _, session := range market.Sessions(later(start, calendarFirst), earlier(end, calendarLast)) {
		session.Close = c.faults.closing(session)
		calendar.Calendar = append(calendar.Calendar, marketDayView(session, zone))
	}
	return ok(calendar)
}

func marketDayView(session market.Session, zone *time.Location) wire.MarketDay {
	wide := extend(session)
	return wire.MarketDay{
		Date: session.Date.Format(time.DateOnly), SettlementDate: market.Settlement(session).Format(time.DateOnly),
		PreStart: wide.Open.In(zone), PreEnd: session.Open.In(zone), CoreStart: session.Open.In(zone),
		CoreEnd: session.Close.In(zone), PostStart: session.Close.In(zone), PostEnd: wide.Close.In(zone),
	}
}
