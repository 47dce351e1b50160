package app

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// NewAccount is what a user gives to add a brokerage account.
type NewAccount struct {
	Name      string
	APIKey    secret.Text
	SecretKey secret.Text
	Paper     bool
}

// SavedAccount is an account as it was stored, and whether the broker has accepted its keys.
type SavedAccount struct {
	Account  trade.BrokerageAccount
	Verified bool
	Warning  string // why it is not verified; empty when it is
}

// ListAccounts returns the principal's brokerage accounts by creation.
func (a *App) ListAccounts(ctx context.Context, p auth.Principal) ([]trade.BrokerageAccount, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	return a.Store.ListAccounts(ctx, p.UserID)
}

// AddAccount seals the keys, asks the broker whether they are good, and stores the account. Keys
// that the broker refuses are a fault of kind BrokerRefused and nothing is stored; when it does
// not answer, the account is stored unverified.
func (a *App) AddAccount(ctx context.Context, p auth.Principal, wanted NewAccount) (SavedAccount, error) {
	if err := p.Require(auth.Accounts); err != nil {
		return SavedAccount{}, err
	}
	account := trade.BrokerageAccount{
		ID: uuid.NewString(), UserID: p.UserID, Name: strings.TrimSpace(wanted.Name),
		Paper: wanted.Paper, CreatedAt: a.Clock.Now(),
	}
	if err := a.checkNewName(ctx, p.UserID, account.Name); err != nil {
		return SavedAccount{}, err
	}
	if err := a.sealKeys(ctx, &account, wanted.APIKey, wanted.SecretKey); err != nil {
		return SavedAccount{}, err
	}
	saved, err := a.verifyKeys(ctx, account)
	if err != nil {
		return SavedAccount{}, err
	}
	entry := a.entry(p, audit.AccountCreated, accountTarget(account), map[string]any{
		"name": account.Name, "mode": account.Mode(), "verified": saved.Verified,
	})
	saved.Account, err = a.Store.CreateAccount(ctx, account, entry)
	a.Poke(p.UserID)
	return saved, err
}

// checkNewName refuses a bad name, and one that is taken before the broker is asked for nothing.
func (a *App) checkNewName(ctx context.Context, userID, name string) error {
	if err := validateAccountName(name); err != nil {
		return err
	}
	switch _, err := a.Store.AccountByName(ctx, userID, name); {
	case err == nil:
		return fault.New(fault.Conflict, "You have an account named %q already. Choose another name.", name)
	case fault.Is(err, fault.NotFound):
		return nil
	default:
		return err
	}
}

const longestAccountName = 80

func validateAccountName(name string) error {
	length := utf8.RuneCountInString(name)
	if length < 1 || length > longestAccountName || !printable(name) || name == "." || name == ".." {
		return fault.New(fault.Invalid, "The account's name needs 1 to %d printable characters.", longestAccountName)
	}
	return nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func (a *App) sealKeys(ctx context.Context, account *trade.BrokerageAccount, apiKey, secretKey secret.Text) error {
	cleanKey, err := cleanBrokerKey("API key", apiKey)
	if err != nil {
		return err
	}
	cleanSecret, err := cleanBrokerKey("secret key", secretKey)
	if err != nil {
		return err
	}
	return KeySafe{a.Keyring, a.Store}.Seal(ctx, account, cleanKey, cleanSecret)
}

const longestBrokerKey = 128

// cleanBrokerKey trims a pasted key and refuses what cannot be one: keys travel in HTTP headers,
// so only visible ASCII is taken.
func cleanBrokerKey(name string, key secret.Text) (secret.Text, error) {
	value := strings.TrimSpace(key.Reveal())
	visible := strings.IndexFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
	if value == "" || len(value) > longestBrokerKey || !visible {
		return secret.Text{}, fault.New(fault.Invalid, "The %s needs 1 to %d visible characters without spaces.", name, longestBrokerKey)
	}
	return secret.NewText(value), nil
}

// verifyTimeout bounds the question whether keys are good.
const verifyTimeout = 5 * time.Second

// verifyKeys asks the broker with the account's sealed keys.
func (a *App) verifyKeys(ctx context.Context, account trade.BrokerageAccount) (SavedAccount, error) {
	saved := SavedAccount{Account: account}
	asked, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	brokerage, err := a.Brokerages.Open(asked, account)
	if err != nil {
		return saved, err
	}
	_, err = brokerage.Account(asked)
	switch {
	case err == nil:
		saved.Verified = true
		return saved, nil
	case ctx.Err() != nil:
		return saved, ctx.Err()
	case fault.Is(err, fault.BrokerRefused):
		return saved, fault.Because(err, fault.BrokerRefused,
			"Alpaca refused these keys. Check both keys, and that they are %s keys. Nothing was saved.", account.Mode())
	default:
		a.Logger.WarnContext(ctx, "verify broker keys", "account", account.ID, "cause", err)
		saved.Warning = "Saved, but Alpaca did not answer, so the keys are not verified yet."
		return saved, nil
	}
}

// DeleteAccount removes the account and its keys. The journal of what it did stays.
func (a *App) DeleteAccount(ctx context.Context, p auth.Principal, name string) error {
	if err := p.Require(auth.Accounts); err != nil {
		return err
	}
	account, err := a.Store.AccountByName(ctx, p.UserID, name)
	if err != nil {
		return err
	}
	entry := a.entry(p, audit.AccountDeleted, accountTarget(account), map[string]any{"name": account.Name})
	err = a.Store.DeleteAccount(ctx, p.UserID, account.ID, entry)
	a.Poke(p.UserID)
	return err
}

// ActivateAccount makes the account the one that the pages show.
func (a *App) ActivateAccount(ctx context.Context, p auth.Principal, name string) error {
	if err := p.Require(auth.Accounts); err != nil {
		return err
	}
	account, err := a.Store.AccountByName(ctx, p.UserID, name)
	if err != nil {
		return err
	}
	entry := a.entry(p, audit.AccountActivated, accountTarget(account), map[string]any{"name": account.Name})
	err = a.Store.ActivateAccount(ctx, p.UserID, account.ID, entry)
	a.Poke(p.UserID)
	return err
}

func accountTarget(account trade.BrokerageAccount) string { return "account:" + account.ID }
