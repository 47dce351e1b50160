package app

import (
	"context"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// AccountChange is what to change of a brokerage account; nil fields stay.
type AccountChange struct {
	Name      *string
	APIKey    *secret.Text // both keys or none
	SecretKey *secret.Text
	Paper     *bool
	Automated *bool
}

func (c AccountChange) changesKeys() bool { return c.APIKey != nil || c.SecretKey != nil }

// changesMode reports whether the account moves between paper and live.
func (c AccountChange) changesMode(account trade.BrokerageAccount) bool {
	return c.Paper != nil && *c.Paper != account.Paper
}

// isDangerous reports whether the change needs a fresh factor: other keys, another mode, and letting
// an account trade by itself that has more than play money. An API token may do the last within its
// scopes: it was made with a fresh factor for that.
func (c AccountChange) isDangerous(p auth.Principal, account trade.BrokerageAccount) bool {
	starts := c.Automated != nil && *c.Automated && !account.Automated && !account.Demo && p.Token == nil
	return c.changesKeys() || c.changesMode(account) || starts
}

// UpdateAccount changes the account. New keys and a new mode are sealed again and asked of the
// broker, like those of a new account, and need a fresh factor; both disarm a live account and turn
// its automation off. Turning automation on needs the permission to trade, a fresh factor (but for the
// demonstration account) and, live, an armed account.
func (a *App) UpdateAccount(ctx context.Context, p auth.Principal, name string, change AccountChange) (SavedAccount, error) {
	if err := p.Require(auth.Accounts); err != nil {
		return SavedAccount{}, err
	}
	return a.updateAccount(ctx, p, name, change)
}

// updateAccount is UpdateAccount for who has the permission. An API token is bound to the modes of
// its scopes.
func (a *App) updateAccount(ctx context.Context, p auth.Principal, name string, change AccountChange) (SavedAccount, error) {
	defer a.accounts.lock(p.UserID)()
	account, err := a.Store.AccountByName(ctx, p.UserID, name)
	if err != nil {
		return SavedAccount{}, err
	}
	if err := firstError(p.RequireMode(account.Paper), checkChange(p, account, change)); err != nil {
		return SavedAccount{}, err
	}
	if change.isDangerous(p, account) {
		if err := p.RequireFresh(a.Clock.Now()); err != nil {
			return SavedAccount{}, err
		}
	}
	before := account
	saved, err := a.applyChange(ctx, account, change)
	if err != nil {
		return SavedAccount{}, err
	}
	err = a.storeChange(ctx, p, before, saved.Account, change)
	a.Poke(p.UserID)
	return saved, err
}

// checkChange refuses what may not be changed, or not together.
func checkChange(p auth.Principal, account trade.BrokerageAccount, change AccountChange) error {
	switch {
	case account.Demo && (change.changesKeys() || change.changesMode(account)):
		return fault.New(fault.Invalid, "The demonstration account keeps its keys and its mode. Add another account instead.")
	case change.changesKeys() && (change.APIKey == nil || change.SecretKey == nil):
		return fault.New(fault.Invalid, "Give both api_key and secret_key: they belong together.")
	case change.Automated != nil && *change.Automated && change.changesMode(account) && !*change.Paper:
		return fault.New(fault.Invalid, "Change the account to live first; then turn its automation on.")
	case change.Automated != nil && *change.Automated && !account.Automated && !account.Armed():
		return firstError(p.Require(auth.Trade), errUnarmed(account.Name))
	case change.Automated != nil && *change.Automated && !account.Automated:
		return p.Require(auth.Trade)
	}
	return nil
}

// applyChange returns the changed account, not stored yet.
func (a *App) applyChange(ctx context.Context, account trade.BrokerageAccount, change AccountChange) (SavedAccount, error) {
	if change.Name != nil {
		name := strings.TrimSpace(*change.Name)
		if name != account.Name && !strings.EqualFold(name, account.Name) {
			if err := a.checkNewName(ctx, account.UserID, name); err != nil {
				return SavedAccount{}, err
			}
		} else if err := validateAccountName(name); err != nil {
			return SavedAccount{}, err
		}
		account.Name = name
	}
	if change.Automated != nil {
		account.Automated = *change.Automated
	}
	if !change.changesKeys() && !change.changesMode(account) {
		return SavedAccount{Account: account, Verified: true}, nil
	}
	return a.reseal(ctx, account, change)
}

// reseal moves the keys, old or new, under the account's new mode and has the broker verify them.
func (a *App) reseal(ctx context.Context, account trade.BrokerageAccount, change AccountChange) (SavedAccount, error) {
	var apiKey, secretKey secret.Text
	if change.changesKeys() {
		apiKey, secretKey = *change.APIKey, *change.SecretKey
	} else {
		var err error
		if apiKey, secretKey, err = (KeySafe{a.Keyring, a.Store}).Open(ctx, account); err != nil {
			return SavedAccount{}, err
		}
	}
	if change.changesMode(account) {
		account.Paper = *change.Paper
	}
	account.ArmedAt = time.Time{}
	account.Automated = account.Automated && account.Paper
	if err := a.sealKeys(ctx, &account, apiKey, secretKey); err != nil {
		return SavedAccount{}, err
	}
	return a.verifyKeys(ctx, account)
}

func (a *App) storeChange(ctx context.Context, p auth.Principal, before, after trade.BrokerageAccount, change AccountChange) error {
	details := map[string]any{"name": after.Name, "mode": after.Mode(), "automated": after.Automated, "keys_changed": change.changesKeys()}
	entry := a.entry(p, changeAction(before, after, change), accountTarget(after), details)
	if err := a.Store.UpdateAccount(ctx, after, entry); err != nil {
		return err
	}
	if before.Automated == after.Automated {
		return nil
	}
	return a.forgetNextRun(ctx, after.ID) // a slot of the past must not fire
}

// changeAction names the act: the automation switch has actions of its own when nothing else changed.
func changeAction(before, after trade.BrokerageAccount, change AccountChange) audit.Action {
	switch {
	case before.Automated == after.Automated, change.Name != nil, change.changesKeys(), before.Paper != after.Paper:
		return audit.AccountUpdated
	case after.Automated:
		return audit.AutomationOn
	default:
		return audit.AutomationOff
	}
}
