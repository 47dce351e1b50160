package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// The demonstration market's pace: a minute of trading passes in a second, so that a newcomer sees
// five-minute bars close, signals turn and orders fill within a minute.
const (
	demoSpeed        = 60
	demoSeed         = 2026
	demoTickEvery    = time.Second
	demoClockAge     = 500 * time.Millisecond
	demoLiveInterval = time.Second
	demoAccountName  = "Demo"
	demoStateFile    = "alpaca_trader.demo.db"
	demoOlderState   = "alpaca_trader.demo.json" // of earlier versions: taken over once
)

// demoWatchlist is what a new user of the demonstration follows.
var demoWatchlist = []trade.WatchedSymbol{
	{Symbol: "AAPL", Name: "Apple"}, {Symbol: "MSFT", Name: "Microsoft"}, {Symbol: "NVDA", Name: "NVIDIA"},
	{Symbol: "AMZN", Name: "Amazon"}, {Symbol: "GOOGL", Name: "Alphabet"}, {Symbol: "TSLA", Name: "Tesla"},
	{Symbol: "JPM", Name: "JPMorgan Chase"}, {Symbol: "SPY", Name: "S&P 500 ETF"},
}

// demoSettings are the database's defaults on five-minute bars, traded at each bar's close, with
// periods that turn within a session and a mode that acts on a single vote.
func demoSettings() trade.Settings {
	settings := trade.DefaultSettings()
	settings.Timeframe = trade.Minutes5
	settings.SMA.ShortPeriod, settings.SMA.LongPeriod = 20, 50
	settings.SignalMode = trade.Any
	settings.Schedule.IntervalMinutes = 5
	return settings
}

// demoMarket is the simulator inside the server. No port leads to it.
type demoMarket struct {
	simulator *sim.Simulator
}

// newDemoMarket opens the demonstration market. Its accounts and its time are kept in a file
// beside the database, so that a restart goes on where it stopped. Its time passes so many times as
// fast as this machine's.
func newDemoMarket(cfg config.Config, speed float64, log *slog.Logger) (*demoMarket, error) {
	folder := "."
	if file, ok := cfg.DatabaseFile(); ok {
		folder = filepath.Dir(file)
	}
	state, err := OpenSimulatorState(filepath.Join(folder, demoStateFile), filepath.Join(folder, demoOlderState))
	if err != nil {
		return nil, err
	}
	machine := clock.System()
	simulator, err := sim.New(sim.Config{
		Market: sim.NewSynthetic(demoSeed), Machine: machine, Pace: sim.Times(speed),
		Now: demoStart(machine.Now()), State: state, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	return &demoMarket{simulator}, nil
}

// demoStart is an hour into the latest session: the market is open at any hour of any day.
func demoStart(now time.Time) time.Time { return market.LatestSession(now).Open.Add(time.Hour) }

// transport calls the simulator's handler in this process.
func (d *demoMarket) transport() http.RoundTripper { return inProcess{d.simulator.Handler()} }

// welcome gives a new user the demonstration account, with its automation on because its money is
// not real, a small watchlist and settings that show something soon.
func (d *demoMarket) welcome(database *store.Store, keys app.KeySafe) func(context.Context, auth.User) error {
	return func(ctx context.Context, user auth.User) error {
		entry := demoEntry(user)
		if err := d.equip(ctx, database, keys, user); err != nil {
			return err
		}
		errs := []error{database.UpdateSettings(ctx, user.ID, demoSettings(), entry(audit.SettingsUpdate, "user:"+user.ID))}
		for _, watched := range demoWatchlist {
			errs = append(errs, database.AddSymbol(ctx, user.ID, watched, entry(audit.WatchlistAdd, "symbol:"+watched.Symbol)))
		}
		return errors.Join(errs...)
	}
}

// demoEntry begins the audit entries of what a user of the demonstration is given.
func demoEntry(user auth.User) func(audit.Action, string) audit.Entry {
	return func(action audit.Action, target string) audit.Entry {
		return audit.Entry{At: user.CreatedAt, Actor: user.ID, ActorName: user.Username, Action: action, Target: target, Details: map[string]any{"demo": true}}
	}
}

// equip opens the user's demonstration account.
func (d *demoMarket) equip(ctx context.Context, database *store.Store, keys app.KeySafe, user auth.User) error {
	keyID, secretKey := "DEMO"+strings.ToUpper(strings.ReplaceAll(uuid.NewString(), "-", "")[:16]), uuid.NewString()
	if err := d.simulator.OpenDemoAccount(keyID, secretKey); err != nil {
		return err
	}
	account := trade.BrokerageAccount{
		ID: uuid.NewString(), UserID: user.ID, Name: demoAccountName, Paper: true, Demo: true,
		Automated: true, CreatedAt: user.CreatedAt,
	}
	if err := keys.Seal(ctx, &account, secret.NewText(keyID), secret.NewText(secretKey)); err != nil {
		return err
	}
	_, err := database.CreateAccount(ctx, account, demoEntry(user)(audit.AccountCreated, "account:"+account.ID))
	return err
}
