package desk

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// NextRun returns the first slot of the schedule after the given market time. Intervals fall on
// whole multiples of their length (every 5 minutes: 09:30, 09:35 ...), which is when bars close;
// cron expressions have five fields and mean New York's clock. With MarketHoursOnly a slot
// outside the exchange's sessions moves to the next session's first one: its opening for
// intervals, the first match inside it for cron.
func NextRun(schedule trade.ScheduleSettings, after time.Time) (time.Time, error) {
	if schedule.Cron != "" {
		return nextCron(schedule, after)
	}
	interval := time.Duration(schedule.IntervalMinutes) * time.Minute
	if interval <= 0 {
		return time.Time{}, fmt.Errorf("schedule: an interval of %d minutes cannot be", schedule.IntervalMinutes)
	}
	next := after.UTC().Truncate(interval).Add(interval)
	if schedule.MarketHoursOnly && !market.IsOpen(next) {
		next = market.NextSession(after).Open
	}
	return next, nil
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
		if !schedule.MarketHoursOnly || market.IsOpen(next) {
			return next.UTC(), nil
		}
		opening := market.NextSession(next).Open
		next = expression.Next(opening.Add(-time.Second).In(market.NewYork))
	}
	return time.Time{}, fmt.Errorf("schedule: cron %q never falls into a trading session", schedule.Cron)
}
