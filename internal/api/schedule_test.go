package api_test

import (
	"encoding/json"
	"testing"
	"time"
)

// nextRuns asks when a schedule would run.
func (v *visitor) nextRuns(query string) []time.Time {
	v.t.Helper()
	var found struct{ Runs []time.Time }
	answer := v.call("GET", "/api/schedule/next?"+query, nil).want(200)
	if err := json.Unmarshal([]byte(answer.text), &found); err != nil {
		v.t.Fatal(err)
	}
	return found.Runs
}

// TestWhenAScheduleWouldRun: the next three slots, by New York's clock, of settings that are not saved.
func TestWhenAScheduleWouldRun(t *testing.T) {
	t.Parallel()
	ann := setup(t).user("ann")
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}

	weekdays := ann.nextRuns("timeframe=1Day&schedule_kind=cron&schedule_cron=30+15+*+*+1-5")
	if len(weekdays) != 3 {
		t.Fatalf("%d runs, want 3", len(weekdays))
	}
	for i, run := range weekdays {
		local := run.In(newYork)
		if local.Hour() != 15 || local.Minute() != 30 || local.Weekday() == time.Saturday || local.Weekday() == time.Sunday {
			t.Errorf("run at %v in New York", local)
		}
		if i > 0 && !run.After(weekdays[i-1]) {
			t.Errorf("%v does not follow %v", run, weekdays[i-1])
		}
	}

	often := ann.nextRuns("timeframe=1Hour&schedule_kind=interval&schedule_interval_minutes=15&schedule_market_hours_only=false")
	if often[1].Sub(often[0]) != 15*time.Minute || often[2].Sub(often[1]) != 15*time.Minute {
		t.Errorf("every 15 minutes: %v", often)
	}
	if bars := ann.nextRuns("timeframe=5Min&schedule_kind=bar_close"); !bars[0].After(time.Time{}) || bars[1].Sub(bars[0]) < 5*time.Minute {
		t.Errorf("at bar close: %v", bars)
	}

	ann.call("GET", "/api/schedule/next?timeframe=1Day&schedule_kind=cron&schedule_cron=often", nil).problem(400)
	ann.call("GET", "/api/schedule/next?timeframe=1Day&schedule_kind=yearly", nil).problem(400)
}
