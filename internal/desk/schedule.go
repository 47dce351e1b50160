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

// NextRun returns the first slot of the schedule after the given market time.
//
// At bar close: a moment after each bar of the timeframe ends inside a session, the one that ends
// with the session included. What is decided after the close, as with daily bars always, waits at
// the broker for the next opening (RULES 5.4), as it does in a backtest.
//
// Intervals fall on whole multiples of their length (every 5 minutes: 09:30, 09:35 ...); cron
// expressions have five fields and mean New York's clock. With MarketHoursOnly a slot outside the
// exchange's sessions moves to the next session's first one: its opening for intervals, the first
// match inside it for cron. With ExtendedHours sessions begin at 04:00 and end four hours late.
func NextRun(schedule trade.ScheduleSettings, timeframe trade.Timeframe, after time.Time) (time.Time, error) {
	switch schedule.KindInForce() {
	case trade.AtBarClose:
		return nextBarClose(schedule, timeframe, after), nil
	case trade.ByCron:
		return nextCron(schedule, after)
	default:
		return nextInterval(schedule, after)
	}
}

func nextInterval(schedule trade.ScheduleSettings, after time.Time) (time.Time, error) {
	interval := time.Duration(schedule.IntervalMinutes) * time.Minute
	if interval <= 0 {
		return time.Time{}, fmt.Errorf("schedule: an interval of %d minutes cannot be", schedule.IntervalMinutes)
	}
	next := after.UTC().Truncate(interval).Add(interval)
	if schedule.MarketHoursOnly && !inSession(schedule, next) {
		next = nextHours(schedule, after).open
	}
	return next, nil
}

func nextBarClose(schedule trade.ScheduleSettings, timeframe trade.Timeframe, after time.Time) time.Time {
	if timeframe == trade.Day {
		for session := market.LatestSession(after); ; session = market.NextSession(session.Open) {
			if slot := session.Close.Add(dailyDelay); slot.After(after) {
				return slot
			}
		}
	}
	length := timeframe.Duration()
	end := after.UTC().Add(-barDelay).Truncate(length).Add(length)
	today, trades := hoursOn(schedule, after)
	switch {
	case !trades || end.After(today.close):
		end = nextHours(schedule, after).open.Truncate(length).Add(length)
	case !end.After(today.open):
		end = today.open.Truncate(length).Add(length)
	}
	return end.Add(barDelay)
}

// cronSessions is how many sessions ahead a match is looked for: more than two years.
const cronSessions = 600

func nextCron(schedule trade.ScheduleSettings, after time.Time) (time.Time, error) {
	expression, err := cron.ParseStandard(schedule.Cron)
	if err != nil {
		return time.Time{}, fmt.Errorf("schedule: cron %q: %w", schedule.Cron, err)
	}
	next := expression.Next(after.In(market.NewYork))
	for range cronSessions {
		if next.IsZero() {
			break
		}
		if !schedule.MarketHoursOnly || inSession(schedule, next) {
			return next.UTC(), nil
		}
		opening := nextHours(schedule, next).open
		next = expression.Next(opening.Add(-time.Second).In(market.NewYork))
	}
	return time.Time{}, fmt.Errorf("schedule: cron %q never falls into a trading session", schedule.Cron)
}
