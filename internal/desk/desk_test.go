package desk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// accident is what happens to a request for an order on its way. pass hands a body on to the
// simulator.
type accident func(w http.ResponseWriter, body []byte, pass func(http.ResponseWriter, []byte))

// house is a desk on a real database, before a real simulator behind a road where accidents happen.
type house struct {
	store     *store.Store
	simulator *sim.Simulator
	client    *alpaca.Client
	address   string // of the broker
	desk      *desk.Desk
	accident  atomic.Pointer[accident]
	cycles    atomic.Int32
}

var symbols = []string{"AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "TSLA", "JPM", "SPY"}

// busy is a moment in the middle of a session of the synthetic market.
var busy = time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)

func setup(t *testing.T, address storetest.Address) *house {
	t.Helper()
	return setupOn(t, address, sim.Config{Market: sim.NewSynthetic(7), Now: busy})
}

// setupOn is setup before another exchange.
func setupOn(t *testing.T, address storetest.Address, config sim.Config) *house {
	t.Helper()
	simulator, err := sim.New(config)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{store: storetest.Open(t, address(t), store.Options{}), simulator: simulator}
	server := httptest.NewServer(h.road(spectest.Checked(t, simulator.Handler())))
	t.Cleanup(server.Close)
	h.address, h.client = server.URL, clientOf(t, server.URL)
	h.desk = h.newDesk("first")
	return h
}

func clientOf(t *testing.T, address string) *alpaca.Client {
	t.Helper()
	client, err := alpaca.New(alpaca.Config{
		KeyID: secret.NewText("PKDESK"), SecretKey: secret.NewText("hush"),
		TradingURL: address, DataURL: address, Feed: "iex",
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// newDesk is a desk as another process would have it.
func (h *house) newDesk(holder string) *desk.Desk {
	return desk.New(desk.Config{
		Journal: h.store, Bars: market.NewFeed(nil), Clock: clock.System(), Log: slog.New(slog.DiscardHandler),
		Holder: holder, NewID: uuid.NewString, Finished: func(trade.Cycle) { h.cycles.Add(1) },
		Patience: []time.Duration{time.Millisecond, 2 * time.Millisecond},
		Settling: []time.Duration{time.Millisecond}, Refusals: []time.Duration{time.Millisecond}, Cancels: []time.Duration{time.Millisecond, time.Second, 20 * time.Second},
	})
}

func (h *house) road(simulator http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		happens := h.accident.Load()
		if r.Method != http.MethodPost || happens == nil {
			simulator.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		(*happens)(w, body, func(w http.ResponseWriter, body []byte) {
			r.Body = io.NopCloser(bytes.NewReader(body))
			simulator.ServeHTTP(w, r)
		})
	})
}

func (h *house) expect(happens accident) { h.accident.Store(&happens) }

func (h *house) run(t *testing.T) (trade.Cycle, error) {
	t.Helper()
	return h.desk.RunCycle(t.Context(), h.cycle())
}

func (h *house) cycle() desk.Run {
	settings := trade.DefaultFileSettings()
	settings.Timeframe = trade.Minutes5
	settings.SMA.Enabled, settings.MACD.Enabled, settings.Bollinger.Enabled = false, false, false
	settings.RSI.Oversold, settings.RSI.Overbought = 50, 99 // buys about every second symbol
	return desk.Run{
		AccountID: "account", Broker: h.client, FeedName: "test", Settings: settings,
		Symbols: symbols, Slot: clock.System().Now(), SimulatedTime: true,
	}
}

// orders are all orders that the broker has, by client order id.
func (h *house) orders(t *testing.T) map[string][]trade.BrokerOrder {
	t.Helper()
	open, err := h.client.OpenOrders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closed, err := h.client.ClosedOrders(t.Context(), 500)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]trade.BrokerOrder{}
	for _, order := range append(open, closed...) {
		found[order.ClientOrderID] = append(found[order.ClientOrderID], order)
	}
	return found
}

// journal are the journaled orders by client order id.
func (h *house) journal(t *testing.T) map[string]trade.Order {
	t.Helper()
	orders, err := h.store.JournaledOrders(t.Context(), "", "account", 100)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]trade.Order{}
	for _, order := range orders {
		found[order.Intent.ClientOrderID] = order
	}
	return found
}

// oneOrderEach checks the two promises: every order at the broker belongs to one intent, and no
// intent has two.
func (h *house) oneOrderEach(t *testing.T) {
	t.Helper()
	journal := h.journal(t)
	for id, orders := range h.orders(t) {
		if len(orders) != 1 {
			t.Errorf("%s has %d orders at the broker", id, len(orders))
		}
		if _, known := journal[id]; !known {
			t.Errorf("the broker's order %s is in no journal", id)
		}
	}
}

func TestACycleOrdersWhatItDecidedAndASecondOneNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		h := setup(t, address)
		cycle, err := h.run(t)
		if err != nil || cycle.Outcome != trade.CycleDone {
			t.Fatalf("cycle %s: %v", cycle.Outcome, err)
		}
		planned := 0
		orders := h.orders(t)
		for _, decision := range cycle.Decisions {
			if !decision.Ordered() {
				continue
			}
			planned++
			found := orders[decision.Intent.ClientOrderID]
			if len(found) != 1 || !decision.Intent.Matches(found[0]) {
				t.Errorf("%s: planned %+v, the broker has %+v", decision.Signal.Symbol, decision.Intent, found)
			}
		}
		if planned < 2 || len(orders) != planned {
			t.Fatalf("%d orders at the broker for %d planned ones; the test needs at least two", len(orders), planned)
		}
		again, err := h.run(t)
		if err != nil {
			t.Fatal(err)
		}
		for _, decision := range again.Decisions {
			if decision.Ordered() {
				t.Errorf("the second cycle ordered %s again", decision.Signal.Symbol)
			}
		}
		if len(h.orders(t)) != planned {
			t.Error("the second cycle placed orders")
		}
		if h.cycles.Load() != 2 {
			t.Errorf("%d finished cycles were reported, want 2", h.cycles.Load())
		}
	})
}

func TestFillsAreRecordedOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		h := setup(t, address)
		if _, err := h.run(t); err != nil {
			t.Fatal(err)
		}
		if err := h.simulator.Advance(busy.Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := h.desk.Resolve(t.Context(), "account", h.client, 0); err != nil {
				t.Fatal(err)
			}
		}
		fills, err := h.store.Fills(t.Context(), "", "account", 100)
		if err != nil {
			t.Fatal(err)
		}
		filled := map[string]string{}
		for _, fill := range fills {
			filled[fill.OrderID] += fill.Qty.String()
		}
		for id, order := range h.journal(t) {
			if order.State != trade.Filled {
				t.Errorf("%s is %s, want filled", id, order.State)
			}
			if filled[order.BrokerOrderID] != order.FilledQty.String() {
				t.Errorf("%s filled %s, its executions say %q", id, order.FilledQty, filled[order.BrokerOrderID])
			}
		}
	})
}

// status answers without passing the request on.
func status(code int, body string) accident {
	return func(w http.ResponseWriter, _ []byte, _ func(http.ResponseWriter, []byte)) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// hangUp breaks the connection.
func hangUp(w http.ResponseWriter) {
	if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = connection.Close()
	}
}

func dropped(w http.ResponseWriter, _ []byte, _ func(http.ResponseWriter, []byte)) { hangUp(w) }

func takenThen(after func(w http.ResponseWriter)) accident {
	return func(w http.ResponseWriter, body []byte, pass func(http.ResponseWriter, []byte)) {
		pass(httptest.NewRecorder(), body)
		after(w)
	}
}

func TestEveryAnswerEndsInAKnownState(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens accident
		state   trade.OrderState // of every order when the cycle has ended
		orders  bool             // whether the broker has them
		fails   bool             // whether the cycle says that it failed
	}{
		"taken, then the connection breaks": {takenThen(hangUp), trade.Filled, true, false},
		"taken, then a gateway time-out":    {takenThen(func(w http.ResponseWriter) { w.WriteHeader(http.StatusGatewayTimeout) }), trade.Filled, true, false},
		"taken, then nonsense":              {takenThen(func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"id":`) }), trade.Filled, true, false},
		"never arrives":                     {dropped, trade.Expired, false, false},
		"server error":                      {status(500, `{"code":50010000,"message":"internal server error occurred"}`), trade.Expired, false, false},
		"refused":                           {status(403, `{"code":40310000,"message":"insufficient buying power"}`), trade.Rejected, false, false},
		"rate limited":                      {status(429, `{"code":42910000,"message":"rate limit exceeded"}`), trade.Journaled, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t, storetest.SQLite)
			h.expect(c.happens)
			cycle, err := h.run(t)
			if (err != nil) != c.fails {
				t.Errorf("the cycle says %v", err)
			}
			journal := h.journal(t)
			if len(journal) < 2 {
				t.Fatalf("%d intents; the test needs at least two", len(journal))
			}
			for id, order := range journal {
				if order.State != c.state {
					t.Errorf("%s is %s (%s), want %s", id, order.State, order.Problem, c.state)
				}
			}
			if got := len(h.orders(t)); (got == len(journal)) != c.orders || !c.orders && got != 0 {
				t.Errorf("the broker has %d orders for %d intents", got, len(journal))
			}
			h.oneOrderEach(t)
			if cycle.FinishedAt.IsZero() {
				t.Error("the cycle has no end")
			}
		})
	}
}

func TestWhatWasRateLimitedIsSentByTheNextCycle(t *testing.T) {
	t.Parallel()
	h := setup(t, storetest.SQLite)
	h.expect(status(429, `{"code":42910000,"message":"rate limit exceeded"}`))
	if _, err := h.run(t); err == nil {
		t.Fatal("the cycle does not say that orders are waiting")
	}
	h.accident.Store(nil)
	if _, err := h.run(t); err != nil {
		t.Fatal(err)
	}
	if journal := h.journal(t); len(h.orders(t)) != len(journal) {
		t.Errorf("the broker has %d orders for %d intents", len(h.orders(t)), len(journal))
	}
	h.oneOrderEach(t)
}

// A crash leaves orders claimed: some had been sent, some had not.
func TestACrashAfterTheJournalOrdersOnce(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]bool{"before the request": false, "after the request": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, address storetest.Address) {
				h := setup(t, address)
				ctx, crash := context.WithCancel(t.Context())
				h.expect(func(w http.ResponseWriter, body []byte, pass func(http.ResponseWriter, []byte)) {
					if sent {
						pass(httptest.NewRecorder(), body)
					}
					crash()
					hangUp(w)
				})
				crashed := desk.New(desk.Config{
					Journal: frozen{h.store, ctx}, Bars: market.NewFeed(nil), Clock: clock.System(),
					Log: slog.New(slog.DiscardHandler), Holder: "crashed", NewID: uuid.NewString,
				})
				if _, err := crashed.RunCycle(t.Context(), h.cycle()); err == nil {
					t.Fatal("the crash did not happen")
				}
				h.accident.Store(nil)
				if _, err := h.run(t); err != nil {
					t.Fatal(err)
				}
				journal := h.journal(t)
				if len(journal) < 2 || len(h.orders(t)) != len(journal) {
					t.Errorf("the broker has %d orders for %d intents", len(h.orders(t)), len(journal))
				}
				h.oneOrderEach(t)
			})
		})
	}
}

// frozen is a journal whose process has died when its context has ended: nothing is written any
// more, but its lease is gone, as after its expiry.
type frozen struct {
	*store.Store
	alive context.Context //nolint:containedctx // it is the process's life
}

var errDead = errors.New("the process is dead")

func (f frozen) RecordOrder(ctx context.Context, order trade.Order, fills []trade.Fill) error {
	if f.alive.Err() != nil {
		return errDead
	}
	return f.Store.RecordOrder(ctx, order, fills)
}

func (f frozen) ClaimOrder(ctx context.Context, lease trade.Lease, order trade.Order) (trade.Order, error) {
	if f.alive.Err() != nil {
		return order, errDead
	}
	return f.Store.ClaimOrder(ctx, lease, order)
}

// Somebody else's order stands under our id: neither ours nor to be repeated. Nothing is traded
// until a person has looked.
func TestADifferentOrderUnderTheIDStopsTheAccount(t *testing.T) {
	t.Parallel()
	h := setup(t, storetest.SQLite)
	var foreign sync.Once
	h.expect(func(w http.ResponseWriter, body []byte, pass func(http.ResponseWriter, []byte)) {
		foreign.Do(func() {
			var order map[string]any
			if err := json.Unmarshal(body, &order); err != nil {
				t.Error(err)
			}
			order["notional"] = "1.23"
			other, _ := json.Marshal(order)
			pass(httptest.NewRecorder(), other)
		})
		pass(w, body)
	})
	if _, err := h.run(t); !fault.Is(err, fault.Conflict) {
		t.Fatalf("the cycle says %v", err)
	}
	placed := len(h.orders(t))
	for range 2 {
		if cycle, err := h.run(t); err != nil || cycle.Outcome != trade.CycleSkipped || len(cycle.Decisions) != 0 {
			t.Errorf("a later cycle %s with %d symbols, %v", cycle.Outcome, len(cycle.Decisions), err)
		}
	}
	if len(h.orders(t)) != placed {
		t.Error("a later cycle placed orders")
	}
	h.oneOrderEach(t)
}

func TestADryRunOrdersNothing(t *testing.T) {
	t.Parallel()
	h := setup(t, storetest.SQLite)
	run := h.cycle()
	run.DryRun = true
	cycle, err := h.desk.RunCycle(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	planned := 0
	for _, decision := range cycle.Decisions {
		if decision.Skip == trade.SkipDryRun && decision.Intent != nil {
			planned++
		}
	}
	if planned < 2 {
		t.Errorf("the dry run shows %d planned orders; the test needs at least two", planned)
	}
	if len(h.orders(t)) != 0 || len(h.journal(t)) != 0 {
		t.Error("the dry run ordered or journaled intents")
	}
	if cycle, err = h.run(t); err != nil || len(h.orders(t)) != planned {
		t.Errorf("after the dry run a real one placed %d of %d orders, %v", len(h.orders(t)), planned, err)
	}
}

func TestAClosedMarketIsSkippedWithARecord(t *testing.T) {
	t.Parallel()
	h := setup(t, storetest.SQLite)
	if err := h.simulator.Advance(busy.Add(12 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	run := h.cycle()
	run.MarketHoursOnly = true
	cycle, err := h.desk.RunCycle(t.Context(), run)
	if err != nil || cycle.Outcome != trade.CycleSkipped || cycle.Problem == "" {
		t.Errorf("got %s %q, %v", cycle.Outcome, cycle.Problem, err)
	}
	recorded, err := h.store.Cycles(t.Context(), "", "account", 10)
	if err != nil || len(recorded) != 1 || recorded[0].Outcome != trade.CycleSkipped {
		t.Errorf("recorded %+v, %v", recorded, err)
	}
}

func TestASlotRunsOnce(t *testing.T) {
	t.Parallel()
	h := setup(t, storetest.SQLite)
	run := h.cycle()
	if _, err := h.desk.RunCycle(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if cycle, err := h.desk.RunCycle(t.Context(), run); !fault.Is(err, fault.Conflict) || cycle.ID != "" {
		t.Errorf("the same slot again: %+v, %v", cycle, err)
	}
}

// Two processes and two goroutines of each run cycles of the same account at once.
func TestCyclesOfOneAccountExcludeEachOther(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		h := setup(t, address)
		desks := []*desk.Desk{h.desk, h.newDesk("second")}
		slot := clock.System().Now()
		var running sync.WaitGroup
		for i := range 4 {
			running.Go(func() {
				run := h.cycle()
				run.Slot, run.LeaseWait = slot.Add(time.Duration(i)*time.Second), 30*time.Second
				if _, err := desks[i%2].RunCycle(t.Context(), run); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		if journal := h.journal(t); len(h.orders(t)) != len(journal) || len(journal) < 2 {
			t.Errorf("the broker has %d orders for %d intents", len(h.orders(t)), len(journal))
		}
		h.oneOrderEach(t)
	})
}
