package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// troubled are brokers whose keys cannot be read, or that answer with an error.
type troubled struct {
	quiet
	unread, answer error
}

func (b *troubled) Open(context.Context, trade.BrokerageAccount) (app.Brokerage, error) {
	return b, b.unread
}

func (b *troubled) Clock(ctx context.Context) (trade.MarketClock, error) {
	if b.answer != nil {
		return trade.MarketClock{}, b.answer
	}
	return b.quiet.Clock(ctx)
}

func (p plans) Cycles(context.Context, string, string, int) ([]trade.Cycle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []trade.Cycle
	for _, cycle := range p.cycles {
		all = append(all, *cycle)
	}
	slices.SortFunc(all, func(a, b trade.Cycle) int { return b.Slot.Compare(a.Slot) })
	return all, nil
}

func (j journal) Halt(_ context.Context, standing trade.Standing) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.halts = append(j.halts, standing)
	return nil
}

// on is a process before the brokers.
func (b *troubled) on(l *ledger, simulated bool) *process {
	p := &process{ledger: l, name: "one"}
	var ids atomic.Int64
	log := slog.New(slog.DiscardHandler)
	p.automation = app.NewAutomation(app.AutomationConfig{
		Store: plans{ledger: l}, Brokerages: b, FeedName: func(trade.BrokerageAccount) string { return "none" },
		Clock: clock.System(), Log: log, SimulatedTime: func(trade.BrokerageAccount) bool { return simulated },
		Desk: desk.New(desk.Config{
			Journal: journal{ledger: l}, Bars: noBars{}, Clock: clock.System(), Log: log, Holder: "one",
			NewID: func() string { return fmt.Sprint(ids.Add(1)) }, Settling: []time.Duration{0},
		}),
	})
	return p
}

var (
	silent  = fault.New(fault.BrokerDown, "Alpaca could not be reached.")
	refused = fault.Because(trade.ErrKeysRefused, fault.BrokerRefused, "Alpaca refused the request.")
	unread  = fault.New(fault.Invalid, "The stored keys of this user cannot be opened.")
)

// What hinders an account is the reason in the records of its slots: at once where its keys are
// refused, which halts it, and once a slot is late where trying again may help. Afterwards it trades
// as before. The market is simulated or not, and the program has seen its clock or was started anew.
func TestTheRecordNamesWhatHinderedASlot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		brokers troubled
		outcome trade.CycleOutcome
		halts   bool
	}{
		"broker unreachable": {troubled{answer: silent}, trade.CycleSkipped, false},
		"keys refused":       {troubled{answer: refused}, trade.CycleFailed, true},
		"keys not readable":  {troubled{unread: unread}, trade.CycleSkipped, false},
	} {
		for _, simulated := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, simulated %t", name, simulated), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					waitFor(t.Context(), at("2026-06-10T14:59:00Z").Sub(clock.System().Now()))
					l := newLedger(everyFive())
					(&troubled{}).on(l, simulated).live(t, at("2026-06-10T15:07:00Z"))
					trouble := c.brokers
					after := trouble.on(l, simulated)
					after.live(t, at("2026-06-10T15:31:00Z"))
					if (len(l.halts) > 0) != c.halts || c.halts && l.halts[0].Cause != trade.HaltKeys {
						t.Errorf("halts: %+v", l.halts)
					}
					trouble.unread, trouble.answer = nil, nil
					after.live(t, at("2026-06-10T15:42:00Z"))
					l.expect(t, c.outcome, fault.Public(firstOf(c.brokers.unread, c.brokers.answer)), simulated && !c.halts, "15:10", "15:15", "15:20", "15:25")
					l.expect(t, trade.CycleDone, "", false, "15:00", "15:05", "15:35", "15:40")
				})
			})
		}
	}
}

// A cycle that is asked for has its record too.
func TestACycleThatIsAskedForIsRecordedWhateverHindersIt(t *testing.T) {
	t.Parallel()
	for _, brokers := range []troubled{{answer: silent}, {answer: refused}, {unread: unread}} {
		synctest.Test(t, func(t *testing.T) {
			l := newLedger(everyFive())
			cycle, err := brokers.on(l, true).automation.RunNow(t.Context(), "account", false)
			why := fault.Public(firstOf(brokers.unread, brokers.answer))
			if err == nil || cycle.Outcome != trade.CycleFailed || cycle.Problem != why || len(l.cycles) != 1 || (len(l.halts) == 1) != (brokers.answer == refused) {
				t.Errorf("%s: %+v, %v, %d records, halts %v", why, cycle, err, len(l.cycles), l.halts)
			}
		})
	}
	elsewhere := troubled{unread: fmt.Errorf("demonstration: %w", app.ErrElsewhere)}
	l := newLedger(everyFive())
	if cycle, err := elsewhere.on(l, true).automation.RunNow(t.Context(), "account", false); err == nil || cycle.ID != "" || len(l.cycles) != 0 {
		t.Errorf("a market in another process: %+v, %v", cycle, err)
	}
}

// mute is a broker that answers for paper accounts alone.
type mute struct{ quiet }

func (m mute) Open(_ context.Context, account trade.BrokerageAccount) (app.Brokerage, error) {
	if account.Paper {
		return m.quiet, nil
	}
	return m, nil
}

func (mute) Clock(ctx context.Context) (trade.MarketClock, error) {
	<-ctx.Done()
	return trade.MarketClock{}, fault.Because(ctx.Err(), fault.BrokerDown, "Alpaca could not be reached.")
}

// many are the accounts of several users.
type many struct {
	plans
	accounts []trade.BrokerageAccount
}

func (m many) AutomatedAccounts(context.Context) ([]trade.BrokerageAccount, error) {
	return m.accounts, nil
}

// However many accounts a silent broker has, a tick waits for it once, and finds whoever is due.
func TestASilentBrokerHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, begun := many{plans: plans{ledger: newLedger(everyFive())}}, clock.System().Now()
		for i := range 20 {
			store.accounts = append(store.accounts, trade.BrokerageAccount{ID: fmt.Sprint("live ", i), Automated: true, NextRunAt: begun})
		}
		store.accounts = append(store.accounts, trade.BrokerageAccount{ID: "paper", Paper: true, Automated: true, NextRunAt: begun})
		automation := app.NewAutomation(app.AutomationConfig{
			Store: store, Brokerages: mute{}, Clock: clock.System(), Log: slog.New(slog.DiscardHandler),
		})
		due, err := automation.Tick(t.Context())
		if err != nil || len(due) != 21 || due[20].AccountID != "paper" {
			t.Errorf("due: %v, %v", due, err)
		}
		if took := clock.System().Now().Sub(begun); took > 15*time.Second {
			t.Errorf("the tick took %v, by the test's own clock", took)
		}
	})
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// expect looks at the records of the slots of the day; with together one may speak for others
// after it.
func (l *ledger) expect(t *testing.T, outcome trade.CycleOutcome, why string, together bool, slots ...string) {
	t.Helper()
	for i, slot := range slots {
		cycle := l.cycles[at("2026-06-10T"+slot+":05Z")]
		switch {
		case cycle == nil && together && i > 0:
		case cycle == nil:
			t.Errorf("%s has no record", slot)
		case cycle.Outcome != outcome || !strings.Contains(cycle.Problem, why):
			t.Errorf("%s is %s: %q, want %s: %q", slot, cycle.Outcome, cycle.Problem, outcome, why)
		}
	}
}
