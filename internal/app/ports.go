// Package app holds the use cases: authorize, act, audit. The API and the command line call the
// same ones. What they need of the world stands here, where it is used.
package app

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Brokerage is one brokerage account at the broker: what trading needs and what the pages show.
type Brokerage interface {
	engine.Broker
	// ClosedOrders returns up to limit orders in a terminal state, newest first.
	ClosedOrders(ctx context.Context, limit int) ([]trade.BrokerOrder, error)
	// PortfolioHistory takes period 1D, 1W, 1M, 3M, 6M or 1A and timeframe 15Min, 1H or 1D.
	PortfolioHistory(ctx context.Context, period, timeframe string) (trade.PortfolioHistory, error)
	// Bars returns split-adjusted bars, oldest first, closed and forming; symbols without data are absent.
	Bars(ctx context.Context, query trade.BarQuery) (map[string][]trade.Bar, error)
	// LatestPrices returns the close of each symbol's latest minute bar; symbols without data are absent.
	LatestPrices(ctx context.Context, symbols []string) (map[string]float64, error)
}

// Brokerages opens brokerage accounts: it unseals the keys and picks the address that the
// operator configured for the account's mode.
type Brokerages interface {
	Open(ctx context.Context, account trade.BrokerageAccount) (Brokerage, error)
}

// Users keeps the people who sign in. Names and e-mail addresses compare without regard to case.
type Users interface {
	// CreateUser inserts the user with its wrapped data key, its settings and the audit entry
	// together. The very first user becomes admin, decided inside the transaction. A fault of
	// kind Conflict when the name or the address is taken.
	CreateUser(ctx context.Context, user auth.User, wrappedDataKey []byte, settings trade.Settings, entry audit.Entry) (auth.User, error)
	// AdmitUser is CreateUser on the terms of the admission, which are checked in the same
	// transaction: auth.ErrInvite, or a fault of kind Forbidden, when they do not hold.
	AdmitUser(ctx context.Context, user auth.User, wrappedDataKey []byte, settings trade.Settings, terms auth.Admission, entry audit.Entry) (auth.User, error)
	// UserByLogin finds by user name or e-mail address; a fault of kind NotFound otherwise.
	UserByLogin(ctx context.Context, login string) (auth.User, error)
	UserByID(ctx context.Context, id string) (auth.User, error)
	CountUsers(ctx context.Context) (int, error)
	// DataKey returns the user's wrapped data key.
	DataKey(ctx context.Context, userID string) ([]byte, error)
}

// Accounts keeps brokerage accounts. Every query takes the user id; a row of another user is a
// fault of kind NotFound.
type Accounts interface {
	ListAccounts(ctx context.Context, userID string) ([]trade.BrokerageAccount, error) // by creation
	AccountByName(ctx context.Context, userID, name string) (trade.BrokerageAccount, error)
	ActiveAccount(ctx context.Context, userID string) (trade.BrokerageAccount, error) // NotFound: none yet
	// CreateAccount inserts; the user's first account becomes active. Conflict: the name is taken.
	CreateAccount(ctx context.Context, account trade.BrokerageAccount, entry audit.Entry) (trade.BrokerageAccount, error)
	// UpdateAccount stores name, mode, sealed keys, hint, the automation switch and since when it is armed.
	UpdateAccount(ctx context.Context, account trade.BrokerageAccount, entry audit.Entry) error
	// DeleteAccount removes the row; when it was active, the oldest other one becomes active.
	// The journal of what it did stays.
	DeleteAccount(ctx context.Context, userID, id string, entry audit.Entry) error
	ActivateAccount(ctx context.Context, userID, id string, entry audit.Entry) error
	// AllAccounts returns every account of every user, by creation: for who may reach beyond a user's own.
	AllAccounts(ctx context.Context) ([]trade.BrokerageAccount, error)
	// AutomatedAccounts returns every account whose automation is on and whose user is not
	// disabled: for the scheduler only.
	AutomatedAccounts(ctx context.Context) ([]trade.BrokerageAccount, error)
	// AutomatedAccount is one of those by its id; NotFound for any other account.
	AutomatedAccount(ctx context.Context, id string) (trade.BrokerageAccount, error)
	SetNextRun(ctx context.Context, accountID string, next time.Time) error
	// CheckSealed refuses an account whose sealed keys are not those of the last audited act that
	// sealed them.
	CheckSealed(ctx context.Context, account trade.BrokerageAccount) error
}

// Watchlists keeps each user's symbols.
type Watchlists interface {
	Watchlist(ctx context.Context, userID string) ([]trade.WatchedSymbol, error)                       // in the order added
	AddSymbol(ctx context.Context, userID string, symbol trade.WatchedSymbol, entry audit.Entry) error // Conflict: there already
	RemoveSymbol(ctx context.Context, userID, symbol string, entry audit.Entry) error                  // NotFound
}

// Settings keeps each user's strategy.
type Settings interface {
	UserSettings(ctx context.Context, userID string) (trade.Settings, error)
	UpdateSettings(ctx context.Context, userID string, settings trade.Settings, entry audit.Entry) error
}

// Strategies keeps what single accounts do differently from their users. The caller has found the
// account by its user.
type Strategies interface {
	// AccountStrategy has nothing set for an account that does as its user does.
	AccountStrategy(ctx context.Context, accountID string) (trade.AccountStrategy, error)
	// ChangeAccountStrategy applies change to what is stored; NotFound: the user has no such account.
	ChangeAccountStrategy(ctx context.Context, userID, accountID string, change func(*trade.AccountStrategy), entry audit.Entry) error
}

// Standings keeps the states of trading, latched until a person lifts them.
type Standings interface {
	// Standing is the state in force: the stricter of the account's own and the installation's.
	Standing(ctx context.Context, accountID string) (trade.Standing, error)
	// OwnStanding is that of one scope alone; trade.WholeInstallation asks for the installation's.
	OwnStanding(ctx context.Context, accountID string) (trade.Standing, error)
	SetStanding(ctx context.Context, standing trade.Standing, entry audit.Entry) error
	// Reconciliation is the account's last comparison with the broker; NotFound: there was none.
	Reconciliation(ctx context.Context, accountID string) (trade.Reconciliation, error)
	// InstallationRisk are the limits that hold for every account, besides its own.
	InstallationRisk(ctx context.Context) (trade.RiskLimits, error)
	// ChangeInstallationRisk applies change, whose error refuses it.
	ChangeInstallationRisk(ctx context.Context, change func(*trade.RiskLimits) error, entry audit.Entry) (trade.RiskLimits, error)
}

// TradingDesk acts on one account by hand; *desk.Desk is one. Each call takes the account's lease.
type TradingDesk interface {
	// Reconcile compares journal and broker, and records what it found.
	Reconcile(ctx context.Context, run desk.Run) (trade.Reconciliation, error)
	// Adopt is Reconcile that takes the broker's quantities over, with the audit entry.
	Adopt(ctx context.Context, run desk.Run, entry audit.Entry) (trade.Reconciliation, error)
	// Flatten cancels the account's open orders and closes its positions, under the standing that
	// asks for it. With run.DryRun it returns what it would order and changes nothing.
	Flatten(ctx context.Context, run desk.Run, standing trade.Standing) ([]trade.Order, error)
}

// History reads the journal.
type History interface {
	// Cycles returns an account's newest cycles with their decisions, newest first.
	Cycles(ctx context.Context, userID, accountID string, limit int) ([]trade.Cycle, error)
	// JournaledOrders returns an account's newest journaled orders, newest first.
	JournaledOrders(ctx context.Context, userID, accountID string, limit int) ([]trade.Order, error)
	// Explain returns what is known of one symbol in one account at a market time.
	Explain(ctx context.Context, userID, accountID, symbol string, moment time.Time) (trade.Explanation, error)
}

// Directory is the users as administrators see and change them. A user that does not exist is a
// fault of kind NotFound.
type Directory interface {
	// ListUsers returns one page by user name, at a cost that does not grow with the page's place.
	ListUsers(ctx context.Context, query auth.UserQuery) (auth.UserPage, error)
	// ChangeUser changes the user and writes the entries that describe returns, together. Disabling
	// ends the user's sessions. Conflict: nobody could administer any more.
	ChangeUser(ctx context.Context, id string, change auth.UserChange, describe func(auth.UserChanged) []audit.Entry) (auth.User, error)
	// EndUserSessions ends all of the user's sessions; describe gets how many there were.
	EndUserSessions(ctx context.Context, userID string, describe func(ended int64) audit.Entry) (ended int64, err error)
	// RemoveFactors removes all second factors and ends the user's sessions; describe gets what
	// there was.
	RemoveFactors(ctx context.Context, userID string, describe func(removed auth.Factors) audit.Entry) error
}

// Links are the one-time links. Only hashes of their secrets come here.
type Links interface {
	CreatePasswordLink(ctx context.Context, link auth.PasswordLink, entry audit.Entry) error // in place of the user's older one
	// PasswordLinkUser and UsePasswordLink give auth.ErrPasswordLink for a link that cannot be used.
	PasswordLinkUser(ctx context.Context, hash []byte) (auth.User, error)
	UsePasswordLink(ctx context.Context, hash []byte, passwordHash string, entry audit.Entry) error
	Invites(ctx context.Context) ([]auth.Invite, error) // newest first
	CreateInvite(ctx context.Context, invite auth.Invite, hash []byte, entry audit.Entry) error
	RevokeInvite(ctx context.Context, id string, entry audit.Entry) error // NotFound
	InviteValid(ctx context.Context, hash []byte) (bool, error)
}

// Installation keeps what administrators decide for everybody.
type Installation interface {
	InstallationSettings(ctx context.Context) (auth.InstallationSettings, error)
	// ChangeInstallationSettings applies change and writes the entries that describe returns.
	ChangeInstallationSettings(ctx context.Context, change func(*auth.InstallationSettings), describe func(before, after auth.InstallationSettings) []audit.Entry) (auth.InstallationSettings, error)
}

// Tokens keeps API tokens, by the hash of their text.
type Tokens interface {
	ListTokens(ctx context.Context, userID string) ([]auth.APIToken, error) // oldest first, expired ones too
	TokenByID(ctx context.Context, id string) (auth.APIToken, error)        // of anybody; NotFound
	CreateToken(ctx context.Context, token auth.APIToken, entry audit.Entry) error
	// TouchToken records a use, exact to auth.TokenUseExactTo.
	TouchToken(ctx context.Context, id string, used time.Time) error
	RevokeToken(ctx context.Context, userID, id string, entry audit.Entry) error // NotFound
}

// Passkeys keeps passkeys. A challenge is answered once: a second answer is a fault of kind
// Conflict, and changes nothing.
type Passkeys interface {
	ListPasskeys(ctx context.Context, userID string) ([]auth.Passkey, error) // oldest first
	PasskeyByCredential(ctx context.Context, credentialID []byte) (auth.Passkey, error)
	// CreatePasskey ends all sessions of the user and returns the user.
	CreatePasskey(ctx context.Context, passkey auth.Passkey, challenge []byte, entry audit.Entry) (auth.User, error)
	// UsePasskey stores record, count and last use; auth.ErrCloned when the count does not rise.
	UsePasskey(ctx context.Context, passkey auth.Passkey, challenge []byte) error
	RenamePasskey(ctx context.Context, userID, id, name string, entry audit.Entry) error // NotFound
	// DeletePasskey removes the recovery codes with the last second factor, ends all sessions of
	// the user and returns the user. NotFound: there was none.
	DeletePasskey(ctx context.Context, userID, id string, entry audit.Entry) (auth.User, error)
}

// AuditLog appends an act that changes nothing else, such as a failed sign-in, and is read by
// administrators.
type AuditLog interface {
	Append(ctx context.Context, entry audit.Entry) error
	// AuditEntries returns the entries that the filter chooses, newest first.
	AuditEntries(ctx context.Context, filter audit.Filter) ([]audit.Record, error)
	// EachAuditEntry visits them, oldest first; an error of visit ends it and comes back.
	EachAuditEntry(ctx context.Context, filter audit.Filter, visit func(*audit.Record) error) error
}

// AuditVerifier checks the whole audit log; callers at the same time share one run.
type AuditVerifier interface {
	Verify(ctx context.Context) (audit.Report, error)
}

// Store is all of it; internal/store implements it on SQLite and PostgreSQL.
type Store interface {
	Users
	Credentialed
	SignIns
	Factors
	Sessions
	Accounts
	Watchlists
	Settings
	Strategies
	Standings
	History
	Directory
	Links
	Installation
	Tokens
	Passkeys
	AuditLog
}

// RateLimits are the limits in force in this process.
type RateLimits interface {
	// Override replaces all earlier overrides; a fault of kind Invalid, and no change, for a group
	// that does not exist or a limit that cannot be read.
	Override(auth.RateLimits) error
	// Current returns the limits in force, of every group that may be overridden.
	Current() auth.RateLimits
}

// SignalReader computes what the strategy says now, without ordering anything.
type SignalReader interface {
	// Signals returns one signal for each symbol, in the order given, and the latest prices that
	// are known.
	Signals(ctx context.Context, account trade.BrokerageAccount, settings trade.Settings, symbols []string) ([]trade.Signal, map[string]float64, error)
}

// Scheduler runs the cycles of accounts whose automation is on.
type Scheduler interface {
	Running() bool
	// Wake has the accounts looked at now, because slots have to be planned afresh. It does not wait.
	Wake(ctx context.Context)
}
