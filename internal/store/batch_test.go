package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// lockstep is a database on which many accounts' cycles do the same at the same moment.
type lockstep struct {
	crowded
	leases []trade.Lease
	cycles []trade.Cycle
}

const together = 12 // accounts

func newLockstep(t *testing.T, address storetest.Address) *lockstep {
	t.Helper()
	l := &lockstep{crowded: crowded{storetest.Open(t, address(t), store.Options{}), t, nil}, leases: make([]trade.Lease, together)}
	slot := time.Date(2026, 6, 10, 15, 0, 0, 0, time.UTC)
	for i := range together {
		account := fmt.Sprint("account", i)
		l.cycles = append(l.cycles, trade.Cycle{
			ID: uuid.NewString(), AccountID: account, Slot: slot, MarketTime: slot,
			Decisions: []trade.Decision{{
				Signal: trade.Signal{Symbol: "AAPL", Action: trade.Buy},
				Intent: &trade.Intent{
					ClientOrderID: "order of " + account, Symbol: "AAPL", Side: trade.SideBuy, Type: trade.MarketOrder, TimeInForce: trade.TIFDay,
					Qty: decimal.NewNullDecimal(decimal.NewFromInt(int64(i + 1))), Purpose: trade.Entry, BarEnd: slot, Deadline: slot.Add(time.Hour),
				},
			}},
		})
	}
	return l
}

// all does the same for every account while others write, so that it is done together, and compares
// the kinds of errors with those of the given accounts; the others have none.
func (l *lockstep) all(what string, do func(ctx context.Context, i int) error, refused map[int]fault.Kind) {
	l.t.Helper()
	acts := make([]func() error, together)
	for i := range acts {
		acts[i] = func() error { return do(l.t.Context(), i) }
	}
	for i, err := range l.atTheHead(append(acts, func() error {
		return l.Append(l.t.Context(), audit.Entry{Action: audit.Login})
	})) {
		kind, should := refused[i]
		if should && !fault.Is(err, kind) || !should && err != nil {
			l.t.Errorf("%s of account %d: %v", what, i, err)
		}
	}
}

// What many cycles do at the same moment is done as if each had done it alone: what is refused of
// one is not missing of another.
func TestWhatManyCyclesDoTogether(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		l := newLockstep(t, address)
		if _, err := l.AcquireLease(t.Context(), "account3", "somebody else"); err != nil {
			t.Fatal(err)
		}
		if err := l.StartCycle(t.Context(), trade.Cycle{ID: uuid.NewString(), AccountID: "account5", Slot: l.cycles[5].Slot}); err != nil {
			t.Fatal(err)
		}
		l.all("lease", func(ctx context.Context, i int) (err error) {
			l.leases[i], err = l.AcquireLease(ctx, l.cycles[i].AccountID, "holder")
			return err
		}, map[int]fault.Kind{3: fault.Conflict})
		l.leases[3] = trade.Lease{AccountID: "account3", Holder: "holder", Epoch: 1}
		l.all("start", func(ctx context.Context, i int) error { return l.StartCycle(ctx, l.cycles[i]) }, map[int]fault.Kind{5: fault.Conflict})
		recorded := make([]trade.Cycle, together)
		l.all("decisions", func(ctx context.Context, i int) (err error) {
			recorded[i], err = l.RecordDecisions(ctx, l.leases[i], l.cycles[i])
			return err
		}, map[int]fault.Kind{3: fault.Conflict, 5: fault.Conflict})
		if got := l.entries(audit.AutoTradeBuy); got != together-2 {
			t.Errorf("%d orders in the audit", got)
		}
		if err := l.Halt(t.Context(), trade.Standing{AccountID: "account7", State: trade.Halted, Reason: "halted", Who: "test", Since: l.cycles[0].Slot}); err != nil {
			t.Fatal(err)
		}
		l.claimAndRecord(recorded)
		l.all("finish", func(ctx context.Context, i int) error {
			l.cycles[i].Outcome = trade.CycleDone
			return l.FinishCycle(ctx, l.cycles[i])
		}, map[int]fault.Kind{5: fault.NotFound})
		l.all("release", func(ctx context.Context, i int) error { return l.ReleaseLease(ctx, l.leases[i]) }, nil)
		for i := range together {
			_, err := l.AcquireLease(t.Context(), l.cycles[i].AccountID, "the next")
			if fault.Is(err, fault.Conflict) != (i == 3) {
				t.Errorf("the next lease of account %d: %v", i, err)
			}
		}
	})
}

// claimAndRecord claims all orders, one of which is stopped, and records that they are filled, each
// twice at once.
func (l *lockstep) claimAndRecord(recorded []trade.Cycle) {
	l.t.Helper()
	refused := map[int]fault.Kind{3: fault.Conflict, 5: fault.Conflict, 7: fault.Conflict}
	orders := make([]trade.Order, together)
	l.all("claim", func(ctx context.Context, i int) (err error) {
		intent := l.cycles[i].Decisions[0].Intent
		if decisions := recorded[i].Decisions; len(decisions) == 1 && decisions[0].Intent != nil {
			intent = decisions[0].Intent
		}
		orders[i], err = l.ClaimOrder(ctx, l.leases[i], trade.Order{Intent: *intent, State: trade.Journaled})
		if i == 7 && !errors.Is(err, trade.ErrStopped) {
			l.t.Errorf("claimed in a halted account: %v", err)
		}
		return err
	}, refused)
	delete(refused, 7)
	refused[3], refused[5] = fault.NotFound, fault.NotFound // never journaled
	l.all("report", func(ctx context.Context, i int) error {
		order := orders[i]
		order.Intent.AccountID, order.State, order.BrokerOrderID = l.cycles[i].AccountID, trade.Filled, fmt.Sprint("broker's ", i)
		order.FilledQty = decimal.NewFromInt(int64(i + 1))
		fill := trade.Fill{ExecutionID: "execution", OrderID: order.BrokerOrderID, Symbol: "AAPL", Side: trade.SideBuy, Qty: order.FilledQty, Price: decimal.NewFromInt(5), At: l.cycles[i].Slot}
		var twice sync.WaitGroup
		errs := make([]error, 2)
		for n := range errs {
			twice.Go(func() { errs[n] = l.RecordOrder(ctx, order, []trade.Fill{fill}) })
		}
		twice.Wait()
		return errors.Join(errs...)
	}, refused)
	l.all("expected", func(ctx context.Context, i int) error {
		held, err := l.Expected(ctx, l.cycles[i].AccountID)
		if want := decimal.NewFromInt(int64(i + 1)); err == nil && i != 3 && i != 5 && !held["AAPL"].Equal(want) {
			err = fmt.Errorf("%s are expected, want %s", held["AAPL"], want)
		}
		return err
	}, nil)
}

// Fills that are told again, by many at once, count once, and one that was recorded before its order
// was known gets its order later.
func TestFillsOfManyAccountsCountOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		l := newLockstep(t, address)
		for range 3 {
			l.all("fills", func(ctx context.Context, i int) error {
				fills := []trade.Fill{
					{ExecutionID: "one", OrderID: "first", Symbol: "AAPL", Side: trade.SideBuy, Qty: decimal.NewFromInt(int64(i + 1)), Price: decimal.NewFromInt(5), At: l.cycles[i].Slot},
					{ExecutionID: "two", OrderID: "second", Symbol: "MSFT", Side: trade.SideSell, Qty: decimal.RequireFromString("0.5"), Price: decimal.NewFromInt(5), At: l.cycles[i].Slot},
				}
				return l.RecordFills(ctx, l.cycles[i].AccountID, "", fills)
			}, nil)
		}
		for i := range together {
			held, err := l.Expected(t.Context(), l.cycles[i].AccountID)
			if err != nil || !held["AAPL"].Equal(decimal.NewFromInt(int64(i+1))) || !held["MSFT"].Equal(decimal.RequireFromString("-0.5")) {
				t.Errorf("account %d should hold %v, %v", i, held, err)
			}
		}
	})
}

// Questions that are asked at the same moment get each its own answer, also when one asks no longer.
func TestQuestionsThatAreAskedTogether(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		c := newCrowd(t, address, together, store.Options{})
		for i := range c.users {
			for n := range i {
				if err := c.add(t.Context(), i, fmt.Sprint("S", n)); err != nil {
					t.Fatal(err)
				}
			}
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		var askers sync.WaitGroup
		for n := range together * 8 {
			askers.Go(func() {
				i := n % together
				if n < together {
					if _, err := c.Watchlist(gone, c.users[i]); !errors.Is(err, context.Canceled) {
						t.Errorf("asked no longer: %v", err)
					}
					return
				}
				list, err := c.Watchlist(t.Context(), c.users[i])
				if err != nil || len(list) != i || !slices.IsSortedFunc(list, func(a, b trade.WatchedSymbol) int { return len(a.Symbol) - len(b.Symbol) }) {
					t.Errorf("user %d watches %v, %v", i, list, err)
				}
			})
		}
		askers.Wait()
	})
}
