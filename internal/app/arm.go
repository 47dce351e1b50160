package app

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Arm allows the program to trade a live account: its name is typed again, with a fresh factor.
// Changing its keys or its mode takes that back.
func (a *App) Arm(ctx context.Context, p auth.Principal, name, confirmed string) (trade.BrokerageAccount, error) {
	if err := firstError(p.Require(auth.Trade), p.RequireSession(), p.RequireFresh(a.Clock.Now())); err != nil {
		return trade.BrokerageAccount{}, err
	}
	return a.changeArmed(ctx, p, name, func(account *trade.BrokerageAccount) (audit.Action, error) {
		if account.Paper {
			return "", fault.New(fault.Invalid, "%q is a paper account: it needs no arming.", account.Name)
		}
		if confirmed != account.Name {
			return "", fault.New(fault.Invalid, "Type the account's name, %q, exactly as it is.", account.Name)
		}
		if account.ArmedAt.IsZero() {
			account.ArmedAt = a.Clock.Now()
		}
		return audit.AccountArmed, nil
	})
}

// Disarm takes the permission back; a live account's automation stops with it.
func (a *App) Disarm(ctx context.Context, p auth.Principal, name string) (trade.BrokerageAccount, error) {
	if err := firstError(p.Require(auth.Trade), p.RequireSession()); err != nil {
		return trade.BrokerageAccount{}, err
	}
	return a.changeArmed(ctx, p, name, func(account *trade.BrokerageAccount) (audit.Action, error) {
		account.ArmedAt = time.Time{}
		account.Automated = account.Automated && account.Paper
		return audit.AccountDisarmed, nil
	})
}

func (a *App) changeArmed(ctx context.Context, p auth.Principal, name string, change func(*trade.BrokerageAccount) (audit.Action, error)) (trade.BrokerageAccount, error) {
	defer a.accounts.lock(p.UserID)()
	account, err := a.Store.AccountByName(ctx, p.UserID, name)
	if err != nil {
		return account, err
	}
	action, err := change(&account)
	if err != nil {
		return account, err
	}
	err = a.Store.UpdateAccount(ctx, account, a.entry(p, action, accountTarget(account), map[string]any{"name": account.Name}))
	a.Poke(p.UserID)
	return account, err
}

// errUnarmed refuses automation of a live account that nobody has armed.
func errUnarmed(name string) error {
	return fault.New(fault.Conflict, "%q is a live account: arm it first, then turn its automation on.", name)
}
