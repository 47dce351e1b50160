package daemon

import (
	"context"
	"log/slog"
	"time"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Trader is the use cases of trading for the command line: on the database of DATABASE_URL, beside
// the servers that run on it, and on the account of ALPACA_API_KEY where it is set.
type Trader struct {
	*app.App
	Automation *app.Automation
	database   *witnessedStore
}

// OpenTrader opens the database; close it when done. settings are those of the account of
// ALPACA_API_KEY.
func OpenTrader(ctx context.Context, cfg config.Config, settings trade.Settings, log *slog.Logger) (*Trader, error) {
	local, err := openLocal(cfg, settings)
	if err != nil {
		return nil, err
	}
	database, err := openWitnessed(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	connection, err := newDialer(cfg.Alpaca, nil)
	if err != nil {
		database.close()
		return nil, err
	}
	accounts := brokerages{dialer: connection, keys: app.KeySafe{Keyring: database.keyring, Users: database.Store}}
	simulated := func(account trade.BrokerageAccount) bool {
		return account.Demo || cfg.Alpaca.SimulatedTime(account.Paper)
	}
	tradingDesk := newDesk(database.Store, market.NewFeed(database.Store), log, nil)
	calendars := app.NewCalendars(clock.System())
	automation := app.NewAutomation(app.AutomationConfig{
		Store: database.Store, Brokerages: accounts, Desk: tradingDesk, Clock: clock.System(), Log: log,
		FeedName: func(account trade.BrokerageAccount) string { return accounts.feedName(account.Mode(), account.UserID) },
		DryRun:   !cfg.TradingEnabled, ClockAge: clockAge, SimulatedTime: simulated, Calendars: calendars,
	})
	useCases := app.New(app.Config{
		Store: database.Store, Brokerages: accounts, Keyring: database.keyring, Passwords: auth.NewPasswords(auth.PasswordCost{}),
		Verifier: database.witness, Bus: &event.Bus{}, Clock: clock.System(), Logger: log,
		Desk: tradingDesk, Local: local, DryRun: !cfg.TradingEnabled, SimulatedTime: simulated, FlattenPatience: commandPatience,
		Calendars: calendars,
	})
	return &Trader{useCases, automation, database}, nil
}

// commandPatience is longer than closing positions may take: a command waits for it.
const commandPatience = 5 * time.Minute

// openLocal is the account of ALPACA_API_KEY, nil where that is not set.
func openLocal(cfg config.Config, settings trade.Settings) (*app.LocalAccount, error) {
	if cfg.Alpaca.APIKey.IsEmpty() && cfg.Alpaca.SecretKey.IsEmpty() {
		return nil, nil
	}
	account, err := OpenCommandLine(cfg)
	if err != nil {
		return nil, err
	}
	return &app.LocalAccount{
		Account:   trade.BrokerageAccount{ID: account.AccountID, Name: app.LocalName, Paper: cfg.Alpaca.Paper, ArmedAt: clock.System().Now()},
		Brokerage: account.Client, Settings: settings,
	}, nil
}

// Close releases the database.
func (t *Trader) Close() {
	t.App.Close()
	t.database.close()
}
