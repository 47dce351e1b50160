package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Config is what an App is made of. Everything is required unless said otherwise.
type Config struct {
	Store      Store
	Brokerages Brokerages
	Keyring    *secret.Keyring
	Passwords  *auth.Passwords
	Signals    SignalReader
	Scheduler  Scheduler     // nil: no scheduler runs in this process
	Verifier   AuditVerifier // nil: the audit log cannot be verified by this process
	Examine    Examine       // nil: this process cannot check the installation
	Desk       TradingDesk   // nil: this process does not trade
	Local      *LocalAccount // of the command line; nil: none
	Files      LocalFiles    // of a single-user dashboard; zero: the database alone says what is traded
	SingleUser bool          // the one built-in user is let in without a sign-in
	Bus        *event.Bus
	Clock      clock.Clock
	Logger     *slog.Logger

	Require2FA auth.FactorRule // of whom a second factor is demanded; empty: of nobody

	// Calendars are what brokers say of the exchange's sessions; nil: the own table.
	Calendars *Calendars
	// SimulatedTime reports whether the account's market has a time of its own; nil: none has.
	SimulatedTime func(trade.BrokerageAccount) bool

	SetupCode  secret.Text // what the very first registration must give; empty: nothing
	PublicURL  string      // where browsers reach the server, for links; empty: links are paths
	RateLimits RateLimits  // the limits of this process, which administrators may override; nil: none
	Demo       bool        // whether the server runs the demonstration market
	DryRun     bool        // --dry-run or TRADING_ENABLED=false: everything but orders
	// NewUserHook runs after a registration, nil: nothing. An error is logged; the user stays.
	NewUserHook  func(ctx context.Context, user auth.User) error
	SignInFloor  time.Duration // the least time that a refused sign-in takes; zero: 300 ms
	LiveInterval time.Duration // how often a live page's figures are read; zero: 10 s
	// FlattenPatience is how long closing everything is waited for before it is said to go on; zero: 20 s.
	FlattenPatience time.Duration
}

// App is the use cases. Each asks the principal for the permission, acts, and leaves an audit
// entry in the act's own transaction. It is safe for concurrent use.
type App struct {
	Config
	live *live

	installation knownInstallation
	settings     userLocks       // one change of a user's strategy at a time
	accounts     userLocks       // one change of a user's brokerage accounts at a time
	closing      sync.WaitGroup  // positions that are being closed
	acting       context.Context // of what closes positions; ends by abandon
	abandon      context.CancelFunc
}

// New returns the use cases. Close it to stop the live watchers.
func New(config Config) *App {
	if config.LiveInterval <= 0 {
		config.LiveInterval = 10 * time.Second
	}
	if config.SignInFloor <= 0 {
		config.SignInFloor = usualSignInFloor
	}
	if config.SimulatedTime == nil {
		config.SimulatedTime = func(trade.BrokerageAccount) bool { return false }
	}
	if config.FlattenPatience <= 0 {
		config.FlattenPatience = usualFlattenPatience
	}
	a := &App{Config: config}
	a.acting, a.abandon = context.WithCancel(context.Background())
	a.live = newLive(a)
	return a
}

// closePatience is how long positions that are being closed keep a stop waiting. What is not
// finished then is in the journal and resolved by the next start.
const closePatience = 15 * time.Second

// Close stops the live watchers and waits for them; open feeds end. What closes positions is waited
// for too, and interrupted after closePatience.
func (a *App) Close() {
	patience := time.AfterFunc(closePatience, a.abandon)
	a.closing.Wait()
	patience.Stop()
	a.abandon()
	a.live.close()
}

// entry starts the audit entry of an act by the principal, now.
func (a *App) entry(p auth.Principal, action audit.Action, target string, details map[string]any) audit.Entry {
	return audit.Entry{
		At: a.Clock.Now(), Actor: p.UserID, ActorName: p.Username, Session: p.SessionID,
		Address: p.Address, UserAgent: p.UserAgent,
		Action: action, Target: target, Details: details,
	}
}

// truncate cuts s to at most n characters.
func truncate(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n])
	}
	return s
}

// brokerTimeout bounds one look at the broker for a page.
const brokerTimeout = 10 * time.Second

// connect opens the user's active brokerage account. A fault of kind Invalid when there is none.
func (a *App) connect(ctx context.Context, userID string) (trade.BrokerageAccount, Brokerage, error) {
	account, err := a.Store.ActiveAccount(ctx, userID)
	if fault.Is(err, fault.NotFound) {
		return trade.BrokerageAccount{}, nil, errNoAccount
	}
	if err != nil {
		return trade.BrokerageAccount{}, nil, err
	}
	brokerage, err := a.Brokerages.Open(ctx, account)
	return account, brokerage, err
}

var errNoAccount = fault.New(fault.Invalid, "Add a brokerage account first.")

// brokerFault gives an error from a brokerage a kind when it has none: whatever the broker did
// that has no name here, it did not answer as it should.
func brokerFault(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return fault.Because(err, fault.BrokerDown, "The broker does not answer as it should. Try again shortly.")
}
