package sim

import (
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// historyQuery is a portfolio history's period and interval.
type historyQuery struct {
	from      time.Time     // New York day of the first session
	interval  time.Duration // 0: a session
	timeframe string        // as Alpaca spells it in the answer
}

var periodForm = regexp.MustCompile(`^([0-9]{1,3})([DWMA])$`)

const (
	longestIntraday = 30 // days that an answer with intervals below a session may hold, as at Alpaca
	longestYears    = 20 // further back than any account goes
)

// parseHistory reads period (nD, nW, nM, nA; 1M when empty) and timeframe (1Min, 5Min, 15Min,
// 1H, 1D; by the period when empty). Days count sessions, the other units count on the calendar.
func parseHistory(period, timeframe string, now time.Time) (historyQuery, *refusal) {
	if period == "" {
		period = "1M"
	}
	parts := periodForm.FindStringSubmatch(period)
	if parts == nil || parts[1] == "0" {
		return historyQuery{}, invalidParameter("invalid period: %.20q", period)
	}
	count, _ := strconv.Atoi(parts[1])
	start := later(periodStart(count, parts[2], now), now.AddDate(-longestYears, 0, 0))
	q := historyQuery{from: market.Day(start), timeframe: timeframe}
	days := int(now.Sub(q.from).Hours() / 24)
	if q.timeframe == "" {
		q.timeframe = defaultTimeframe(days)
	}
	intervals := map[string]time.Duration{
		"1Min": time.Minute, "5Min": 5 * time.Minute, "15Min": 15 * time.Minute, "1H": time.Hour, "1D": 0,
	}
	interval, known := intervals[q.timeframe]
	if !known {
		return historyQuery{}, invalidParameter("invalid timeframe: %.20q", timeframe)
	}
	if interval > 0 && days > longestIntraday+1 {
		return historyQuery{}, invalidParameter("timeframe %s is only available for periods up to %d days", q.timeframe, longestIntraday)
	}
	q.interval = interval
	return q, nil
}

func periodStart(count int, unit string, now time.Time) time.Time {
	today := market.LatestSession(now).Date
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
	replay := e.ledger(a)
	before := market.PreviousSession(q.from)
	base := replay.equityAt(before.Close)
	h := wire.PortfolioHistory{
		Timestamp: []int64{}, Equity: []float64{}, ProfitLoss: []float64{}, ProfitLossPct: []float64{},
		BaseValue: base.InexactFloat64(), BaseValueAsOf: before.Date.Format(time.DateOnly), Timeframe: q.timeframe,
	}
	for _, session := range market.Sessions(q.from, now) {
		for _, interval := range intervals(session, q.interval) {
			if interval[0].After(now) {
				return h
			}
			equity := replay.equityAt(earlier(interval[1], now))
			profit := equity.Sub(base)
			h.Timestamp = append(h.Timestamp, interval[0].Unix())
			h.Equity = append(h.Equity, equity.InexactFloat64())
			h.ProfitLoss = append(h.ProfitLoss, profit.InexactFloat64())
			h.ProfitLossPct = append(h.ProfitLossPct, share(profit, base).Decimal.InexactFloat64())
		}
	}
	return h
}

// intervals cuts a session, from its open on, into pieces of the length; 0 leaves it whole.
func intervals(session market.Session, length time.Duration) [][2]time.Time {
	if length == 0 {
		return [][2]time.Time{{session.Open, session.Close}}
	}
	var pieces [][2]time.Time
	for start := session.Open; start.Before(session.Close); start = start.Add(length) {
		pieces = append(pieces, [2]time.Time{start, earlier(start.Add(length), session.Close)})
	}
	return pieces
}

func round6(number float64) float64 { return math.Round(number*1e6) / 1e6 }
