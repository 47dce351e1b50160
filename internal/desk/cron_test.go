package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// FuzzNextRun: whatever five fields a user types, there is an answer after the given time, or an
// error.
func FuzzNextRun(f *testing.F) {
	for _, seed := range []string{"35 15 * * 1-5", "*/7 9-16 1,15 * MON", "0 0 30 2 *", "60 * * * *", "? ? ? ? ?", "1-0 * * * *", "*/0 * * * *", "0 0 31 4 *"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	after := time.Date(2026, 3, 6, 20, 59, 30, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expression string, marketHours bool) {
		if len(strings.Fields(expression)) != 5 || strings.Contains(expression, "=") { // refused before it comes here
			return
		}
		next, err := desk.NextRun(nil, trade.ScheduleSettings{Cron: expression, MarketHoursOnly: marketHours}, trade.Hour, after)
		if err == nil && !next.After(after) {
			t.Errorf("%q: %v", expression, next)
		}
	})
}
