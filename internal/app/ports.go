// Package app holds the use cases: authorize, act, audit. The API and the command line call the
// same ones. What they need of the world stands here, where it is used.
package app

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
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
	// UserByLogin finds by user name or e-mail address; a fault of kind NotFound otherwise.
	UserByLogin(ctx context.Context, login string) (auth.User, error)
	UserByID(ctx context.Context, id string) (auth.User, error)
	CountUsers(ctx context.Context) (int, error)
	// RecordLogin sets last_login and writes the entry.
	RecordLogin(ctx context.Context, userID string, at time.Time, entry audit.Entry) error
	UpdatePasswordHash(ctx context.Context, userID, hash string) error
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
	// UpdateAccount stores name, mode, sealed keys, hint and the automation switch.
	UpdateAccount(ctx context.Context, account trade.BrokerageAccount, entry audit.Entry) error
	// DeleteAccount removes the row; when it was active, the oldest other one becomes active.
	// The journal of what it did stays.
	DeleteAccount(ctx context.Context, userID, id string, entry audit.Entry) error
	ActivateAccount(ctx context.Context, userID, id string, entry audit.Entry) error
	// AutomatedAccounts returns every account whose automation is on and whose user is not
	// disabled: for the scheduler only.
	AutomatedAccounts(ctx context.Context) ([]trade.BrokerageAccount, error)
	// AutomatedAccount is one of those by its id; NotFound for any other account.
	AutomatedAccount(ctx context.Context, id string) (trade.BrokerageAccount, error)
	SetNextRun(ctx context.Context, accountID string, next time.Time) error
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

// History reads the journal.
type History interface {
	// Cycles returns an account's newest cycles with their decisions, newest first.
	Cycles(ctx context.Context, userID, accountID string, limit int) ([]trade.Cycle, error)
	// JournaledOrders returns an account's newest journaled orders, newest first.
	JournaledOrders(ctx context.Context, userID, accountID string, limit int) ([]trade.Order, error)
}

// AuditLog appends an act that changes nothing else, such as a failed sign-in.
type AuditLog interface {
	Append(ctx context.Context, entry audit.Entry) error
}

// Store is all of it; internal/store implements it on SQLite and PostgreSQL.
type Store interface {
	Users
	Accounts
	Watchlists
	Settings
	History
	AuditLog
}

// SignalReader computes what the strategy says now, without ordering anything.
type SignalReader interface {
	// Signals returns one signal for each symbol, in the order given, and the latest prices that
	// are known.
	Signals(ctx context.Context, account trade.BrokerageAccount, settings trade.Settings, symbols []string) ([]trade.Signal, map[string]float64, error)
}

// Scheduler runs the cycles of accounts whose automation is on.
type Scheduler interface{ Running() bool }
