package app

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// AccountTrading is whether and how one account is traded.
type AccountTrading struct {
	Account        trade.BrokerageAccount
	InForce        trade.Standing        // the stricter of the account's own and the installation's
	Own            trade.Standing        // of the account alone
	Reconciliation *trade.Reconciliation // the last one; nil: never compared
}

// Ready reports whether the gate is open: the journal has been compared with the broker and agreed.
func (t AccountTrading) Ready() bool { return t.Reconciliation != nil && t.Reconciliation.Passed }

// TradingReport is what the page about trading shows.
type TradingReport struct {
	Active             *AccountTrading // the active account; nil: there is none yet
	Accounts           []AccountTrading
	Installation       trade.Standing
	Limits             trade.RiskLimits // of the active account's strategy
	InstallationLimits trade.RiskLimits // hold besides them
	Running            bool             // a scheduler runs in this process
	DryRun             bool             // --dry-run or TRADING_ENABLED=false: everything but orders
}

// Trading says what may be ordered in the principal's accounts and why not.
func (a *App) Trading(ctx context.Context, p auth.Principal) (TradingReport, error) {
	if err := p.Require(auth.Read); err != nil {
		return TradingReport{}, err
	}
	return a.tradingOf(ctx, p.UserID)
}

func (a *App) tradingOf(ctx context.Context, userID string) (TradingReport, error) {
	report := TradingReport{Running: a.Scheduler != nil && a.Scheduler.Running(), DryRun: a.DryRun}
	var err error
	if report.Installation, err = a.Store.OwnStanding(ctx, trade.WholeInstallation); err != nil {
		return TradingReport{}, err
	}
	if report.InstallationLimits, err = a.Store.InstallationRisk(ctx); err != nil {
		return TradingReport{}, err
	}
	accounts, err := a.Store.ListAccounts(ctx, userID)
	if err != nil {
		return TradingReport{}, err
	}
	for _, account := range accounts {
		one, err := a.accountTrading(ctx, account)
		if err != nil {
			return TradingReport{}, err
		}
		report.Accounts = append(report.Accounts, one)
		if account.Active {
			report.Active = &one
			strategy, err := readStrategy(ctx, a.Store, account)
			if err != nil {
				return TradingReport{}, err
			}
			report.Limits = strategy.Settings.Risk
		}
	}
	return report, nil
}

// AccountTrading says it of one account, which the command line may name by its id.
func (a *App) AccountTrading(ctx context.Context, p auth.Principal, name string) (AccountTrading, error) {
	if err := p.Require(auth.Read); err != nil {
		return AccountTrading{}, err
	}
	account, err := a.ownAccount(ctx, p, name)
	if err != nil {
		return AccountTrading{}, err
	}
	return a.accountTrading(ctx, account)
}

// AccountsTrading says the same of several accounts.
func (a *App) AccountsTrading(ctx context.Context, p auth.Principal, reach Reach) ([]AccountTrading, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	accounts, err := a.accountsWithin(ctx, p, reach)
	if err != nil {
		return nil, err
	}
	trading := make([]AccountTrading, len(accounts))
	for i, account := range accounts {
		if trading[i], err = a.accountTrading(ctx, account); err != nil {
			return nil, err
		}
	}
	return trading, nil
}

func (a *App) accountTrading(ctx context.Context, account trade.BrokerageAccount) (AccountTrading, error) {
	trading := AccountTrading{Account: account}
	var err error
	if trading.InForce, err = a.Store.Standing(ctx, account.ID); err != nil {
		return trading, err
	}
	if trading.Own, err = a.Store.OwnStanding(ctx, account.ID); err != nil {
		return trading, err
	}
	switch last, err := a.Store.Reconciliation(ctx, account.ID); {
	case err == nil:
		trading.Reconciliation = &last
	case !fault.Is(err, fault.NotFound):
		return trading, err
	}
	return trading, nil
}
