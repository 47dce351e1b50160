package desk_test

import (
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// TestEntriesAreProtectedAsSoonAsTheirFillIsReported: without waiting for a cycle, once although two
// processes are told of every fill, and the next cycle adds nothing.
func TestEntriesAreProtectedAsSoonAsTheirFillIsReported(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		h := setup(t, address)
		h.done(t, h.unprotected())
		other := h.newDesk("second")
		entered := 0
		for _, order := range h.orders(t) {
			said, err := h.desk.Report(t.Context(), "account", trade.OrderReport{Order: order[0]})
			if err != nil {
				t.Fatal(err)
			}
			if said {
				entered++
			}
		}
		held := h.positions(t)
		if entered != len(held) || entered < 2 {
			t.Fatalf("%d fills for %d positions; the test needs two", entered, len(held))
		}
		var protecting sync.WaitGroup
		for range 3 {
			for _, process := range []*desk.Desk{h.desk, other} {
				protecting.Go(func() {
					run := h.protected()
					run.LeaseWait = 30 * time.Second
					if err := process.Protect(t.Context(), run); err != nil && !fault.Is(err, fault.Conflict) {
						t.Error(err)
					}
				})
			}
		}
		protecting.Wait()
		for symbol := range h.protections(t) {
			if held[symbol].IsZero() {
				t.Errorf("%s is protected and not held", symbol)
			}
		}
		if protected := h.protections(t); len(protected) != len(held) {
			t.Errorf("%d positions, protected are %v", len(held), protected)
		}
		h.oneOrderEach(t)
		h.done(t, h.protected())
		for symbol, count := range h.protections(t) {
			if count != 1 {
				t.Errorf("%s has %d protective orders", symbol, count)
			}
		}
		h.oneOrderEach(t)
	})
}

// TestNothingIsProtectedWhileHalted: a halt keeps protective orders back too.
func TestNothingIsProtectedWhileHalted(t *testing.T) {
	t.Parallel()
	h := setup(t, storetest.SQLite)
	h.done(t, h.unprotected())
	halted := trade.Standing{AccountID: "account", State: trade.Halted, Reason: "test", Since: busy}
	if err := h.store.SetStanding(t.Context(), halted, audit.Entry{Action: audit.TradingHalted, Target: "account:account"}); err != nil {
		t.Fatal(err)
	}
	if err := h.desk.Protect(t.Context(), h.protected()); err != nil {
		t.Fatal(err)
	}
	if protected := h.protections(t); len(protected) != 0 {
		t.Errorf("protected are %v", protected)
	}
}

// unprotected is a cycle whose entries fill before its settings ask for protection: as when they fill
// after its end.
func (h *house) unprotected() desk.Run {
	run := h.protected()
	run.Settings.Execution.TrailingStopPct = decimal.Zero
	return run
}

// protections counts the protective orders that are open at the broker, by symbol.
func (h *house) protections(t *testing.T) map[string]int {
	t.Helper()
	open, err := h.client.OpenOrders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, order := range open {
		if trade.OrderType(order.Type).Stops() {
			count[order.Symbol]++
		}
	}
	return count
}
