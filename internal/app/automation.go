package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Automation decides which accounts are due and runs their cycles. It follows the broker's clock,
// not the machine's, so that a simulated market is traded by its own time.
type Automation struct {
	AutomationConfig
	mu     sync.Mutex
	clocks map[string]seenClock // by account mode
}

// AutomationConfig is what an Automation works with. All fields are required.
type AutomationConfig struct {
	Store interface {
		Accounts
		Watchlists
		Settings
	}
	Brokerages Brokerages
	Desk       *desk.Desk
	FeedName   func(trade.BrokerageAccount) string
	Clock      clock.Clock
	Log        *slog.Logger
	DryRun     bool          // TRADING_ENABLED=false: decide and record, order nothing
	ClockAge   time.Duration // how old a broker's clock may be before it is asked again
}

// Due is one cycle that should run now.
type Due struct {
	AccountID string
	Slot      time.Time // market time; with the account it names the cycle
}

type seenClock struct {
	clock trade.MarketClock
	at    time.Time
}

// NewAutomation returns an automation; it starts nothing.
func NewAutomation(config AutomationConfig) *Automation {
	return &Automation{AutomationConfig: config, clocks: map[string]seenClock{}}
}

// Tick returns the cycles that are due. Asked again before they ran, it returns the same ones, so
// a tick lost in a crash loses nothing. An account whose broker does not answer is left for the
// next tick.
func (a *Automation) Tick(ctx context.Context) ([]Due, error) {
	accounts, err := a.Store.AutomatedAccounts(ctx)
	if err != nil {
		return nil, err
	}
	var due []Due
	for _, account := range accounts {
		now, err := a.marketTime(ctx, account)
		if err != nil {
			a.Log.Warn("no market time; the account waits", "account", account.ID, "error", err)
			continue
		}
		if account.NextRunAt.IsZero() { // just switched on: the first cycle is now
			account.NextRunAt = now.Truncate(time.Second)
			if err := a.Store.SetNextRun(ctx, account.ID, account.NextRunAt); err != nil {
				return nil, err
			}
		}
		if !account.NextRunAt.After(now) {
			due = append(due, Due{AccountID: account.ID, Slot: account.NextRunAt})
		}
	}
	return due, nil
}

// RunDue plans the account's next slot and runs this one. A slot that has run already, an account
// that another process is busy with, and an account whose automation was switched off meanwhile
// are no errors: nothing is run.
func (a *Automation) RunDue(ctx context.Context, due Due) error {
	account, err := a.Store.AutomatedAccount(ctx, due.AccountID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	settings, err := a.Store.UserSettings(ctx, account.UserID)
	if err != nil {
		return err
	}
	if err := a.planNext(ctx, account, settings, due.Slot); err != nil {
		return err
	}
	watchlist, err := a.Store.Watchlist(ctx, account.UserID)
	if err != nil {
		return err
	}
	brokerage, err := a.Brokerages.Open(ctx, account)
	if err != nil {
		return err
	}
	_, err = a.Desk.RunCycle(ctx, desk.Run{
		AccountID: account.ID, UserID: account.UserID, Broker: brokerage, FeedName: a.FeedName(account),
		Settings: settings, Symbols: symbolsOf(watchlist), Slot: due.Slot, DryRun: a.DryRun,
		MarketHoursOnly: settings.Schedule.MarketHoursOnly,
	})
	if fault.Is(err, fault.Conflict) {
		a.Log.Debug("cycle not run", "account", account.ID, "slot", due.Slot, "reason", err)
		return nil
	}
	return err
}

// ResolveAll asks the brokers about every order that an earlier run of the program left open, before
// the first tick: start-up is recovery. An account that another process holds is left to it; one
// whose broker does not answer is resolved by its next cycle.
func (a *Automation) ResolveAll(ctx context.Context) {
	accounts, err := a.Store.AutomatedAccounts(ctx)
	if err != nil {
		a.Log.Error("orders of an earlier run not resolved", "error", err)
		return
	}
	for _, account := range accounts {
		brokerage, err := a.Brokerages.Open(ctx, account)
		if err == nil {
			err = a.Desk.Resolve(ctx, account.ID, brokerage, resolveWait)
		}
		if err != nil && ctx.Err() == nil {
			a.Log.Warn("orders of an earlier run not resolved yet", "account", account.ID, "error", err)
		}
	}
}

// resolveWait outlasts the lease of a process that died.
const resolveWait = 30 * time.Second

// planNext moves the account to its next slot. Slots that passed while nothing ran are left out:
// the next one lies after the market's present time.
func (a *Automation) planNext(ctx context.Context, account trade.BrokerageAccount, settings trade.Settings, slot time.Time) error {
	if account.NextRunAt.After(slot) {
		return nil // planned already, by the first try of the same slot
	}
	now, err := a.marketTime(ctx, account)
	if err != nil {
		return err
	}
	if now.Before(slot) {
		now = slot
	}
	next, err := desk.NextRun(settings.Schedule, settings.Timeframe, now)
	if err != nil {
		return fault.Because(err, fault.Invalid, "The schedule never runs: %s", err)
	}
	return a.Store.SetNextRun(ctx, account.ID, next)
}

// marketTime is the broker's time, at most ClockAge old. One account's clock serves all of the
// same mode, since they share the broker's address.
func (a *Automation) marketTime(ctx context.Context, account trade.BrokerageAccount) (time.Time, error) {
	a.mu.Lock()
	seen, ok := a.clocks[account.Mode()]
	a.mu.Unlock()
	if ok && a.Clock.Now().Sub(seen.at) < a.ClockAge {
		return seen.clock.Timestamp, nil
	}
	brokerage, err := a.Brokerages.Open(ctx, account)
	if err != nil {
		return time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	now, err := brokerage.Clock(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if now.Timestamp.IsZero() {
		return time.Time{}, errors.New("the broker's clock has no time")
	}
	a.mu.Lock()
	a.clocks[account.Mode()] = seenClock{now, a.Clock.Now()}
	a.mu.Unlock()
	return now.Timestamp, nil
}

func symbolsOf(watchlist []trade.WatchedSymbol) []string {
	symbols := make([]string, len(watchlist))
	for i, watched := range watchlist {
		symbols[i] = watched.Symbol
	}
	return symbols
}
