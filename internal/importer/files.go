package importer

import (
	"context"
	"fmt"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/legacy"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Files is what the YAML files of the earlier program say.
type Files struct {
	Settings  *trade.Settings // nil: no file
	Watchlist []trade.WatchedSymbol
	Accounts  []FileAccount
}

// FileAccount is a brokerage account with its keys in clear.
type FileAccount struct {
	legacy.Account
	PlainKey    secret.Text
	PlainSecret secret.Text
}

// FilesReport is what becomes of the files.
type FilesReport struct {
	DryRun   bool     `json:"dry_run"`
	Username string   `json:"username"`
	Settings string   `json:"settings"` // import, present or "" without a file
	Symbols  []string `json:"symbols"`  // that are new
	Accounts []string `json:"accounts"` // that are new
	Notes    []string `json:"notes"`
}

// Changes reports whether anything is new.
func (r FilesReport) Changes() bool {
	return r.Settings == Import || len(r.Symbols) > 0 || len(r.Accounts) > 0
}

// Files gives the user what the files say and the user does not have yet, in one transaction.
func (i Importer) Files(ctx context.Context, login string, files Files) (FilesReport, error) {
	user, err := i.Store.UserByLogin(ctx, login)
	if err != nil {
		return FilesReport{}, fault.Because(err, fault.KindOf(err), "There is no user %q here. Make one with `alpaca-trader users create`, or name another with --user.", login)
	}
	report := FilesReport{DryRun: i.DryRun, Username: user.Username, Symbols: []string{}, Accounts: []string{}, Notes: []string{}}
	addition := legacy.Addition{User: user}
	if err := i.newSettings(ctx, files, &addition, &report); err != nil {
		return report, err
	}
	if err := i.newSymbols(ctx, files, &addition, &report); err != nil {
		return report, err
	}
	if err := i.newAccounts(ctx, files, &addition, &report); err != nil {
		return report, err
	}
	if i.DryRun || !report.Changes() {
		return report, nil
	}
	addition.Entry = i.entry("yaml", map[string]any{"settings": addition.Settings != nil, "symbols": len(report.Symbols), "accounts": len(report.Accounts)})
	addition.Entry.Target = "user:" + user.ID
	addition.Entry.Action = audit.FilesImported
	return report, i.Store.ImportAddition(ctx, addition)
}

func (i Importer) newSettings(ctx context.Context, files Files, addition *legacy.Addition, report *FilesReport) error {
	if files.Settings == nil {
		return nil
	}
	now, err := i.Store.UserSettings(ctx, addition.User.ID)
	if err != nil {
		return err
	}
	wanted := *files.Settings
	if report.Settings = Present; fmt.Sprint(now) != fmt.Sprint(wanted) {
		report.Settings, addition.Settings = Import, &wanted
	}
	return nil
}

func (i Importer) newSymbols(ctx context.Context, files Files, addition *legacy.Addition, report *FilesReport) error {
	now, err := i.Store.Watchlist(ctx, addition.User.ID)
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, watched := range now {
		have[watched.Symbol] = true
	}
	for _, watched := range files.Watchlist {
		if !have[watched.Symbol] {
			addition.Watchlist = append(addition.Watchlist, watched)
			report.Symbols = append(report.Symbols, watched.Symbol)
		}
	}
	return nil
}

// newAccounts seals the accounts whose names the user does not have. None of them becomes active
// where the user has an active one.
func (i Importer) newAccounts(ctx context.Context, files Files, addition *legacy.Addition, report *FilesReport) error {
	now, err := i.Store.ListAccounts(ctx, addition.User.ID)
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, account := range now {
		have[account.Name] = true
	}
	safe := app.KeySafe{Keyring: i.Keyring, Users: i.Store}
	for _, file := range files.Accounts {
		if have[file.Name] {
			report.Notes = append(report.Notes, fmt.Sprintf("The account %q is there already and stays as it is.", file.Name))
			continue
		}
		account, err := sealAccount(ctx, safe, addition.User.ID, file.Account, file.PlainKey, file.PlainSecret, i.Clock.Now())
		if err != nil {
			return fault.Because(err, fault.KindOf(err), "The account %q of accounts.yaml: %s Nothing was changed.", file.Name, fault.Public(err))
		}
		addition.Accounts = append(addition.Accounts, account)
		report.Accounts = append(report.Accounts, account.Name)
	}
	if len(now) == 0 {
		keepOneActive(addition.Accounts)
		return nil
	}
	for n := range addition.Accounts {
		addition.Accounts[n].Active = false
	}
	return nil
}
