package sim

import (
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// historyQuery is what a portfolio history is asked for.
type historyQuery struct {
	from, to  time.Time     // both included
	interval  time.Duration // 0: a session
	timeframe string        // as Alpaca spells it in the answer
	reporting string        // market_hours, extended_hours or continuous
	perDay    bool          // profit counts from each day's previous close
	cashflows []string      // activity types; ALL for any
}

var periodForm = regexp.MustCompile(`^([0-9]{1,3})([DWMA])$`)

const (
	longestIntraday = 30 // days that an answer with intervals below a session may hold, as at Alpaca
	longestYears    = 20 // further back than any account goes
	marketHours     = "market_hours"
	extendedHours   = "extended_hours"
	continuous      = "continuous"
)

var historyIntervals = map[string]time.Duration{
	"1Min": time.Minute, "5Min": 5 * time.Minute, "15Min": 15 * time.Minute, "1H": time.Hour, "1D": 0,
}

// parseHistory reads the parameters of a portfolio history (RULES 9). date_end and extended_hours
// are gone from Alpaca's description, but its Go SDK still sends them.
func parseHistory(query url.Values, now time.Time) (historyQuery, *refusal) {
	q := historyQuery{timeframe: query.Get("timeframe"), reporting: query.Get("intraday_reporting")}
	if refused := q.span(query, now); refused != nil {
		return q, refused
	}
	days := int(q.to.Sub(market.Day(q.from)).Hours() / 24)
	if q.timeframe == "" {
		q.timeframe = defaultTimeframe(days)
	}
	interval, known := historyIntervals[q.timeframe]
	if !known {
		return q, invalidParameter("invalid timeframe: %.20q", q.timeframe)
	}
	if interval > 0 && days > longestIntraday+1 {
		return q, invalidParameter("timeframe %s is only available for periods up to %d days", q.timeframe, longestIntraday)
	}
	q.interval = interval
	if q.reporting == "" {
		q.reporting = marketHours
		if query.Get("extended_hours") == "true" {
			q.reporting = extendedHours
		}
	}
	if !oneOf(q.reporting, "market_hours extended_hours continuous") {
		return q, invalidParameter("intraday_reporting must be market_hours, extended_hours or continuous")
	}
	if reset := query.Get("pnl_reset"); reset != "" && !oneOf(reset, "per_day no_reset") {
		return q, invalidParameter("pnl_reset must be per_day or no_reset")
	}
	q.perDay = interval > 0 && query.Get("pnl_reset") != "no_reset"
	if types := query.Get("cashflow_types"); types != "" && types != "NONE" {
		q.cashflows = strings.Split(types, ",")
	}
	return q, nil
}

// span reads period, start and end: at most two of them. A period of days counts sessions, the
// other units count on the calendar.
func (q *historyQuery) span(query url.Values, now time.Time) *refusal {
	period, start, end := query.Get("period"), query.Get("start"), query.Get("end")
	if end == "" {
		end = query.Get("date_end")
	}
	if period != "" && start != "" && end != "" {
		return invalidParameter("only two of start, end and period can be specified")
	}
	from, refused := historyMoment("start", start, false)
	if refused != nil {
		return refused
	}
	q.to, refused = historyMoment("end", end, true)
	if refused != nil {
		return refused
	}
	if period == "" {
		period = "1M"
	}
	parts := periodForm.FindStringSubmatch(period)
	if parts == nil || parts[1] == "0" {
		return invalidParameter("invalid period: %.20q", period)
	}
	count, _ := strconv.Atoi(parts[1])
	switch {
	case q.to.IsZero() && !from.IsZero() && query.Get("period") != "":
		q.to = periodAfter(count, parts[2], from)
	case q.to.IsZero():
		q.to = now
	}
	q.to = earlier(q.to, now)
	if from.IsZero() {
		from = market.Day(periodStart(count, parts[2], q.to))
	}
	q.from = later(from, now.AddDate(-longestYears, 0, 0))
	if q.from.After(q.to) {
		return invalidParameter("start must be before end")
	}
	return nil
}

// historyMoment reads a time or a day; a day stands for its beginning, or its end.
func historyMoment(name, text string, end bool) (time.Time, *refusal) {
	at, isDay, refused := momentOf(name, text)
	if isDay && end {
		at = at.AddDate(0, 0, 1).Add(-time.Second)
	}
	return at, refused
}

func periodStart(count int, unit string, end time.Time) time.Time {
	today := market.LatestSession(end).Date
	switch unit {
	case "D":
		for ; count > 1; count-- {
			today = market.PreviousSession(today).Date
		}
		return today
	case "W":
		return today.AddDate(0, 0, -7*count)
	case "M":
		return today.AddDate(0, -count, 0)
	default:
		return today.AddDate(-count, 0, 0)
	}
}

func periodAfter(count int, unit string, start time.Time) time.Time {
	switch unit {
	case "D":
		return start.AddDate(0, 0, count)
	case "W":
		return start.AddDate(0, 0, 7*count)
	case "M":
		return start.AddDate(0, count, 0)
	default:
		return start.AddDate(count, 0, 0)
	}
}

func defaultTimeframe(days int) string {
	switch {
	case days < 7:
		return "1Min"
	case days < 30:
		return "15Min"
	default:
		return "1D"
	}
}

// history is the account's equity at the end of each interval, or now in the last one. Before it
// was opened an account is taken to have held its deposit.
func (e *exchange) history(a *account, q historyQuery, now time.Time) wire.PortfolioHistory {
	replay, bases := e.ledger(a), e.ledger(a) // each is asked forward in time
	before := market.PreviousSession(market.Day(q.from))
	base := replay.equityAt(before.Close)
	h := wire.PortfolioHistory{
		Timestamp: []int64{}, Equity: []float64{}, ProfitLoss: []float64{}, ProfitLossPct: []float64{},
		BaseValue: base.InexactFloat64(), BaseValueAsOf: before.Date.Format(time.DateOnly), Timeframe: q.timeframe,
	}
	flows := newCashflows(a, q)
	for _, window := range q.windows() {
		if q.perDay {
			base = bases.equityAt(window.base)
		}
		for _, interval := range pieces(window, q.interval) {
			if interval[0].After(q.to) {
				break
			}
			if !interval[1].After(q.from) {
				continue
			}
			end := earlier(interval[1], now)
			equity := replay.equityAt(end)
			profit := equity.Sub(base)
			h.Timestamp = append(h.Timestamp, interval[0].Unix())
			h.Equity = append(h.Equity, equity.InexactFloat64())
			h.ProfitLoss = append(h.ProfitLoss, profit.InexactFloat64())
			h.ProfitLossPct = append(h.ProfitLossPct, share(profit, base).Decimal.InexactFloat64())
			flows.until(end)
		}
	}
	h.Cashflow = flows.sums
	return h
}

// window is a stretch of time that a history covers, and the close that its profit counts from.
type window struct {
	open, close time.Time
	base        time.Time
}

// windows are the sessions of the query, with the hours around them, or whole days.
func (q historyQuery) windows() []window {
	var windows []window
	if q.interval > 0 && q.reporting == continuous {
		for day := market.Day(q.from); !day.After(q.to); day = day.AddDate(0, 0, 1) {
			windows = append(windows, window{day, day.AddDate(0, 0, 1), market.PreviousSession(day).Close})
		}
		return windows
	}
	for _, session := range market.Sessions(q.from, q.to) {
		base := market.PreviousSession(session.Date).Close
		if q.interval > 0 && q.reporting == extendedHours {
			session = extend(session)
		}
		windows = append(windows, window{session.Open, session.Close, base})
	}
	return windows
}

// pieces cuts a window, from its open on, into pieces of the length; 0 leaves it whole.
func pieces(w window, length time.Duration) [][2]time.Time {
	if length == 0 {
		return [][2]time.Time{{w.open, w.close}}
	}
	var cut [][2]time.Time
	for start := w.open; start.Before(w.close); start = start.Add(length) {
		cut = append(cut, [2]time.Time{start, earlier(start.Add(length), w.close)})
	}
	return cut
}

// cashflows sums up, by type, the money that came and went without executions.
type cashflows struct {
	entries []fill
	total   map[string]decimal.Decimal
	sums    map[string][]float64
}

func newCashflows(a *account, q historyQuery) *cashflows {
	flows := &cashflows{total: map[string]decimal.Decimal{}}
	for _, f := range a.Fills {
		asked := slices.Contains(q.cashflows, "ALL") || slices.Contains(q.cashflows, f.Kind)
		if asked && !f.execution() && !f.Net.IsZero() && !f.At.Before(q.from) {
			flows.entries = append(flows.entries, f)
			flows.total[f.Kind] = decimal.Zero
		}
	}
	if len(q.cashflows) > 0 {
		flows.sums = map[string][]float64{}
	}
	return flows
}

// until appends the sums at the moment.
func (c *cashflows) until(at time.Time) {
	for ; len(c.entries) > 0 && !c.entries[0].At.After(at); c.entries = c.entries[1:] {
		c.total[c.entries[0].Kind] = c.total[c.entries[0].Kind].Add(c.entries[0].Net)
	}
	for kind, total := range c.total {
		c.sums[kind] = append(c.sums[kind], total.InexactFloat64())
	}
}

func round6(number float64) float64 { return math.Round(number*1e6) / 1e6 }
