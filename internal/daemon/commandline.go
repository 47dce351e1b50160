package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"os"
	"strconv"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// CommandLine is one brokerage account as the command line sees it: keys from the settings
// ALPACA_API_KEY, ALPACA_SECRET_KEY and ALPACA_PAPER, strategy from YAML files.
type CommandLine struct {
	Client    *alpaca.Client
	Mode      string // paper or live
	AccountID string // under which the journal knows it
	FeedName  string
	Bars      *market.Feed
	// SimulatedTime says that the account's broker has a clock of its own.
	SimulatedTime bool
}

// OpenCommandLine returns the account of the settings. It does no I/O.
func OpenCommandLine(cfg config.Config) (*CommandLine, error) {
	if cfg.Alpaca.APIKey.IsEmpty() || cfg.Alpaca.SecretKey.IsEmpty() {
		return nil, fault.New(fault.Invalid, "This command needs a brokerage account: set ALPACA_API_KEY and ALPACA_SECRET_KEY (and ALPACA_PAPER=false for a live one), in the environment or in .env.")
	}
	mode := localMode(cfg.Alpaca)
	connection, err := newDialer(cfg.Alpaca, nil)
	if err != nil {
		return nil, err
	}
	client, err := connection.dial(mode, cfg.Alpaca.APIKey, cfg.Alpaca.SecretKey)
	if err != nil {
		return nil, err
	}
	return &CommandLine{
		Client: client, Mode: mode, AccountID: localAccountID(mode, cfg.Alpaca.APIKey.Reveal()),
		FeedName: connection.feedName(mode, ""), Bars: market.NewFeed(nil),
		SimulatedTime: cfg.Alpaca.SimulatedTime(cfg.Alpaca.Paper),
	}, nil
}

// localAccountPrefix begins the ids of accounts whose keys are in the settings.
const localAccountPrefix = "local-"

// localAccountID names the account in the journal. It depends on the mode and the key id alone,
// so that every later run with the same keys finds what the earlier ones ordered.
func localAccountID(mode, keyID string) string {
	sum := sha256.Sum256([]byte(mode + "\x00" + keyID))
	return localAccountPrefix + hex.EncodeToString(sum[:16])
}

// Signals evaluates the watchlist on the bars that are closed by the broker's clock.
func (c *CommandLine) Signals(ctx context.Context, settings trade.Settings, watchlist []trade.WatchedSymbol) ([]app.SymbolSignal, error) {
	now, err := c.Client.Clock(ctx)
	if err != nil {
		return nil, err
	}
	symbols := make([]string, len(watchlist))
	for i, watched := range watchlist {
		symbols[i] = watched.Symbol
	}
	signals, err := desk.Scan(ctx, c.Bars, c.Client, c.FeedName, settings, symbols, now.Timestamp)
	if err != nil {
		return nil, err
	}
	prices, err := c.Client.LatestPrices(ctx, symbols)
	if err != nil {
		return nil, err
	}
	return app.NameSignals(signals, watchlist, prices), nil
}

// TradingSession is an open journal with a desk on it.
type TradingSession struct {
	Desk     *desk.Desk
	database *witnessedStore
}

// OpenTrading opens the journal of DATABASE_URL; close it when done.
func (c *CommandLine) OpenTrading(ctx context.Context, cfg config.Config, log *slog.Logger) (*TradingSession, error) {
	database, err := openWitnessed(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	return &TradingSession{newDesk(database.Store, c.Bars, log, nil), database}, nil
}

// Ceiling returns the limits that hold for every account of the installation.
func (s *TradingSession) Ceiling(ctx context.Context) (trade.RiskLimits, error) {
	return s.database.InstallationRisk(ctx)
}

// Standing returns the state of trading in force for the account.
func (s *TradingSession) Standing(ctx context.Context, accountID string) (trade.Standing, error) {
	return s.database.Standing(ctx, accountID)
}

// OrderStates returns where the cycle's orders stand in the journal, by client order id.
func (s *TradingSession) OrderStates(ctx context.Context, cycle trade.Cycle) (map[string]trade.OrderState, error) {
	orders, err := s.database.JournaledOrders(ctx, cycle.UserID, cycle.AccountID, len(cycle.Decisions))
	states := make(map[string]trade.OrderState, len(orders))
	for _, order := range orders {
		states[order.Intent.ClientOrderID] = order.State
	}
	return states, err
}

// Close releases the database.
func (s *TradingSession) Close() { s.database.close() }

// newDesk returns a desk whose leases carry this process's name; more completes its configuration.
func newDesk(journal *store.Store, bars *market.Feed, log *slog.Logger, more func(*desk.Config)) *desk.Desk {
	config := desk.Config{Journal: journal, Bars: bars, Clock: clock.System(), Log: log, Holder: processName(), NewID: uuid.NewString, AtStep: atStep()}
	if more != nil {
		more(&config)
	}
	return desk.New(config)
}

// processName is unique for each run of the program, so that a restarted process is a new holder.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host + "-" + strconv.Itoa(os.Getpid()) + "-" + uuid.NewString()[:8]
}
