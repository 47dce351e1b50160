package cli_test

import (
	"strings"
	"testing"
	"time"
)

// The schedule runs by the broker's clock: it decides at once, again at the next bar's close, and
// ends in order when it is told to.
func TestScheduleFollowsTheBrokersClockAndStopsInOrder(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	simulator := sh.stepping(t)
	schedule := sh.tradingAt(simulator).decide(t, "schedule")
	if first := schedule.next(); !strings.Contains(first, "2026-11-20 17:00:01Z") || strings.Contains(first, ": 0 of") {
		t.Errorf("first: %s", first)
	}
	advance(t, simulator, time.Date(2026, 11, 20, 17, 5, 1, 0, time.UTC))
	if second := schedule.next(); !strings.Contains(second, "2026-11-20 17:05:01Z") {
		t.Errorf("second: %s", second)
	}
	schedule.end(t)
}
