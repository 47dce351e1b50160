package desk

import (
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// plan is a schedule by the exchange's calendar.
type plan struct {
	trade.ScheduleSettings
	calendar *market.Calendar // nil: the own table
}

// hours are one day's session as a schedule counts it.
type hours struct{ open, close time.Time }

func (h hours) contain(t time.Time) bool { return !t.Before(h.open) && t.Before(h.close) }

// afterHours is how long the late session lasts: until 20:00, until 17:00 on half days (RULES 11).
const afterHours = 4 * time.Hour

// lastBarFor is how long after the close the session's last intraday bar may still be decided on.
const lastBarFor = 30 * time.Minute

func (p plan) hoursOf(session market.Session) hours {
	if !p.ExtendedHours {
		return hours{session.Open, session.Close}
	}
	year, month, day := session.Date.Date()
	return hours{time.Date(year, month, day, 4, 0, 0, 0, market.NewYork).UTC(), session.Close.Add(afterHours)}
}

// hoursOn returns the hours of t's New York day; false when the exchange is closed all day.
func (p plan) hoursOn(t time.Time) (hours, bool) {
	session, trades := p.calendar.On(t)
	if !trades {
		return hours{}, false
	}
	return p.hoursOf(session), true
}

func (p plan) inSession(t time.Time) bool {
	today, trades := p.hoursOn(t)
	return trades && today.contain(t)
}

// nextHours returns the first hours that begin after t.
func (p plan) nextHours(t time.Time) hours {
	if today, trades := p.hoursOn(t); trades && today.open.After(t) {
		return today
	}
	return p.hoursOf(p.calendar.Next(market.Day(t).AddDate(0, 0, 1)))
}

// MayRun reports whether a cycle with MarketHoursOnly may run now: while the exchange is open, or
// in extended hours where the schedule has them. A schedule by bar close may also run after the
// close: for the last bar of the session, and with daily bars whenever one is final. What it orders
// then waits for the opening.
func MayRun(calendar *market.Calendar, schedule trade.ScheduleSettings, timeframe trade.Timeframe, now trade.MarketClock) bool {
	p := plan{schedule, calendar}
	if now.IsOpen || p.ExtendedHours && p.inSession(now.Timestamp) {
		return true
	}
	if p.KindInForce() != trade.AtBarClose {
		return false
	}
	today, traded := p.hoursOn(now.Timestamp)
	last := today.close.Add(lastBarFor)
	return timeframe == trade.Day || traded && !now.Timestamp.Before(today.close) && now.Timestamp.Before(last)
}
