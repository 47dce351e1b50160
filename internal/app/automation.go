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
	mu      sync.Mutex
	clocks  map[string]seenClock // by account mode
	samples map[string]seenClock // looks at them that are paceSample apart
	soon    []Soon               // as the last tick found them
	// By account mode, the changes of the calendar with which the last tick planned slots, and this one.
	planned, planning map[string]int64
	hindrances        map[string]string // by account, why its slot could not begin, for who reads of it
}

// AutomationConfig is what an Automation works with. Fields are required unless they say otherwise.
type AutomationConfig struct {
	Store interface {
		Accounts
		Watchlists
		Settings
		Strategies
		Standings
		History
	}
	Brokerages Brokerages
	Desk       *desk.Desk
	FeedName   func(trade.BrokerageAccount) string
	Clock      clock.Clock
	Log        *slog.Logger
	DryRun     bool          // TRADING_ENABLED=false: decide and record, order nothing
	ClockAge   time.Duration // how old a broker's clock may be before it is asked again
	// Ahead is how far ahead Tick looks for cycles that will be due: until the next one. Zero: it does
	// not.
	Ahead time.Duration
	// Calendars are what brokers say of the exchange's sessions; nil: the own table.
	Calendars *Calendars
	// SimulatedTime reports whether the account's market has a time of its own; nil: none has.
	SimulatedTime func(trade.BrokerageAccount) bool
}

// Due is one cycle that should run now.
type Due struct {
	AccountID string
	Slot      time.Time // market time; with the account it names the cycle
}

// Soon is a cycle that will be due before the next tick.
type Soon struct {
	Due
	At time.Time // when, by this machine's clock
}

// NewAutomation returns an automation; it starts nothing.
func NewAutomation(config AutomationConfig) *Automation {
	if config.SimulatedTime == nil {
		config.SimulatedTime = func(trade.BrokerageAccount) bool { return false }
	}
	return &Automation{
		AutomationConfig: config, clocks: map[string]seenClock{}, samples: map[string]seenClock{},
		planning: map[string]int64{}, hindrances: map[string]string{},
	}
}

// Tick returns the cycles that are due. Asked again before they ran, it returns the same ones, so
// a tick lost in a crash loses nothing. An account whose broker does not answer is due by a guess at
// the market's time, so that its record says what hindered it; where there is none, it is left for
// the next tick, and so is one whose settings cannot be read. A broker that is silent is waited for
// once, however many accounts it has: those of others do not wait for it.
func (a *Automation) Tick(ctx context.Context) ([]Due, error) {
	accounts, err := a.Store.AutomatedAccounts(ctx)
	if err != nil {
		return nil, err
	}
	var due []Due
	var soon []Soon
	defer func() { a.announce(soon) }()
	a.beginPlanning()
	look := a.waitingOnce()
	for _, account := range accounts {
		seen, hindrance := look(ctx, account)
		now, err := a.orGuess(ctx, account, seen.now(a.Clock.Now()), hindrance)
		switch {
		case err != nil:
		case account.NextRunAt.IsZero():
			account.NextRunAt, err = a.planFirst(ctx, account, now)
		case account.NextRunAt.After(now.Timestamp) && a.calendarChanged(account.Mode()):
			account.NextRunAt, err = a.planAgain(ctx, account, now)
		}
		waits := err == nil && account.NextRunAt.After(now.Timestamp)
		if hindrance != nil || waits {
			a.hinder(account.ID, hindrance)
		}
		switch {
		case ctx.Err() != nil:
			return due, ctx.Err()
		case err != nil:
			a.Log.Warn("no market time or no plan; the account waits", "account", account.ID, "error", err)
		case !waits:
			due = append(due, Due{AccountID: account.ID, Slot: account.NextRunAt})
		case hindrance == nil && account.NextRunAt.Sub(now.Timestamp) <= a.Ahead:
			if at, known := seen.when(account.NextRunAt); known {
				soon = append(soon, Soon{Due{AccountID: account.ID, Slot: account.NextRunAt}, at})
			}
		}
	}
	return due, nil
}

func (a *Automation) announce(soon []Soon) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.soon = soon
}

// Soon returns the cycles that the last Tick has seen coming within Ahead, so that they can be begun
// at their moment. A market whose time does not pass as this machine's has none: its moment cannot
// be told, and a tick finds it.
func (a *Automation) Soon() []Soon {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.soon
}

// planFirst plans the first cycle of an account that was just switched on or whose schedule was
// changed: now, unless it keeps to market hours and the market is closed.
func (a *Automation) planFirst(ctx context.Context, account trade.BrokerageAccount, now trade.MarketClock) (time.Time, error) {
	strategy, err := readStrategy(ctx, a.Store, account)
	if err != nil {
		return time.Time{}, err
	}
	first := now.Timestamp.Truncate(time.Second)
	schedule := strategy.Settings.Schedule
	if schedule.MarketHoursOnly && !desk.MayRun(a.Calendars.Of(account.Mode()), schedule, strategy.Settings.Timeframe, now) {
		if first, err = nextRun(a.Calendars.Of(account.Mode()), strategy.Settings, now.Timestamp); err != nil {
			return time.Time{}, err
		}
	}
	return first, a.Store.SetNextRun(ctx, account.ID, first)
}

// Automated returns the ids and names of the accounts that trade by themselves.
func (a *Automation) Automated(ctx context.Context) ([]trade.BrokerageAccount, error) {
	return a.Store.AutomatedAccounts(ctx)
}

// RunNow runs one cycle of the account at once, for who does not wait for the schedule. The record
// says how it went, also where the broker does not answer or the keys cannot be read; an error
// without a record means that nothing was begun.
func (a *Automation) RunNow(ctx context.Context, accountID string, dryRun bool) (trade.Cycle, error) {
	account, err := a.Store.AutomatedAccount(ctx, accountID)
	if err != nil {
		return trade.Cycle{}, err
	}
	if !account.Armed() {
		return trade.Cycle{}, errUnarmed(account.Name)
	}
	strategy, err := readStrategy(ctx, a.Store, account)
	if err != nil {
		return trade.Cycle{}, err
	}
	var now trade.MarketClock
	run, hindrance := a.runOf(ctx, account, strategy, time.Time{})
	if hindrance == nil {
		now, hindrance = a.marketTime(ctx, account)
	}
	now, unknown := a.orGuess(ctx, account, now, hindrance)
	switch {
	case ctx.Err() != nil || errors.Is(hindrance, ErrElsewhere):
		return trade.Cycle{}, firstError(hindrance, ctx.Err())
	case unknown != nil:
		now.Timestamp = a.Clock.Now()
	}
	run.Slot, run.DryRun, run.LeaseWait = now.Timestamp, run.DryRun || dryRun, resolveWait
	if run.Broker == nil {
		return a.Desk.Fail(ctx, run, hindrance)
	}
	return a.Desk.RunCycle(ctx, run)
}

// runOf is the cycle to run for the account in the slot; without a Broker where its keys or the
// installation's limits cannot be read.
func (a *Automation) runOf(ctx context.Context, account trade.BrokerageAccount, strategy Strategy, slot time.Time) (desk.Run, error) {
	run := desk.Run{
		AccountID: account.ID, UserID: account.UserID, FeedName: a.FeedName(account),
		Settings: strategy.Settings, Symbols: symbolsOf(strategy.Watchlist), Slot: slot, DryRun: a.DryRun,
		MarketHoursOnly: strategy.Settings.Schedule.MarketHoursOnly, Calendar: a.Calendars.Of(account.Mode()), SimulatedTime: a.SimulatedTime(account),
	}
	brokerage, err := a.open(ctx, account)
	if err != nil {
		return run, err
	}
	if run.Installation, err = a.Store.InstallationRisk(ctx); err == nil {
		run.Broker = brokerage
	}
	return run, err
}

// ResolveAll asks the brokers about every order that an earlier run of the program left open and
// compares journal and broker: start-up is recovery. An account that another process holds is left
// to it; one whose broker does not answer waits for its next cycle, which does the same before it
// decides anything.
func (a *Automation) ResolveAll(ctx context.Context) {
	accounts, err := a.Store.AutomatedAccounts(ctx)
	if err != nil {
		a.Log.Error("orders of an earlier run not resolved", "error", err)
		return
	}
	places := make(chan struct{}, resolvedAtOnce)
	var resolving sync.WaitGroup
	for _, account := range accounts {
		places <- struct{}{}
		resolving.Go(func() {
			defer func() { <-places }()
			if err := a.reconcile(ctx, account, resolveWait); err != nil && ctx.Err() == nil {
				a.Log.Warn("orders of an earlier run not resolved yet", "account", account.ID, "error", err)
			}
		})
	}
	resolving.Wait()
}

// resolvedAtOnce bounds the accounts that are resolved beside each other: most of them wait for
// their brokers.
const resolvedAtOnce = 16

// resolveWait outlasts the lease of a process that died.
const resolveWait = 30 * time.Second

// ToReconcile returns the accounts that are compared with their brokers now and then.
func (a *Automation) ToReconcile(ctx context.Context) ([]string, error) {
	accounts, err := a.Store.AutomatedAccounts(ctx)
	ids := make([]string, len(accounts))
	for i, account := range accounts {
		ids[i] = account.ID
	}
	return ids, err
}

// Reconcile compares one account with its broker between cycles. An account that another process
// is busy with, or that is not automated any more, is no error.
func (a *Automation) Reconcile(ctx context.Context, accountID string) error {
	account, err := a.Store.AutomatedAccount(ctx, accountID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil {
		err = a.reconcile(ctx, account, 0)
	}
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// Protect places at once what an entry that has filled between cycles lacks by the settings. It waits
// for a cycle that is under way; what fails is made up for by the next cycle.
func (a *Automation) Protect(ctx context.Context, accountID string) error {
	account, err := a.Store.AutomatedAccount(ctx, accountID)
	if fault.Is(err, fault.NotFound) || err == nil && !account.Armed() {
		return nil
	}
	if err != nil {
		return err
	}
	strategy, err := readStrategy(ctx, a.Store, account)
	if err != nil || a.DryRun || !strategy.Settings.Execution.Protects() {
		return err
	}
	run, err := a.runOf(ctx, account, strategy, time.Time{})
	if err != nil {
		return err
	}
	run.LeaseWait = resolveWait
	return a.Desk.Protect(ctx, run)
}

func (a *Automation) reconcile(ctx context.Context, account trade.BrokerageAccount, wait time.Duration) error {
	strategy, err := readStrategy(ctx, a.Store, account)
	if err != nil {
		return err
	}
	run, err := a.runOf(ctx, account, strategy, time.Time{})
	if err != nil {
		return err
	}
	run.LeaseWait = wait
	_, err = a.Desk.Reconcile(ctx, run)
	return err
}

func symbolsOf(watchlist []trade.WatchedSymbol) []string {
	symbols := make([]string, len(watchlist))
	for i, watched := range watchlist {
		symbols[i] = watched.Symbol
	}
	return symbols
}
