package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// handWait is how long an act by hand waits for a cycle of the account to end.
const handWait = 10 * time.Second

// Reconcile compares the account's journal with the broker now. With adopt it takes over the
// broker's quantities as they are, so that a person can resume what drift has halted: in the browser
// with a fresh factor.
func (a *App) Reconcile(ctx context.Context, p auth.Principal, name string, adopt bool) (trade.Reconciliation, error) {
	if err := p.Require(auth.Trade); err != nil {
		return trade.Reconciliation{}, err
	}
	account, err := a.ownAccount(ctx, p, name)
	if err != nil {
		return trade.Reconciliation{}, err
	}
	err = p.RequireMode(account.Paper)
	if err == nil && adopt && p.Token == nil {
		err = p.RequireFresh(a.Clock.Now())
	}
	if err != nil {
		return trade.Reconciliation{}, err
	}
	defer a.Poke(account.UserID)
	if !adopt {
		return a.reconcile(ctx, account)
	}
	run, err := a.run(ctx, account)
	if err != nil {
		return trade.Reconciliation{}, err
	}
	found, err := a.Desk.Adopt(ctx, run, a.entry(p, audit.DriftAdopted, accountTarget(account), map[string]any{"name": account.Name}))
	return found, brokerFault(err)
}

func (a *App) reconcile(ctx context.Context, account trade.BrokerageAccount) (trade.Reconciliation, error) {
	run, err := a.run(ctx, account)
	if err != nil {
		return trade.Reconciliation{}, err
	}
	found, err := a.Desk.Reconcile(ctx, run)
	return found, brokerFault(err)
}

// run is what the desk needs of the account to act by hand.
func (a *App) run(ctx context.Context, account trade.BrokerageAccount) (desk.Run, error) {
	if a.Desk == nil {
		return desk.Run{}, fault.New(fault.Unavailable, "This process does not trade.")
	}
	brokerage, err := a.openAccount(ctx, account)
	if err != nil {
		return desk.Run{}, err
	}
	settings, err := a.settingsOf(ctx, account)
	if err != nil {
		return desk.Run{}, err
	}
	return desk.Run{
		AccountID: account.ID, UserID: account.UserID, Broker: brokerage, Settings: settings,
		Slot: a.Clock.Now(), DryRun: a.DryRun, LeaseWait: handWait, SimulatedTime: a.SimulatedTime(account),
	}, nil
}

// settingsOf are the settings by which the account is traded.
func (a *App) settingsOf(ctx context.Context, account trade.BrokerageAccount) (trade.Settings, error) {
	if a.Local != nil && a.Local.Account.ID == account.ID {
		return a.Local.Settings, nil
	}
	strategy, err := readStrategy(ctx, a.Store, account)
	return strategy.Settings, err
}

// DriftSentence says what differs between journal and broker; empty when nothing does.
func DriftSentence(found trade.Reconciliation) string {
	if found.Passed {
		return ""
	}
	if found.Restored() {
		return "the database was restored from a backup, and the account has not been compared with the broker since."
	}
	const shown = 5
	parts := make([]string, 0, shown)
	for i, drift := range found.Drift {
		if i == shown {
			parts = append(parts, fmt.Sprintf("and %d more", len(found.Drift)-shown))
			break
		}
		parts = append(parts, fmt.Sprintf("%s %s at the broker, %s by the journal", drift.Symbol, drift.Broker, drift.Expected))
	}
	return "the broker's positions are not those of the journal: " + strings.Join(parts, "; ") + "."
}
