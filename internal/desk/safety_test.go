package desk_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func (h *house) advance(t *testing.T, to time.Time) {
	t.Helper()
	if err := h.simulator.Advance(to); err != nil {
		t.Fatal(err)
	}
}

func (h *house) standing(t *testing.T) trade.Standing {
	t.Helper()
	standing, err := h.store.Standing(t.Context(), "account")
	if err != nil {
		t.Fatal(err)
	}
	return standing
}

func (h *house) put(t *testing.T, state trade.TradingState, action audit.Action) trade.Standing {
	t.Helper()
	standing := trade.Standing{AccountID: "account", State: state, Reason: "Somebody wants it.", Who: "ann", Since: clock.System().Now()}
	if err := h.store.SetStanding(t.Context(), standing, audit.Entry{Action: action}); err != nil {
		t.Fatal(err)
	}
	return standing
}

// positions are what the broker holds.
func (h *house) positions(t *testing.T) map[string]decimal.Decimal {
	t.Helper()
	listed, err := h.client.Positions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]decimal.Decimal{}
	for _, position := range listed {
		held[position.Symbol] = position.Qty
	}
	return held
}

// asExpected checks that the broker holds what the journal expects.
func (h *house) asExpected(t *testing.T) {
	t.Helper()
	expected, err := h.store.Expected(t.Context(), "account")
	if err != nil {
		t.Fatal(err)
	}
	held := h.positions(t)
	for symbol, qty := range expected {
		if !held[symbol].Equal(qty) {
			t.Errorf("%s: the journal expects %s, the broker has %s", symbol, qty, held[symbol])
		}
		delete(held, symbol)
	}
	if len(held) > 0 {
		t.Errorf("the journal knows nothing of %v", held)
	}
}

func (h *house) auditIsWhole(t *testing.T) map[audit.Action]int {
	t.Helper()
	links, err := h.store.AuditLinks(t.Context(), 0, 100000)
	if err != nil {
		t.Fatal(err)
	}
	if broken, problem := audit.Verify(storetest.AuditKey, links); broken != 0 {
		t.Errorf("audit entry %d: %s", broken, problem)
	}
	seen := map[audit.Action]int{}
	for _, link := range links {
		seen[link.Action]++
	}
	return seen
}

// done runs a cycle that must decide.
func (h *house) done(t *testing.T, run desk.Run) trade.Cycle {
	t.Helper()
	run.Slot = clock.System().Now()
	cycle, err := h.desk.RunCycle(t.Context(), run)
	if err != nil || cycle.Outcome != trade.CycleDone {
		t.Fatalf("cycle %s %q: %v", cycle.Outcome, cycle.Problem, err)
	}
	return cycle
}

func TestDriftStopsTheDecisionAndTheSecondTimeTheAccount(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		h := setup(t, address)
		h.done(t, h.cycle())
		h.advance(t, busy.Add(time.Minute))
		h.done(t, h.cycle())
		h.asExpected(t)
		placed := len(h.orders(t))
		never := trade.Fill{ExecutionID: "never", OrderID: "never", Symbol: "XOM", Side: trade.SideBuy, Qty: decimal.NewFromInt(3), Price: decimal.NewFromInt(9), At: busy}
		if err := h.store.RecordFills(t.Context(), "account", "", []trade.Fill{never}); err != nil {
			t.Fatal(err)
		}
		for _, state := range []trade.TradingState{trade.Active, trade.Halted} {
			cycle, err := h.run(t)
			if err != nil || cycle.Outcome != trade.CycleSkipped || len(cycle.Decisions) != 0 || !strings.Contains(cycle.Problem, "XOM: 3 expected, 0 at the broker") {
				t.Errorf("with drift: %s %q, %v", cycle.Outcome, cycle.Problem, err)
			}
			if got := h.standing(t).State; got != state {
				t.Errorf("the account is %s, want %s", got, state)
			}
		}
		if cycle, err := h.run(t); err != nil || cycle.Outcome != trade.CycleSkipped || !strings.Contains(cycle.Problem, "halted") {
			t.Errorf("halted: %s %q, %v", cycle.Outcome, cycle.Problem, err)
		}
		outcome, err := h.desk.Reconcile(t.Context(), h.cycle())
		if err != nil || outcome.Passed || len(outcome.Drift) != 1 || outcome.InARow != 3 {
			t.Errorf("asked by hand: %+v, %v", outcome, err)
		}
		if outcome, err = h.desk.Adopt(t.Context(), h.cycle(), audit.Entry{Action: audit.DriftAdopted, ActorName: "ann"}); err != nil || !outcome.Passed {
			t.Errorf("adopted: %+v, %v", outcome, err)
		}
		h.put(t, trade.Active, audit.TradingResumed)
		h.done(t, h.cycle())
		h.asExpected(t)
		if len(h.orders(t)) != placed {
			t.Error("orders were placed while journal and broker differed")
		}
		if seen := h.auditIsWhole(t); seen[audit.DriftFound] != 3 || seen[audit.TradingHalted] != 1 || seen[audit.DriftAdopted] != 1 {
			t.Errorf("audit: %v", seen)
		}
	})
}

// Somebody trades in the same account: what they do is known by their executions, and is no drift.
func TestOrdersOfOthersAreNoDrift(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		h := setup(t, address)
		buy := func(symbol, id string) {
			_, err := h.client.Submit(t.Context(), trade.Intent{
				ClientOrderID: id, Symbol: symbol, Side: trade.SideBuy, Type: trade.MarketOrder, TimeInForce: trade.TIFDay, Qty: decimal.NewNullDecimal(decimal.NewFromInt(2)),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		buy("XOM", "before the first look")
		h.advance(t, busy.Add(time.Minute))
		h.done(t, h.cycle())
		buy("KO", "afterwards")
		buy("XOM", "more of it")
		h.advance(t, busy.Add(2*time.Minute))
		h.done(t, h.cycle())
		h.asExpected(t)
		foreign, err := h.store.Foreign(t.Context(), "account")
		if err != nil || !foreign["KO"] || !foreign["XOM"] || len(foreign) != 2 {
			t.Errorf("foreign: %v, %v", foreign, err)
		}
	})
}

// A stop is pressed while the first of several orders is on its way: none of the others is sent.
func TestAHaltStopsEveryLaterOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		for _, state := range []trade.TradingState{trade.Halted, trade.ReduceOnly} {
			h := setup(t, address)
			var sent atomic.Int32
			h.expect(func(w http.ResponseWriter, body []byte, pass func(http.ResponseWriter, []byte)) {
				if sent.Add(1) == 1 {
					h.put(t, state, audit.TradingHalted)
				}
				pass(w, body)
			})
			h.done(t, h.cycle())
			if sent.Load() != 1 || len(h.orders(t)) != 1 {
				t.Errorf("%s: %d orders were sent, %d are at the broker", state, sent.Load(), len(h.orders(t)))
			}
			expired := 0
			for _, order := range h.journal(t) {
				if order.State == trade.Expired && strings.Contains(order.Problem, "Somebody wants it.") {
					expired++
				}
			}
			if expired != len(h.journal(t))-1 || expired == 0 {
				t.Errorf("%s: %d of %d orders say why they were not sent", state, expired, len(h.journal(t)))
			}
		}
	})
}

func TestEverythingIsClosedOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		h := setup(t, address)
		h.done(t, h.cycle())
		h.advance(t, busy.Add(time.Minute))
		h.done(t, h.cycle())
		held := len(h.positions(t))
		if held < 2 {
			t.Fatalf("%d positions; the test needs at least two", held)
		}
		open := trade.Intent{ClientOrderID: "by hand", Symbol: "KO", Side: trade.SideBuy, Type: trade.MarketOrder, TimeInForce: trade.TIFDay, Qty: decimal.NewNullDecimal(decimal.NewFromInt(1))}
		h.advance(t, busy.Add(5*time.Hour)) // closed: this order stays open
		if _, err := h.client.Submit(t.Context(), open); err != nil {
			t.Fatal(err)
		}
		standing := h.put(t, trade.Halted, audit.TradingFlattened)
		dry := h.cycle()
		dry.DryRun = true
		if orders, err := h.desk.Flatten(t.Context(), dry, standing); err != nil || len(orders) != held || len(h.positions(t)) != held {
			t.Fatalf("a dry run shows %d orders of %d, %v", len(orders), held, err)
		}
		for i, want := range []int{held, 0} {
			orders, err := h.desk.Flatten(t.Context(), h.cycle(), standing)
			if err != nil || len(orders) != want {
				t.Fatalf("time %d: %d orders, want %d: %v", i, len(orders), want, err)
			}
			for _, order := range orders {
				if order.State != trade.Accepted {
					t.Errorf("%s is %s", order.Intent.Symbol, order.State)
				}
			}
		}
		if by, err := h.client.OrderByClientID(t.Context(), "by hand"); err != nil || by.Status != "canceled" {
			t.Errorf("the other order is %s, %v", by.Status, err)
		}
		h.advance(t, time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)) // the next session
		if cycle, err := h.run(t); err != nil || cycle.Outcome != trade.CycleSkipped {
			t.Errorf("a cycle of a halted account: %s, %v", cycle.Outcome, err)
		}
		if left := h.positions(t); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
		if outcome, err := h.desk.Reconcile(t.Context(), h.cycle()); err != nil || !outcome.Passed {
			t.Errorf("afterwards %+v, %v", outcome, err)
		}
	})
}

func TestTheProgramHaltsItself(t *testing.T) {
	t.Parallel()
	refused := status(http.StatusForbidden, `{"code":40310000,"message":"insufficient buying power"}`)
	for name, c := range map[string]struct {
		happens accident
		change  func(*desk.Run)
		cycles  int // until it is halted
		cause   trade.HaltCause
	}{
		"one rejection after the other": {refused, func(r *desk.Run) { r.Settings.RSI.Oversold = 98 }, 1, trade.HaltRejects},
		"keys refused":                  {status(http.StatusUnauthorized, `{"code":40110000,"message":"unauthorized."}`), func(*desk.Run) {}, 1, trade.HaltKeys},
		"clocks that differ":            {nil, func(r *desk.Run) { r.SimulatedTime = false }, 2, trade.HaltClockSkew},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t, storetest.SQLite)
			if c.happens != nil {
				h.expect(c.happens)
			}
			for i := range c.cycles {
				if got := h.standing(t).State; got != trade.Active {
					t.Fatalf("%s before cycle %d", got, i)
				}
				run := h.cycle()
				c.change(&run)
				_, _ = h.desk.RunCycle(t.Context(), run)
			}
			if got := h.standing(t); got.State != trade.Halted || got.Cause != c.cause || got.Reason == "" {
				t.Errorf("standing %+v", got)
			}
			h.accident.Store(nil)
			if cycle, err := h.run(t); err != nil || cycle.Outcome != trade.CycleSkipped || len(h.orders(t)) != 0 {
				t.Errorf("halted, yet %s with %d orders, %v", cycle.Outcome, len(h.orders(t)), err)
			}
			h.auditIsWhole(t)
		})
	}
}

// protected are settings whose entries get a trailing stop.
func (h *house) protected() desk.Run {
	run := h.cycle()
	run.Settings.Execution.TrailingStopPct = decimal.NewFromInt(20)
	run.Settings.Execution.WholeShares = true
	return run
}

func TestPositionsAreProtectedOnceAndAnExitMakesWay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		h := setup(t, address)
		h.done(t, h.protected())
		h.advance(t, busy.Add(time.Minute))
		for range 2 {
			h.done(t, h.protected())
		}
		stops := 0
		for _, order := range h.journal(t) {
			if order.Intent.Purpose == trade.Protect {
				stops++
			}
		}
		held := h.positions(t)
		if stops != len(held) || stops < 2 {
			t.Fatalf("%d protective orders for %d positions", stops, len(held))
		}
		h.oneOrderEach(t)

		selling := h.protected()
		selling.Settings.RSI.Oversold, selling.Settings.RSI.Overbought = 1, 2 // sells everything
		cycle := h.done(t, selling)
		exits := 0
		for _, decision := range cycle.Decisions {
			if decision.Ordered() && decision.Intent.Purpose == trade.Exit {
				if exits++; len(decision.Intent.CancelFirst) == 0 {
					t.Errorf("%s does not make way", decision.Intent.Symbol)
				}
			}
		}
		h.advance(t, busy.Add(2*time.Minute))
		if left := h.positions(t); exits != len(held) || len(left) != 0 {
			t.Errorf("%d exits of %d positions, left %v", exits, len(held), left)
		}
		h.done(t, selling)
		h.asExpected(t)
		h.oneOrderEach(t)
	})
}

// The protective order fills in the moment before it would be canceled.
func TestAnExitNeverSellsWhatIsNotHeld(t *testing.T) {
	t.Parallel()
	h := setup(t, storetest.SQLite)
	h.done(t, h.protected())
	h.advance(t, busy.Add(time.Minute))
	h.done(t, h.protected())
	once := true
	h.desk = h.newDesk("stopped out")
	h.desk.AtStep = func(step desk.Step) {
		if step != desk.StepCanceled || !once {
			return
		}
		once = false
		for symbol, qty := range h.positions(t) { // somebody closes them all
			_, err := h.client.Submit(t.Context(), trade.Intent{
				ClientOrderID: "by hand " + symbol, Symbol: symbol, Side: trade.SideSell, Type: trade.MarketOrder, TimeInForce: trade.TIFDay, Qty: decimal.NewNullDecimal(qty),
			})
			if err != nil && !errors.Is(err, trade.ErrOrderRejected) { // others are still held by their stops
				t.Error(err)
			}
		}
		h.advance(t, busy.Add(2*time.Minute))
	}
	selling := h.protected()
	selling.Settings.RSI.Oversold, selling.Settings.RSI.Overbought = 1, 2
	h.done(t, selling)
	h.advance(t, busy.Add(3*time.Minute))
	dropped := 0
	for _, order := range h.journal(t) {
		if order.Intent.Purpose == trade.Exit && order.State == trade.Expired && strings.Contains(order.Problem, "closed the position already") {
			dropped++
		}
	}
	for symbol, qty := range h.positions(t) {
		if qty.IsNegative() {
			t.Errorf("%s was sold short: %s", symbol, qty)
		}
	}
	if dropped != 1 {
		t.Errorf("%d exits were dropped, want 1", dropped)
	}
}

// An exit could not be sent, and before the program comes to it again somebody closes the position
// by hand. Sent now it would sell short what is not held.
func TestAnExitThatWaitedNeverSellsWhatWasClosedByHand(t *testing.T) {
	t.Parallel()
	h := setup(t, storetest.SQLite)
	if _, err := h.run(t); err != nil {
		t.Fatal(err)
	}
	h.advance(t, busy.Add(time.Minute))
	bought := h.positions(t)
	if len(bought) < 2 {
		t.Fatalf("%d positions; the test needs at least two", len(bought))
	}
	selling := h.cycle()
	selling.Settings.RSI.Oversold, selling.Settings.RSI.Overbought = 1, 2
	h.expect(status(429, `{"code":42910000,"message":"rate limit exceeded"}`))
	if _, err := h.desk.RunCycle(t.Context(), selling); err == nil {
		t.Fatal("the cycle does not say that orders are waiting")
	}
	h.accident.Store(nil)
	byHand := slices.Sorted(maps.Keys(bought))[0]
	if _, err := h.client.Submit(t.Context(), trade.Intent{
		ClientOrderID: "by hand", Symbol: byHand, Side: trade.SideSell, Type: trade.MarketOrder, TimeInForce: trade.TIFDay, Qty: decimal.NewNullDecimal(bought[byHand]),
	}); err != nil {
		t.Fatal(err)
	}
	h.advance(t, busy.Add(2*time.Minute))
	if err := h.desk.Resolve(t.Context(), "account", h.client, 0); err != nil {
		t.Fatal(err)
	}
	h.advance(t, busy.Add(3*time.Minute))
	if left := h.positions(t); len(left) != 0 {
		t.Errorf("positions at the end: %v, want none: neither short nor kept", left)
	}
	for _, order := range h.journal(t) {
		if order.Intent.Purpose == trade.Exit && (order.State == trade.Expired) != (order.Intent.Symbol == byHand) {
			t.Errorf("the exit of %s is %s (%s)", order.Intent.Symbol, order.State, order.Problem)
		}
	}
}

// One account waits for a lost answer; with one place for all, the other goes on meanwhile.
func TestALostAnswerOfOneAccountHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	h := setup(t, storetest.SQLite)
	config := h.newDesk("one place").Config
	config.AtOnce, config.Patience = 1, []time.Duration{time.Hour}
	h.desk = desk.New(config)
	waiting := make(chan struct{})
	var lost atomic.Int32
	h.expect(func(w http.ResponseWriter, body []byte, pass func(http.ResponseWriter, []byte)) {
		hangUp(w)
		if lost.Add(1) == 1 {
			close(waiting)
		}
	})
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		_, err := h.desk.RunCycle(ctx, h.cycle())
		ended <- err
	}()
	<-waiting
	other := h.cycle()
	other.AccountID, other.DryRun = "another", true
	if cycle, err := h.desk.RunCycle(t.Context(), other); err != nil || cycle.Outcome != trade.CycleDone {
		t.Errorf("the other account: %s, %v", cycle.Outcome, err)
	}
	stop()
	if err := <-ended; err == nil {
		t.Error("the cycle with the lost answers says nothing of it")
	}
}

func TestNewsOfOrdersAreTold(t *testing.T) {
	t.Parallel()
	h := setup(t, storetest.SQLite)
	config := h.newDesk("telling").Config
	kinds := map[desk.NewsKind]int{}
	config.Tell = func(news desk.News) {
		if news.AccountID != "account" || news.Order == nil {
			t.Errorf("news %+v", news)
		}
		kinds[news.Kind]++
	}
	h.desk = desk.New(config)
	h.done(t, h.cycle())
	count := len(h.journal(t))
	h.advance(t, busy.Add(time.Minute))
	h.done(t, h.cycle())
	if kinds[desk.NewsOrder] < count || kinds[desk.NewsFill] != count || kinds[desk.NewsRejection] != 0 {
		t.Errorf("%d orders, news %v", count, kinds)
	}
	h.expect(status(http.StatusForbidden, `{"code":40310000,"message":"no"}`))
	run := h.cycle()
	run.Symbols = []string{"KO", "XOM", "DIS", "F", "GE", "IBM"}
	run.Settings.RSI.Oversold = 98
	h.done(t, run)
	if kinds[desk.NewsRejection] == 0 {
		t.Errorf("rejections were not told: %v", kinds)
	}
}
