package app

import (
	"context"
	"errors"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// InstallationTrading is what holds for every account, and how many there are.
type InstallationTrading struct {
	Standing  trade.Standing
	Limits    trade.RiskLimits
	Accounts  int
	Automated int
	Stopped   int // accounts whose own state is not active
}

// InstallationTrading returns what holds for every account: for administrators.
func (a *App) InstallationTrading(ctx context.Context, p auth.Principal) (InstallationTrading, error) {
	if err := p.Require(auth.Administer); err != nil {
		return InstallationTrading{}, err
	}
	var report InstallationTrading
	var err error
	if report.Standing, err = a.Store.OwnStanding(ctx, trade.WholeInstallation); err != nil {
		return report, err
	}
	if report.Limits, err = a.Store.InstallationRisk(ctx); err != nil {
		return report, err
	}
	accounts, err := a.Store.AllAccounts(ctx)
	if err != nil {
		return report, err
	}
	report.Accounts = len(accounts)
	for _, account := range accounts {
		if account.Automated {
			report.Automated++
		}
		own, err := a.Store.OwnStanding(ctx, account.ID)
		if err != nil {
			return report, err
		}
		if own.State != trade.Active {
			report.Stopped++
		}
	}
	return report, nil
}

// InstallationTradingChange is what to change; nil fields stay.
type InstallationTradingChange struct {
	State  *trade.TradingState
	Reason string
	Limits func(*trade.RiskLimits) // nil: they stay
}

// ChangeInstallationTrading halts or resumes everybody's trading and changes the limits that hold
// for every account. Lifting a state and raising a limit need a fresh factor.
func (a *App) ChangeInstallationTrading(ctx context.Context, p auth.Principal, change InstallationTradingChange) (InstallationTrading, error) {
	if err := firstError(p.Require(auth.Administer), p.RequireSession()); err != nil {
		return InstallationTrading{}, err
	}
	if change.Limits != nil {
		if err := a.changeInstallationRisk(ctx, p, change.Limits); err != nil {
			return InstallationTrading{}, err
		}
	}
	if change.State != nil {
		if err := a.setInstallation(ctx, p, *change.State, change.Reason); err != nil {
			return InstallationTrading{}, err
		}
	}
	return a.InstallationTrading(ctx, p)
}

func (a *App) setInstallation(ctx context.Context, p auth.Principal, state trade.TradingState, reason string) error {
	own, err := a.Store.OwnStanding(ctx, trade.WholeInstallation)
	if err != nil || own.State == state {
		return err
	}
	if own.State.Stricter(state) == own.State {
		_, err = a.Resume(ctx, p, Reach{Installation: true}, state)
	} else {
		_, err = a.Halt(ctx, p, Reach{Installation: true}, state, reason)
	}
	return err
}

func (a *App) changeInstallationRisk(ctx context.Context, p auth.Principal, change func(*trade.RiskLimits)) error {
	_, err := a.Store.ChangeInstallationRisk(ctx, func(limits *trade.RiskLimits) error {
		before := *limits
		change(limits)
		if err := validateRisk(*limits); err != nil {
			return err
		}
		return a.allowRaise(p, before, *limits)
	}, a.entry(p, audit.RiskChanged, "installation", nil))
	if err == nil {
		a.pokeAll()
	}
	return err
}

// validateRisk refuses limits that make no sense, by the rules for a strategy's own.
func validateRisk(limits trade.RiskLimits) error {
	settings := trade.DefaultSettings()
	settings.Risk = limits
	err := settings.Validate()
	var field *trade.FieldError
	if errors.As(err, &field) {
		return fault.Because(err, fault.Invalid, "The limit %s %s.", interfaceName(field.Field), field.Problem)
	}
	return err
}
