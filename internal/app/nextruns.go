package app

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
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
	account, err := a.Store.ActiveAccount(ctx, p.UserID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	calendar, at := a.Calendars.Of(account.Mode()), status.MarketTime
	if at.IsZero() {
		at = a.Clock.Now()
	}
	runs := make([]time.Time, previewed)
	for i := range runs {
		if at, err = nextRun(calendar, settings, at); err != nil {
			return nil, err
		}
		runs[i] = at
	}
	return runs, nil
}

// forgetNextRun has the account's next run planned afresh, at once where a scheduler runs.
func (a *App) forgetNextRun(ctx context.Context, accountID string) error {
	if err := a.Store.SetNextRun(ctx, accountID, time.Time{}); err != nil {
		return err
	}
	if a.Scheduler != nil {
		a.Scheduler.Wake(ctx)
	}
	return nil
}
