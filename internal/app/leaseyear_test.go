package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// leaseLength is the store's.
const leaseLength = 20 * time.Second

// ledger is the database that processes share, as far as one account without orders needs it: its
// plan, its lease by the database's clock, and its cycles, unique by slot.
type ledger struct {
	mu       sync.Mutex
	settings trade.Settings
	next     time.Time // when the account runs next
	lease    trade.Lease
	expires  time.Time
	cycles   map[time.Time]*trade.Cycle
	running  *trade.Cycle
	decided  map[time.Time]int
	asleep   map[string]time.Time // until when a process gets nothing done
	lost     int                  // writes that were refused, because the lease was somebody else's
	last     *trade.Reconciliation
	halts    []trade.Standing
}

func newLedger(settings trade.Settings) *ledger {
	return &ledger{settings: settings, cycles: map[time.Time]*trade.Cycle{}, decided: map[time.Time]int{}, asleep: map[string]time.Time{}}
}

// plans is the ledger as the automation sees it; what is not overridden must not be called.
type plans struct {
	app.Accounts
	app.Watchlists
	app.Settings
	app.Strategies
	app.Standings
	app.History
	*ledger
}

func (p plans) account() trade.BrokerageAccount {
	p.mu.Lock()
	defer p.mu.Unlock()
	return trade.BrokerageAccount{ID: "account", UserID: "ann", Name: "Paper", Paper: true, Automated: true, NextRunAt: p.next}
}

func (p plans) AutomatedAccounts(context.Context) ([]trade.BrokerageAccount, error) {
	return []trade.BrokerageAccount{p.account()}, nil
}

func (p plans) AutomatedAccount(context.Context, string) (trade.BrokerageAccount, error) {
	return p.account(), nil
}

func (p plans) SetNextRun(_ context.Context, _ string, next time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = next
	return nil
}

func (p plans) AccountStrategy(context.Context, string) (trade.AccountStrategy, error) {
	return trade.AccountStrategy{}, nil
}

func (p plans) UserSettings(context.Context, string) (trade.Settings, error) { return p.settings, nil }

func (p plans) Watchlist(context.Context, string) ([]trade.WatchedSymbol, error) { return nil, nil }

func (p plans) InstallationRisk(context.Context) (trade.RiskLimits, error) {
	return trade.RiskLimits{}, nil
}

// journal is the ledger as the desk sees it; what is not overridden must not be called.
type journal struct {
	engine.Journal
	*ledger
}

// AcquireLease is the store's, on the bubble's clock. A process that is asleep does not renew.
func (j journal) AcquireLease(_ context.Context, accountID, holder string) (trade.Lease, error) {
	j.sleep(holder)
	j.mu.Lock()
	defer j.mu.Unlock()
	now := clock.System().Now()
	switch {
	case j.lease.Holder == holder:
	case now.Before(j.expires):
		return trade.Lease{}, fault.New(fault.Conflict, "Another process is trading this account right now.")
	default:
		j.lease = trade.Lease{AccountID: accountID, Holder: holder, Epoch: j.lease.Epoch + 1}
	}
	j.expires = now.Add(leaseLength)
	return j.lease, nil
}

// sleep waits until the process is awake; no context wakes it.
func (l *ledger) sleep(holder string) {
	name, _, _ := strings.Cut(holder, "/")
	l.mu.Lock()
	until := l.asleep[name]
	l.mu.Unlock()
	waitFor(context.Background(), until.Sub(clock.System().Now()))
}

func waitFor(ctx context.Context, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (j journal) ReleaseLease(_ context.Context, lease trade.Lease) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.lease == lease {
		j.lease.Holder, j.expires = "", time.Time{}
	}
	return nil
}

// holds refuses who has lost the lease; the lock is held.
func (l *ledger) holds(lease trade.Lease) error {
	if l.lease != lease {
		l.lost++
		return fault.New(fault.Conflict, "Another process has taken over this account.")
	}
	return nil
}

func (j journal) StartCycle(_ context.Context, cycle trade.Cycle) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.cycles[cycle.Slot] != nil {
		return fault.New(fault.Conflict, "This account's cycle of %s has run already.", cycle.Slot)
	}
	if j.running != nil && j.running.Outcome == trade.CycleRunning {
		j.running.Outcome = trade.CycleFailed
	}
	cycle.Outcome = trade.CycleRunning
	j.cycles[cycle.Slot], j.running = &cycle, &cycle
	if !cycle.NextRun.IsZero() && !j.next.After(cycle.Slot) {
		j.next = cycle.NextRun
	}
	return nil
}

func (j journal) RecordDecisions(_ context.Context, lease trade.Lease, cycle trade.Cycle) (trade.Cycle, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.holds(lease); err != nil {
		return cycle, err
	}
	j.decided[cycle.Slot]++
	return cycle, nil
}

func (j journal) FinishCycle(_ context.Context, cycle trade.Cycle) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	*j.cycles[cycle.Slot] = cycle
	return nil
}

func (j journal) RecordReconciliation(_ context.Context, lease trade.Lease, outcome trade.Reconciliation, _ []trade.Adjustment, _ audit.Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = &outcome
	return j.holds(lease)
}

func (j journal) Reconciliation(context.Context, string) (trade.Reconciliation, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.last == nil {
		return trade.Reconciliation{}, fault.New(fault.NotFound, "Never.")
	}
	return *j.last, nil
}

func (j journal) Standing(context.Context, string) (trade.Standing, error) {
	return trade.Standing{State: trade.Active}, nil
}
func (j journal) UnresolvedOrders(context.Context, string) ([]trade.Order, error) { return nil, nil }
func (j journal) LiveOrders(context.Context, string) ([]trade.Order, error)       { return nil, nil }
func (j journal) RecordFills(context.Context, string, string, []trade.Fill) error { return nil }
func (j journal) Expected(context.Context, string) (map[string]decimal.Decimal, error) {
	return nil, nil
}
func (j journal) Owners(context.Context, string, []string) (map[string]string, error) {
	return nil, nil
}

// quiet is a broker on which nothing happens; what is not overridden must not be called.
type quiet struct{ app.Brokerage }

func (quiet) Clock(context.Context) (trade.MarketClock, error) {
	now := clock.System().Now()
	return trade.MarketClock{Timestamp: now, IsOpen: market.IsOpen(now)}, nil
}
func (quiet) Fills(context.Context, time.Time) ([]trade.Fill, error)                { return nil, nil }
func (quiet) Positions(context.Context) ([]trade.Position, error)                   { return nil, nil }
func (quiet) OpenOrders(context.Context) ([]trade.BrokerOrder, error)               { return nil, nil }
func (quiet) Account(context.Context) (trade.Account, error)                        { return trade.Account{}, nil }
func (q quiet) Open(context.Context, trade.BrokerageAccount) (app.Brokerage, error) { return q, nil }

// noBars has none.
type noBars struct{}

func (noBars) Closed(context.Context, market.Source, string, []string, trade.Timeframe, int, time.Time) (map[string][]trade.Bar, error) {
	return nil, nil
}

// process is a server on the ledger. Now and then it falls asleep in the middle of a cycle, for
// longer than its lease lasts or not.
type process struct {
	*ledger
	name       string
	automation *app.Automation
	naps       int
}

func newProcess(l *ledger, name string, random *rand.Rand) *process {
	p := &process{ledger: l, name: name}
	var ids atomic.Int64
	p.automation = app.NewAutomation(app.AutomationConfig{
		Store: plans{ledger: l}, Brokerages: quiet{}, FeedName: func(trade.BrokerageAccount) string { return "none" },
		Clock: clock.System(), Log: slog.New(slog.DiscardHandler),
		Desk: desk.New(desk.Config{
			Journal: journal{ledger: l}, Bars: noBars{}, Clock: clock.System(), Log: slog.New(slog.DiscardHandler), Holder: name,
			NewID: func() string { return fmt.Sprint(name, ids.Add(1)) }, Settling: []time.Duration{0},
			AtStep: func(desk.Step) { p.drowse(random) },
		}),
	})
	return p
}

// drowse lets the process fall asleep now and then: nothing that it does goes on.
func (p *process) drowse(random *rand.Rand) {
	p.mu.Lock()
	length := time.Duration(0)
	if random.IntN(60) == 0 {
		p.naps++
		length = time.Duration(1+random.IntN(5400)) * time.Second
		p.asleep[p.name] = clock.System().Now().Add(length)
	}
	p.mu.Unlock()
	if length > 0 {
		waitFor(context.Background(), length)
	}
}

// work does what the queue does with a slot: it tries twice. The record says how it went.
func (p *process) work(ctx context.Context, due app.Due) {
	if p.automation.RunDue(ctx, due) != nil {
		waitFor(ctx, 5*time.Second)
		_ = p.automation.RunDue(ctx, due)
	}
}

// live ticks and runs what is due until the end, as the queue does that has lost nothing.
func (p *process) live(t *testing.T, end time.Time) {
	for clock.System().Now().Before(end) {
		due, err := p.automation.Tick(t.Context())
		if err != nil {
			t.Error(err)
			return
		}
		for _, one := range due {
			p.work(t.Context(), one)
		}
		wait := 5 * time.Second
		if next := (plans{ledger: p.ledger}).account().NextRunAt; next.Sub(clock.System().Now()) > wait {
			wait = next.Sub(clock.System().Now())
		}
		waitFor(t.Context(), wait)
	}
}

// compare compares the account with its broker now and then, as a server does between cycles.
func (p *process) compare(t *testing.T, end time.Time) {
	for clock.System().Now().Before(end) {
		waitFor(t.Context(), 31*time.Minute)
		p.sleep(p.name)
		_ = p.automation.Reconcile(t.Context(), "account")
	}
}

// Two processes compete for one account over the whole of 2026, with both changes of the clock,
// holidays and half days. Now and then one falls asleep in the middle of a cycle, also past its
// lease, and the other takes over. No slot is decided on twice, and each has its record.
func TestTwoProcessesOverAYear(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { raceOverAYear(t, seed) })
		})
	}
}

func raceOverAYear(t *testing.T, seed uint64) {
	settings := trade.DefaultSettings()
	settings.Timeframe = trade.Hour
	settings.Schedule = trade.ScheduleSettings{Kind: trade.AtBarClose, MarketHoursOnly: true}
	begin, end := at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")
	waitFor(t.Context(), begin.Sub(clock.System().Now()))
	l := newLedger(settings)
	var racing sync.WaitGroup
	racers := []*process{newProcess(l, "first", rand.New(rand.NewPCG(seed, 1))), newProcess(l, "second", rand.New(rand.NewPCG(seed, 2)))}
	for _, racer := range racers {
		racing.Go(func() { racer.live(t, end) })
		racing.Go(func() { racer.compare(t, end) })
	}
	racing.Wait()

	next := func(after time.Time) time.Time {
		slot, err := desk.NextRun(nil, settings.Schedule, settings.Timeframe, after)
		if err != nil {
			t.Fatal(err)
		}
		return slot
	}
	named := map[time.Time]int{} // slots by how many records speak of them
	outcomes := map[trade.CycleOutcome]int{}
	for slot, cycle := range l.cycles {
		outcomes[cycle.Outcome]++
		named[slot]++
		if cycle.Outcome == trade.CycleSkipped && strings.Contains(cycle.Problem, " slots from ") {
			for missed := next(slot); !missed.After(cycle.MarketTime); missed = next(missed) {
				named[missed]++
			}
		}
		if l.decided[slot] > 1 || cycle.Outcome == trade.CycleRunning && slot.Before(end) {
			t.Errorf("%s was decided %d times and is %s", slot, l.decided[slot], cycle.Outcome)
		}
	}
	slots := 0
	for slot := next(begin); slot.Before(end); slot = next(slot) {
		if slots++; named[slot] == 0 {
			t.Errorf("no record speaks of %s", slot)
		}
	}
	if want := 249*7 + 2*4; slots != want || outcomes[trade.CycleDone] < slots*9/10 || outcomes[trade.CycleFailed] == 0 || l.lost == 0 {
		t.Errorf("%d slots, want %d; %v, %d writes refused", slots, want, outcomes, l.lost)
	}
	t.Logf("seed %d: %d slots, %v, %d and %d naps, %d writes refused after a lost lease", seed, slots, outcomes, racers[0].naps, racers[1].naps, l.lost)
}
