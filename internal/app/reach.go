package app

import (
	"context"
	"slices"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Reach says for which accounts trading is halted, resumed or flattened.
type Reach struct {
	Installation bool   // everybody's accounts, also future ones: for administrators
	All          bool   // all accounts of the user; of everybody for the command line
	Account      string // one by its name, for the command line also by its id; empty: the active one
}

// LocalAccount is the brokerage account of the settings, on the command line. It belongs to no user.
type LocalAccount struct {
	Account   trade.BrokerageAccount
	Brokerage Brokerage
	Settings  trade.Settings
}

// LocalName is how the command line names the account of the settings.
const LocalName = "local"

// reached returns the accounts, each of which the principal may act on.
func (a *App) reached(ctx context.Context, p auth.Principal, reach Reach) ([]trade.BrokerageAccount, error) {
	accounts, err := a.accountsWithin(ctx, p, reach)
	if err != nil {
		return nil, err
	}
	for _, account := range accounts {
		if err := p.RequireMode(account.Paper); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

func (a *App) accountsWithin(ctx context.Context, p auth.Principal, reach Reach) ([]trade.BrokerageAccount, error) {
	switch {
	case p.UserID == "" || reach.Installation:
		return a.everybodys(ctx, reach)
	case reach.All:
		return a.Store.ListAccounts(ctx, p.UserID)
	}
	account, err := a.ownAccount(ctx, p, reach.Account)
	return []trade.BrokerageAccount{account}, err
}

// ownAccount is the principal's account of the name, the active one without a name.
func (a *App) ownAccount(ctx context.Context, p auth.Principal, name string) (trade.BrokerageAccount, error) {
	if p.UserID == "" {
		accounts, err := a.everybodys(ctx, Reach{Account: name})
		if err != nil {
			return trade.BrokerageAccount{}, err
		}
		return accounts[0], nil
	}
	if name != "" {
		return a.Store.AccountByName(ctx, p.UserID, name)
	}
	account, err := a.Store.ActiveAccount(ctx, p.UserID)
	if fault.Is(err, fault.NotFound) {
		err = errNoAccount
	}
	return account, err
}

// everybodys finds accounts of all users, for who may reach beyond a user's own, and that of the
// settings.
func (a *App) everybodys(ctx context.Context, reach Reach) ([]trade.BrokerageAccount, error) {
	accounts, err := a.Store.AllAccounts(ctx)
	if err != nil {
		return nil, err
	}
	if a.Local != nil { // a single-user dashboard keeps it in the database too
		accounts = slices.DeleteFunc(accounts, func(account trade.BrokerageAccount) bool { return account.ID == a.Local.Account.ID })
		accounts = append([]trade.BrokerageAccount{a.Local.Account}, accounts...)
	}
	if reach.All || reach.Installation {
		return accounts, nil
	}
	if reach.Account == "" && a.Local != nil {
		return accounts[:1], nil
	}
	return oneNamed(accounts, reach.Account)
}

func oneNamed(accounts []trade.BrokerageAccount, name string) ([]trade.BrokerageAccount, error) {
	var found []trade.BrokerageAccount
	for _, account := range accounts {
		if account.ID == name {
			return []trade.BrokerageAccount{account}, nil
		}
		if strings.EqualFold(account.Name, name) {
			found = append(found, account)
		}
	}
	switch {
	case len(found) == 1:
		return found, nil
	case len(found) > 1:
		ids := make([]string, len(found))
		for i, account := range found {
			ids[i] = account.ID
		}
		return nil, fault.New(fault.Invalid, "Several users have an account named %q. Name one of them by its id: %s.", name, strings.Join(ids, ", "))
	case name == "":
		return nil, fault.New(fault.Invalid, "Say which account: --account with its name or its id, or all. Without it the account of ALPACA_API_KEY is meant, which is not set.")
	default:
		return nil, fault.New(fault.NotFound, "There is no account named %q, and none with that id.", name)
	}
}

// openAccount connects to the account at the broker.
func (a *App) openAccount(ctx context.Context, account trade.BrokerageAccount) (Brokerage, error) {
	if a.Local != nil && a.Local.Account.ID == account.ID {
		return a.Local.Brokerage, nil
	}
	return a.Brokerages.Open(ctx, account)
}
