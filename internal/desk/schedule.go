package desk

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const (
	// barDelay is how long after its end a bar is decided on: the time in which it is published.
	barDelay = 5 * time.Second
	// dailyDelay is the same for daily bars: the closing auction's print comes minutes after the close.
	dailyDelay = 5 * time.Minute
)

// NextRun returns the first slot of the schedule after the given market time, by the calendar; nil
// is the own table.
//
// At bar close: a moment after each bar of the timeframe ends inside a session, the one that ends
// with the session included. What is decided after the close, as with daily bars always, waits at
// the broker for the next opening (RULES 5.4), as it does in a backtest.
//
// Intervals fall on whole multiples of their length (every 5 minutes: 09:30, 09:35 ...); cron
// expressions have five fields and mean New York's clock. With MarketHoursOnly a slot outside the
// exchange's sessions moves to the next session's first one: its opening for intervals, the first
// match inside it for cron. With ExtendedHours sessions begin at 04:00 and end four hours late.
func NextRun(calendar *market.Calendar, schedule trade.ScheduleSettings, timeframe trade.Timeframe, after time.Time) (time.Time, error) {
	plan := plan{schedule, calendar}
	switch schedule.KindInForce() {
	case trade.AtBarClose:
		return plan.nextBarClose(timeframe, after), nil
	case trade.ByCron:
		return plan.nextCron(after)
	default:
		return plan.nextInterval(after)
	}
}

// Settled is the moment from which the bars are there that a cycle in the slot decides on. Slots at
// bar close have waited already; one of an interval, or of a cron expression, that falls on the end
// of an intraday bar waits as long: the broker may still be building that bar.
func Settled(schedule trade.ScheduleSettings, timeframe trade.Timeframe, slot time.Time) time.Time {
	if schedule.KindInForce() == trade.AtBarClose || timeframe == trade.Day {
		return slot
	}
	if settled := slot.UTC().Truncate(timeframe.Duration()).Add(barDelay); settled.After(slot) {
		return settled
	}
	return slot
}

func (p plan) nextInterval(after time.Time) (time.Time, error) {
	interval := time.Duration(p.IntervalMinutes) * time.Minute
	if interval <= 0 {
		return time.Time{}, fmt.Errorf("schedule: an interval of %d minutes cannot be", p.IntervalMinutes)
	}
	next := after.UTC().Truncate(interval).Add(interval)
	if p.MarketHoursOnly && !p.inSession(next) {
		next = p.nextHours(after).open
	}
	return next, nil
}

func (p plan) nextBarClose(timeframe trade.Timeframe, after time.Time) time.Time {
	if timeframe == trade.Day {
		for session := p.calendar.Latest(after); ; session = p.calendar.Next(session.Open) {
			if slot := session.Close.Add(dailyDelay); slot.After(after) {
				return slot
			}
		}
	}
	length := timeframe.Duration()
	end := after.UTC().Add(-barDelay).Truncate(length).Add(length)
	today, trades := p.hoursOn(after)
	switch {
	case !trades || end.After(today.close):
		end = p.nextHours(after).open.Truncate(length).Add(length)
	case !end.After(today.open):
		end = today.open.Truncate(length).Add(length)
	}
	return end.Add(barDelay)
}

// cronSessions is how many sessions ahead a match is looked for: more than two years.
const cronSessions = 600

func (p plan) nextCron(after time.Time) (time.Time, error) {
	expression, err := cron.ParseStandard(p.Cron)
	if err != nil {
		return time.Time{}, fmt.Errorf("schedule: cron %q: %w", p.Cron, err)
	}
	next := expression.Next(after.In(market.NewYork))
	for range cronSessions {
		if next.IsZero() {
			break
		}
		if !p.MarketHoursOnly || p.inSession(next) {
			return next.UTC(), nil
		}
		opening := p.nextHours(next).open
		next = expression.Next(opening.Add(-time.Second).In(market.NewYork))
	}
	return time.Time{}, fmt.Errorf("schedule: cron %q never falls into a trading session", p.Cron)
}
