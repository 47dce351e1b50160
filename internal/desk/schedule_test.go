package desk_test

import (
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func TestNextRunFollowsTheExchange(t *testing.T) {
	t.Parallel()
	every := func(minutes int, marketHours bool) trade.ScheduleSettings {
		return trade.ScheduleSettings{IntervalMinutes: minutes, MarketHoursOnly: marketHours}
	}
	cron := func(expression string, marketHours bool) trade.ScheduleSettings {
		return trade.ScheduleSettings{Cron: expression, MarketHoursOnly: marketHours}
	}
	for name, c := range map[string]struct {
		schedule    trade.ScheduleSettings
		after, want string // New York
	}{
		"interval inside a session":          {every(5, true), "2026-11-23 10:02", "2026-11-23 10:05"},
		"on a slot: the next one":            {every(5, true), "2026-11-23 10:05", "2026-11-23 10:10"},
		"over the close: next opening":       {every(60, true), "2026-11-23 15:30", "2026-11-24 09:30"},
		"before the open":                    {every(15, true), "2026-11-23 05:00", "2026-11-23 09:30"},
		"Thanksgiving is skipped":            {every(60, true), "2026-11-25 15:59", "2026-11-27 09:30"},
		"half day ends at one":               {every(30, true), "2026-11-27 12:45", "2026-11-30 09:30"},
		"all hours":                          {every(60, false), "2026-11-28 03:10", "2026-11-28 04:00"},
		"cron in New York":                   {cron("5 10 * * 1-5", true), "2026-11-23 11:00", "2026-11-24 10:05"},
		"cron over a holiday":                {cron("5 10 * * 1-5", true), "2026-11-25 11:00", "2026-11-27 10:05"},
		"cron after the half day's close":    {cron("30 14 * * *", true), "2026-11-27 09:00", "2026-11-30 14:30"},
		"cron over the end of daylight time": {cron("0 10 * * *", true), "2026-10-30 11:00", "2026-11-02 10:00"},
		"cron at any hour":                   {cron("0 3 * * 6", false), "2026-11-23 10:00", "2026-11-28 03:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next, err := desk.NextRun(nil, c.schedule, trade.Hour, newYork(t, c.after))
			if err != nil {
				t.Fatal(err)
			}
			if want := newYork(t, c.want); !next.Equal(want) {
				t.Errorf("got %s, want %s", next.In(market.NewYork), want.In(market.NewYork))
			}
		})
	}
}

func TestNextRunRefusesWhatNeverRuns(t *testing.T) {
	t.Parallel()
	for _, schedule := range []trade.ScheduleSettings{
		{},
		{Cron: "nonsense"},
		{Cron: "0 3 * * *", MarketHoursOnly: true},
		{Cron: "0 0 30 2 *"},
	} {
		if next, err := desk.NextRun(nil, schedule, trade.Hour, newYork(t, "2026-11-23 10:00")); err == nil {
			t.Errorf("%+v: got %s, want an error", schedule, next)
		}
	}
}

func newYork(t *testing.T, at string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04", at, market.NewYork)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}
