// Package importer takes over what the Python system kept: users of its database, and the files of
// one user. Every user is one transaction; what was taken is never taken twice.
package importer

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/legacy"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Store keeps what is taken over.
type Store interface {
	app.SealedRows
	ImportedUsers(ctx context.Context, source string) (map[string]auth.User, error)
	ImportUser(ctx context.Context, source string, n legacy.Newcomer) (imported bool, err error)
	ImportedEntries(ctx context.Context, source string) (int64, error)
	ImportEntries(ctx context.Context, source string, after, upTo int64, entries []audit.Entry) error
	ImportAddition(ctx context.Context, a legacy.Addition) error
	UserByLogin(ctx context.Context, login string) (auth.User, error)
	UserSettings(ctx context.Context, userID string) (trade.Settings, error)
	Watchlist(ctx context.Context, userID string) ([]trade.WatchedSymbol, error)
	ListAccounts(ctx context.Context, userID string) ([]trade.BrokerageAccount, error)
}

// Old is an old database; flaskdb.Database is one.
type Old interface {
	Read(ctx context.Context) (legacy.Installation, error)
	Entries(ctx context.Context, after int64, limit int) ([]legacy.Entry, error)
}

// Importer takes over. DryRun only reports what it would do.
type Importer struct {
	Store   Store
	Keyring *secret.Keyring
	Clock   clock.Clock
	Log     *slog.Logger
	DryRun  bool
}

// What becomes of a user or a thing.
const (
	Import  = "import"  // it is new here
	Present = "present" // it came before, or is the same here
	Refused = "refused" // it cannot come; the notes say why
)

// Report is what an import did, or would do.
type Report struct {
	DryRun       bool         `json:"dry_run"`
	Source       string       `json:"source"`
	Users        []UserReport `json:"users"`
	AuditEntries int          `json:"audit_entries"` // of this run
	Notes        []string     `json:"notes"`
}

// UserReport is what becomes of one user.
type UserReport struct {
	Username  string    `json:"username"`
	Email     string    `json:"email"`
	What      string    `json:"what"`
	Role      auth.Role `json:"role"`
	Disabled  bool      `json:"disabled"`
	TwoFactor bool      `json:"two_factor"`
	Accounts  []string  `json:"accounts"`
	Symbols   int       `json:"symbols"`
	Notes     []string  `json:"notes"`
}

// Refused counts users that could not come.
func (r Report) Refused() (count int) {
	for _, user := range r.Users {
		if user.What == Refused {
			count++
		}
	}
	return count
}

// Database takes over all users of the old database and its audit log. key opens the keys of their
// brokerage accounts; a wrong one is refused before anything is changed. A run that was interrupted
// is taken up by the next one.
func (i Importer) Database(ctx context.Context, old Old, key *legacy.Key) (Report, error) {
	found, err := old.Read(ctx)
	if err != nil {
		return Report{}, err
	}
	report := Report{DryRun: i.DryRun, Source: found.Source, Users: []UserReport{}, Notes: []string{}}
	if err := checkKey(found, key); err != nil {
		return report, err
	}
	users, err := i.Store.ImportedUsers(ctx, found.Source)
	if err != nil {
		return report, err
	}
	for _, user := range found.Users {
		told, err := i.user(ctx, found.Source, user, users, key)
		if err != nil {
			return report, err
		}
		report.Users = append(report.Users, told)
	}
	report.Notes = append(report.Notes, i.advice(found)...)
	report.AuditEntries, err = i.entries(ctx, old, found, users)
	return report, err
}

// checkKey refuses a missing key, and one that opens none of the stored keys.
func checkKey(found legacy.Installation, key *legacy.Key) error {
	count, opened := 0, 0
	for _, user := range found.Users {
		for _, account := range user.Accounts {
			count++
			if key == nil {
				continue
			}
			if _, err := key.Open(account.SecretKey); err == nil {
				opened++
			}
		}
	}
	switch {
	case count > 0 && key == nil:
		return fault.New(fault.Invalid, "The old database holds the keys of %d brokerage accounts: name the old .env with --old-env FILE, or a file with the old ENCRYPTION_KEY alone with --old-key-file FILE. Nothing was changed.", count)
	case count > 0 && opened == 0:
		return fault.New(fault.Invalid, "The old ENCRYPTION_KEY opens none of the %d stored keys. Give the one that the old system ran with. Nothing was changed.", count)
	}
	return nil
}

// user imports one user, or says why not.
func (i Importer) user(ctx context.Context, source string, old legacy.User, users map[string]auth.User, key *legacy.Key) (UserReport, error) {
	told := UserReport{
		Username: old.Username, Email: old.Email, What: Import, Role: roleOf(old), Disabled: old.Disabled, TwoFactor: old.TwoFactor,
		Accounts: []string{}, Notes: []string{},
	}
	if _, before := users[old.ID]; before {
		told.What = Present
		return told, nil
	}
	if problem, err := i.unwelcome(ctx, old); err != nil || problem != "" {
		told.What, told.Notes = Refused, append(told.Notes, problem)
		return told, err
	}
	newcomer, err := i.newcomer(ctx, old, key, &told)
	if fault.Is(err, fault.Invalid) {
		told.What, told.Notes = Refused, append(told.Notes, fault.Public(err))
		return told, nil
	}
	if err != nil || i.DryRun {
		return told, err
	}
	newcomer.Entry = i.entry(source, map[string]any{"role": newcomer.User.Role, "accounts": len(newcomer.Accounts), "two_factor": newcomer.TOTP != nil})
	switch imported, err := i.Store.ImportUser(ctx, source, newcomer); {
	case fault.Is(err, fault.Conflict):
		told.What, told.Notes = Refused, append(told.Notes, fault.Public(err))
		return told, nil
	case err != nil:
		return told, err
	case !imported:
		told.What = Present
	}
	users[old.ID] = newcomer.User
	i.Log.Info("user imported", "username", old.Username)
	return told, nil
}

func roleOf(old legacy.User) auth.Role {
	if old.Admin {
		return auth.Admin
	}
	return auth.Trader
}

// unwelcome says why the user cannot come.
func (i Importer) unwelcome(ctx context.Context, old legacy.User) (string, error) {
	if old.Username == "" || old.PasswordHash == "" {
		return "This user has no name or no password hash.", nil
	}
	for _, login := range []string{old.Username, old.Email} {
		switch _, err := i.Store.UserByLogin(ctx, login); {
		case err == nil:
			return fmt.Sprintf("Somebody here is named %q already, or has that e-mail address.", login), nil
		case !fault.Is(err, fault.NotFound):
			return "", err
		}
	}
	return "", nil
}

// newcomer makes the user as it is to be stored here and completes the report.
func (i Importer) newcomer(ctx context.Context, old legacy.User, key *legacy.Key, told *UserReport) (legacy.Newcomer, error) {
	user := auth.User{
		ID: uuid.NewString(), Username: old.Username, Email: old.Email, PasswordHash: old.PasswordHash,
		Role: roleOf(old), Disabled: old.Disabled, CreatedAt: old.CreatedAt, LastLogin: old.LastLogin,
	}
	if user.CreatedAt.IsZero() {
		user.CreatedAt = i.Clock.Now()
	}
	n := legacy.Newcomer{OldID: old.ID, User: user, WrappedKey: i.Keyring.NewDataKey(user.ID)}
	settings, scheduled, notes := old.Settings.Strategy()
	n.Settings, told.Notes = settings, append(told.Notes, notes...)
	if scheduled {
		told.Notes = append(told.Notes, "The old system traded for this user by itself. Automation is off here: switch it on for the account when the old system is stopped.")
	}
	n.Watchlist = watchlist(old.Watchlist, told)
	seal := sealing{i.Keyring, user.ID, n.WrappedKey}
	if err := seal.factor(old, &n, told); err != nil {
		return n, err
	}
	for _, account := range old.Accounts {
		sealed, err := seal.account(ctx, account, key, i.Clock.Now())
		if err != nil {
			told.Notes = append(told.Notes, fmt.Sprintf("The account %q is left out: %s", account.Name, fault.Public(err)))
			continue
		}
		n.Accounts = append(n.Accounts, sealed)
		told.Accounts = append(told.Accounts, account.Name)
	}
	keepOneActive(n.Accounts)
	return n, nil
}

// watchlist takes the symbols that are symbols here, each once.
func watchlist(old []trade.WatchedSymbol, told *UserReport) []trade.WatchedSymbol {
	seen := map[string]bool{}
	var kept []trade.WatchedSymbol
	for _, watched := range old {
		symbol, err := trade.ParseSymbol(watched.Symbol)
		if err != nil {
			told.Notes = append(told.Notes, fmt.Sprintf("The symbol %q is left out: %s.", watched.Symbol, err))
			continue
		}
		if !seen[symbol] {
			seen[symbol] = true
			kept = append(kept, trade.WatchedSymbol{Symbol: symbol, Name: watched.Name})
		}
	}
	told.Symbols = len(kept)
	return kept
}

// keepOneActive leaves the first active account active, or makes the first one so.
func keepOneActive(accounts []trade.BrokerageAccount) {
	chosen := 0
	for n := len(accounts) - 1; n >= 0; n-- {
		if accounts[n].Active {
			chosen = n
		}
	}
	for n := range accounts {
		accounts[n].Active = n == chosen
	}
}

func (i Importer) entry(source string, details map[string]any) audit.Entry {
	details["source"] = source
	return audit.Entry{At: i.Clock.Now(), ActorName: auth.Operator.Username, Action: audit.UserImported, Details: details}
}

// advice is what the operator should know about the whole.
func (i Importer) advice(found legacy.Installation) (notes []string) {
	admins := 0
	for _, user := range found.Users {
		if user.Admin && !user.Disabled {
			admins++
		}
	}
	if admins == 0 && len(found.Users) > 0 {
		notes = append(notes, "The old database has no administrator; make one with `alpaca-trader users create-admin`, or give somebody the role with `alpaca-trader users set-role`.")
	}
	return notes
}

const entriesAtOnce = 500

// entries appends the old audit log, in its order and with its times.
func (i Importer) entries(ctx context.Context, old Old, found legacy.Installation, users map[string]auth.User) (count int, err error) {
	after, err := i.Store.ImportedEntries(ctx, found.Source)
	if err != nil {
		return 0, err
	}
	for {
		batch, err := old.Entries(ctx, after, entriesAtOnce)
		if err != nil || len(batch) == 0 {
			return count, err
		}
		last := batch[len(batch)-1].ID
		entries := make([]audit.Entry, len(batch))
		for n, entry := range batch {
			entries[n] = entry.Imported(found.Source, users)
		}
		if !i.DryRun {
			if err := i.Store.ImportEntries(ctx, found.Source, after, last, entries); err != nil {
				return count, err
			}
		}
		after, count = last, count+len(batch)
	}
}
