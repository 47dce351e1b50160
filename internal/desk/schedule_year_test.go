package desk_test

import (
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// slotsOf2026 are all slots of the year, each found from the one before.
func slotsOf2026(t *testing.T, schedule trade.ScheduleSettings, timeframe trade.Timeframe) []time.Time {
	t.Helper()
	var slots []time.Time
	at, end := newYork(t, "2026-01-01 00:00"), newYork(t, "2027-01-01 00:00")
	for {
		next, err := desk.NextRun(nil, schedule, timeframe, at)
		if err != nil {
			t.Fatal(err)
		}
		if !next.After(at) {
			t.Fatalf("after %s comes %s", at, next)
		}
		if !next.Before(end) {
			return slots
		}
		slots, at = append(slots, next), next
	}
}

// TestBarCloseOverAYear: 2026 has 251 sessions, two of them until 13:00 (November 27, December 24),
// and both changes of the clock. Counted by hand: a full session ends 390, 78, 26 and 7 bars of 1,
// 5, 15 and 60 minutes (the first hour bar ends at 10:00), a half one 210, 42, 14 and 4; with the
// hours around it 960 minutes, a half one 780.
func TestBarCloseOverAYear(t *testing.T) {
	t.Parallel()
	const sessions, half = 251, 2
	for name, c := range map[string]struct {
		timeframe trade.Timeframe
		extended  bool
		full, cut int
		delay     time.Duration
	}{
		"minutes":                   {trade.Minute, false, 390, 210, 5 * time.Second},
		"five minutes":              {trade.Minutes5, false, 78, 42, 5 * time.Second},
		"quarters":                  {trade.Minutes15, false, 26, 14, 5 * time.Second},
		"hours":                     {trade.Hour, false, 7, 4, 5 * time.Second},
		"days":                      {trade.Day, false, 1, 1, 5 * time.Minute},
		"hours, extended":           {trade.Hour, true, 16, 13, 5 * time.Second},
		"five minutes, extended":    {trade.Minutes5, true, 192, 156, 5 * time.Second},
		"days, with extended hours": {trade.Day, true, 1, 1, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slots := slotsOf2026(t, trade.ScheduleSettings{Kind: trade.AtBarClose, ExtendedHours: c.extended, MarketHoursOnly: true}, c.timeframe)
			if want := (sessions-half)*c.full + half*c.cut; len(slots) != want {
				t.Errorf("%d slots, want %d", len(slots), want)
			}
			for _, slot := range slots {
				session, trades := market.SessionOn(slot)
				end := slot.Add(-c.delay)
				if !trades || end.After(lastClose(session, c.extended)) {
					t.Fatalf("slot %s outside of a session", slot.In(market.NewYork))
				}
				if c.timeframe == trade.Day && !end.Equal(session.Close) || c.timeframe != trade.Day && !end.Equal(end.Truncate(c.timeframe.Duration())) {
					t.Fatalf("slot %s is not %s after a bar's end", slot.In(market.NewYork), c.delay)
				}
			}
		})
	}
}

func lastClose(session market.Session, extended bool) time.Time {
	if extended {
		return session.Close.Add(4 * time.Hour)
	}
	return session.Close
}

// TestIntervalsOverAYear: every half hour from the opening until before the close.
func TestIntervalsOverAYear(t *testing.T) {
	t.Parallel()
	schedule := trade.ScheduleSettings{Kind: trade.EveryMinutes, IntervalMinutes: 30, MarketHoursOnly: true}
	slots := slotsOf2026(t, schedule, trade.Hour)
	if want := 249*13 + 2*7; len(slots) != want {
		t.Errorf("%d slots, want %d", len(slots), want)
	}
	schedule.ExtendedHours = true
	if slots, want := slotsOf2026(t, schedule, trade.Hour), 249*32+2*26; len(slots) != want {
		t.Errorf("%d slots in extended hours, want %d", len(slots), want)
	}
	for _, slot := range slots {
		if !market.IsOpen(slot) {
			t.Fatalf("slot %s while the exchange is closed", slot.In(market.NewYork))
		}
	}
}

// TestCronKeepsNewYorksClock: 15:35 is 15:35 on both sides of both changes; half days have none.
func TestCronKeepsNewYorksClock(t *testing.T) {
	t.Parallel()
	slots := slotsOf2026(t, trade.ScheduleSettings{Kind: trade.ByCron, Cron: "35 15 * * *", MarketHoursOnly: true, IntervalMinutes: 60}, trade.Hour)
	if len(slots) != 249 {
		t.Errorf("%d slots, want 249", len(slots))
	}
	for _, slot := range slots {
		if clock := slot.In(market.NewYork).Format("15:04"); clock != "15:35" {
			t.Fatalf("slot at %s", clock)
		}
	}
}

func TestNextRunAtBarClose(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		moment, err := time.ParseInLocation(time.DateTime, text, market.NewYork)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for name, c := range map[string]struct {
		timeframe   trade.Timeframe
		extended    bool
		after, want string
	}{
		"inside a session":                 {trade.Minutes5, false, "2026-11-23 10:02:00", "2026-11-23 10:05:05"},
		"between a bar's end and its slot": {trade.Minutes5, false, "2026-11-23 10:05:03", "2026-11-23 10:05:05"},
		"on a slot: the next one":          {trade.Minutes5, false, "2026-11-23 10:05:05", "2026-11-23 10:10:05"},
		"before the open":                  {trade.Minutes5, false, "2026-11-23 05:00:00", "2026-11-23 09:35:05"},
		"the first hour ends at ten":       {trade.Hour, false, "2026-11-23 09:30:00", "2026-11-23 10:00:05"},
		"the session's last bar":           {trade.Hour, false, "2026-11-23 15:30:00", "2026-11-23 16:00:05"},
		"after it":                         {trade.Hour, false, "2026-11-23 16:00:05", "2026-11-24 10:00:05"},
		"Thanksgiving":                     {trade.Hour, false, "2026-11-25 16:00:05", "2026-11-27 10:00:05"},
		"the half day's last":              {trade.Hour, false, "2026-11-27 12:30:00", "2026-11-27 13:00:05"},
		"after the half day":               {trade.Hour, false, "2026-11-27 13:00:05", "2026-11-30 10:00:05"},
		"a daily bar":                      {trade.Day, false, "2026-11-23 10:00:00", "2026-11-23 16:05:00"},
		"a half day's daily bar":           {trade.Day, false, "2026-11-27 10:00:00", "2026-11-27 13:05:00"},
		"over a weekend":                   {trade.Day, false, "2026-11-27 13:05:00", "2026-11-30 16:05:00"},
		"early in extended hours":          {trade.Hour, true, "2026-11-23 03:59:00", "2026-11-23 05:00:05"},
		"late in extended hours":           {trade.Hour, true, "2026-11-23 19:30:00", "2026-11-23 20:00:05"},
		"late on a half day":               {trade.Hour, true, "2026-11-27 17:00:05", "2026-11-30 05:00:05"},
		"over the beginning of summer":     {trade.Hour, false, "2026-03-06 16:00:05", "2026-03-09 10:00:05"},
		"over its end":                     {trade.Hour, false, "2026-10-30 16:00:05", "2026-11-02 10:00:05"},
	} {
		schedule := trade.ScheduleSettings{Kind: trade.AtBarClose, ExtendedHours: c.extended, MarketHoursOnly: true}
		next, err := desk.NextRun(nil, schedule, c.timeframe, at(c.after))
		if err != nil || !next.Equal(at(c.want)) {
			t.Errorf("%s: %s, %v; want %s", name, next.In(market.NewYork), err, c.want)
		}
	}
}

// TestMayRun: what runs after the close is what decides on a bar that has just become final.
func TestMayRun(t *testing.T) {
	t.Parallel()
	closeBar := trade.ScheduleSettings{Kind: trade.AtBarClose}
	interval := trade.ScheduleSettings{Kind: trade.EveryMinutes, IntervalMinutes: 5}
	for name, c := range map[string]struct {
		schedule  trade.ScheduleSettings
		timeframe trade.Timeframe
		at        string
		open      bool
		want      bool
	}{
		"open":                         {interval, trade.Minutes5, "2026-11-23 10:00", true, true},
		"closed by the broker's word":  {interval, trade.Minutes5, "2026-11-23 10:00", false, false},
		"an interval after the close":  {interval, trade.Minutes5, "2026-11-23 16:00", false, false},
		"the last bar after the close": {closeBar, trade.Minutes5, "2026-11-23 16:01", false, true},
		"long after the close":         {closeBar, trade.Minutes5, "2026-11-23 17:00", false, false},
		"a daily bar after the close":  {closeBar, trade.Day, "2026-11-23 17:00", false, true},
		"a holiday":                    {closeBar, trade.Minutes5, "2026-11-26 13:01", false, false},
		"extended hours":               {trade.ScheduleSettings{Kind: trade.EveryMinutes, ExtendedHours: true}, trade.Minutes5, "2026-11-23 19:00", false, true},
		"after extended hours":         {trade.ScheduleSettings{Kind: trade.EveryMinutes, ExtendedHours: true}, trade.Minutes5, "2026-11-23 20:00", false, false},
		"extended hours of a half day": {trade.ScheduleSettings{Kind: trade.EveryMinutes, ExtendedHours: true}, trade.Minutes5, "2026-11-27 17:00", false, false},
	} {
		clock := trade.MarketClock{Timestamp: newYork(t, c.at), IsOpen: c.open}
		if got := desk.MayRun(nil, c.schedule, c.timeframe, clock); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
