package app

import (
	"context"
	"errors"
	"hash/maphash"
	"strings"
	"sync"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// UserSettings returns the principal's strategy.
func (a *App) UserSettings(ctx context.Context, p auth.Principal) (trade.Settings, error) {
	if err := p.Require(auth.Read); err != nil {
		return trade.Settings{}, err
	}
	return a.Store.UserSettings(ctx, p.UserID)
}

// UpdateSettings applies change to the principal's strategy and stores the result if it is valid;
// a fault of kind Invalid names the setting that is not. What puts more at stake, or raises a risk
// limit, needs a fresh factor.
func (a *App) UpdateSettings(ctx context.Context, p auth.Principal, change func(*trade.Settings)) (trade.Settings, error) {
	if err := firstError(p.Require(auth.Write), a.requireModes(ctx, p), ruledBy(a.Files.Settings)); err != nil {
		return trade.Settings{}, err
	}
	return a.changeSettings(ctx, p, audit.SettingsUpdate, nil, change)
}

// changeSettings reads, changes, validates and stores, one change of a user at a time, so that
// two switches flipped together do not undo each other.
func (a *App) changeSettings(ctx context.Context, p auth.Principal, action audit.Action, details map[string]any, change func(*trade.Settings)) (trade.Settings, error) {
	defer a.settings.lock(p.UserID)()
	settings, err := a.Store.UserSettings(ctx, p.UserID)
	if err != nil {
		return trade.Settings{}, err
	}
	before := settings
	change(&settings)
	err = firstError(a.validateSettings(settings), a.allowStake(p, before, settings), a.allowRaise(p, before.Risk, settings.Risk))
	if err != nil {
		return trade.Settings{}, err
	}
	entry := a.entry(p, action, "user:"+p.UserID, details)
	if err := a.Store.UpdateSettings(ctx, p.UserID, settings, entry); err != nil {
		return trade.Settings{}, err
	}
	if !sameSchedule(before, settings) {
		err = a.planAfresh(ctx, p.UserID)
	}
	a.Poke(p.UserID)
	return settings, err
}

func (a *App) validateSettings(settings trade.Settings) error {
	err := settings.Validate()
	var field *trade.FieldError
	if errors.As(err, &field) {
		return fault.Because(err, fault.Invalid, "The setting %s %s.", interfaceName(field.Field), field.Problem)
	}
	if err != nil {
		return err
	}
	return a.validateSchedule(settings)
}

// interfaceName turns a setting's path in settings.yaml into its name in the JSON interface.
var interfaceName = strings.NewReplacer(
	"indicators.sma_crossover.", "sma.", "indicators.bollinger_bands.", "bollinger.", "indicators.", "",
	"execution.order_type", "order_type", "execution.time_in_force", "time_in_force",
	"execution.position_size_pct", "position_size_pct", "execution.max_positions", "max_positions",
	"signal.", "signal_", "data.", "", "schedule.", "schedule_",
).Replace

// validateSchedule refuses a cron expression that cannot be read or that never runs.
func (a *App) validateSchedule(settings trade.Settings) error {
	schedule := settings.Schedule
	if schedule.KindInForce() != trade.ByCron {
		return nil
	}
	if len(strings.Fields(schedule.Cron)) != 5 || strings.Contains(schedule.Cron, "=") {
		return fault.New(fault.Invalid, `The setting schedule_cron needs five fields in New York time, such as "35 15 * * 1-5".`)
	}
	if _, err := desk.NextRun(nil, schedule, settings.Timeframe, a.Clock.Now()); err != nil {
		return fault.Because(err, fault.Invalid, `The setting schedule_cron cannot be read, or never falls into a trading session. An example: "35 15 * * 1-5".`)
	}
	return nil
}

// Indicators are the switches of the dashboard.
type Indicators struct {
	Settings  trade.Settings
	Automated bool // the automation switch of the active brokerage account; false without one
}

// Indicators returns the principal's switches.
func (a *App) Indicators(ctx context.Context, p auth.Principal) (Indicators, error) {
	settings, err := a.UserSettings(ctx, p)
	if err != nil {
		return Indicators{}, err
	}
	account, err := a.Store.ActiveAccount(ctx, p.UserID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Indicators{}, err
	}
	return Indicators{settings, account.Automated}, nil
}

// IndicatorChange is what to change of the switches; nil fields stay.
type IndicatorChange struct {
	RSI, SMA, MACD, Bollinger *bool
	Automated                 *bool // of the active brokerage account
	SignalMode                *trade.SignalMode
	SignalMinAgree            *int
}

// UpdateIndicators flips switches. The automation switch comes first, because it may be refused:
// then nothing has been changed.
func (a *App) UpdateIndicators(ctx context.Context, p auth.Principal, change IndicatorChange) error {
	if err := firstError(p.Require(auth.Write), a.requireModes(ctx, p)); err != nil {
		return err
	}
	if err := a.rehearse(ctx, p, change); err != nil {
		return err
	}
	if change.Automated != nil {
		if err := a.automateActive(ctx, p, *change.Automated); err != nil {
			return err
		}
	}
	details := change.details()
	if len(details) == 0 {
		return nil
	}
	_, err := a.changeSettings(ctx, p, audit.IndicatorsUpdate, details, change.apply)
	return err
}

// rehearse refuses a change that would not validate, before anything is done.
func (a *App) rehearse(ctx context.Context, p auth.Principal, change IndicatorChange) error {
	if len(change.details()) > 0 {
		if err := ruledBy(a.Files.Settings); err != nil {
			return err
		}
	}
	settings, err := a.Store.UserSettings(ctx, p.UserID)
	if err != nil {
		return err
	}
	change.apply(&settings)
	return a.validateSettings(settings)
}

func (a *App) automateActive(ctx context.Context, p auth.Principal, on bool) error {
	account, err := a.Store.ActiveAccount(ctx, p.UserID)
	if fault.Is(err, fault.NotFound) {
		return errNoAccount
	}
	if err != nil {
		return err
	}
	_, err = a.updateAccount(ctx, p, account.Name, AccountChange{Automated: &on})
	return err
}

func (c IndicatorChange) apply(settings *trade.Settings) {
	set(&settings.RSI.Enabled, c.RSI)
	set(&settings.SMA.Enabled, c.SMA)
	set(&settings.MACD.Enabled, c.MACD)
	set(&settings.Bollinger.Enabled, c.Bollinger)
	set(&settings.SignalMode, c.SignalMode)
	set(&settings.SignalMinAgree, c.SignalMinAgree)
}

// details lists what is changed in the settings, for the audit.
func (c IndicatorChange) details() map[string]any {
	details := map[string]any{}
	note(details, "rsi", c.RSI)
	note(details, "sma", c.SMA)
	note(details, "macd", c.MACD)
	note(details, "bollinger", c.Bollinger)
	note(details, "signal_mode", c.SignalMode)
	note(details, "signal_min_agree", c.SignalMinAgree)
	return details
}

func set[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}

func note[T any](details map[string]any, name string, value *T) {
	if value != nil {
		details[name] = *value
	}
}

// userLocks serialize the changes of one user. The zero value is ready.
type userLocks struct {
	locks [64]sync.Mutex // users share a lock by chance; that only costs waiting
}

var userLockSeed = maphash.MakeSeed()

func (l *userLocks) lock(userID string) (unlock func()) {
	mutex := &l.locks[maphash.String(userLockSeed, userID)%uint64(len(l.locks))]
	mutex.Lock()
	return mutex.Unlock
}
