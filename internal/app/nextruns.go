package app

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// previewed is how many runs of a schedule are shown.
const previewed = 3

// NextRuns returns the first runs that a schedule would have after the market time of the active
// account, whether it is saved or not; without an account, or while its broker is down, after now.
// change is applied to the principal's settings.
func (a *App) NextRuns(ctx context.Context, p auth.Principal, change func(*trade.Settings)) ([]time.Time, error) {
	settings, err := a.UserSettings(ctx, p)
	if err != nil {
		return nil, err
	}
	change(&settings)
	if err := a.validateSettings(settings); err != nil {
		return nil, err
	}
	status, err := a.Status(ctx, p)
	if err != nil {
		return nil, err
	}
	at := status.MarketTime
	if at.IsZero() {
		at = a.Clock.Now()
	}
	runs := make([]time.Time, previewed)
	for i := range runs {
		if at, err = nextRun(settings, at); err != nil {
			return nil, err
		}
		runs[i] = at
	}
	return runs, nil
}
