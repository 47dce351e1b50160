package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const local = "local-demo" // the command line's journal: no such account or user exists

func (w world) lease(t testing.TB, accountID, holder string) trade.Lease {
	t.Helper()
	lease, err := w.AcquireLease(t.Context(), accountID, holder)
	must(t, err)
	return lease
}

func newCycle(accountID, userID string, slot time.Time, decisions ...trade.Decision) trade.Cycle {
	return trade.Cycle{
		ID: uuid.NewString(), AccountID: accountID, UserID: userID, Slot: slot,
		MarketTime: slot.Add(time.Second), StartedAt: slot, Decisions: decisions,
	}
}

func signal(symbol string, action trade.Action) trade.Signal {
	return trade.Signal{
		Symbol: symbol, Action: action, Strength: 66.6666666, Price: 131.1234567890123,
		BarStart: start.Add(-time.Hour), BarEnd: start,
		Votes: []trade.Vote{
			{Indicator: "rsi", Action: trade.Buy, Values: []trade.Value{{Name: "rsi", Number: 27.4}}, Reason: "RSI 27.4 < 30"},
			{Indicator: "sma", Values: []trade.Value{}, Problem: "sma needs 200 bars, has 143"},
		},
	}
}

// buy is a decision to buy for notional dollars.
func buy(symbol, clientOrderID, notional string) trade.Decision {
	return trade.Decision{Signal: signal(symbol, trade.Buy), Intent: &trade.Intent{
		ID: uuid.NewString(), ClientOrderID: clientOrderID, Symbol: symbol, Side: trade.SideBuy,
		Type: trade.MarketOrder, TimeInForce: trade.TIFDay, Notional: decimal.NewNullDecimal(decimal.RequireFromString(notional)),
		Purpose: trade.Entry, Reason: "Bought " + symbol + " because RSI 27.4 < 30.", BarEnd: start, Attempt: 1,
		Deadline: start.Add(time.Minute), CreatedAt: start,
	}}
}

func skip(symbol string, reason trade.Skip) trade.Decision {
	return trade.Decision{Signal: signal(symbol, trade.Hold), Skip: reason}
}

// record starts the cycle and records its decisions under a lease of its account.
func (w world) record(t testing.TB, cycle trade.Cycle) (trade.Lease, trade.Cycle) {
	t.Helper()
	lease := w.lease(t, cycle.AccountID, "holder")
	must(t, w.StartCycle(t.Context(), cycle))
	recorded, err := w.RecordDecisions(t.Context(), lease, cycle)
	must(t, err)
	return lease, recorded
}

// order journals one order and returns it.
func (w world) order(t testing.TB, clientOrderID string) (trade.Lease, trade.Order) {
	t.Helper()
	lease, _ := w.record(t, newCycle(local, "", w.clock.Now(), buy("AAPL", clientOrderID, "500.00")))
	w.clock.Advance(time.Minute)
	orders, err := w.UnresolvedOrders(t.Context(), local)
	must(t, err)
	return lease, orders[len(orders)-1]
}

func cyclesOnceASlot(t *testing.T, w world) {
	cycle := newCycle("a", "u", start)
	must(t, w.StartCycle(t.Context(), cycle))
	again := newCycle("a", "u", start)
	want(t, w.StartCycle(t.Context(), again), fault.Conflict)
	must(t, w.StartCycle(t.Context(), newCycle("b", "u", start)))
	must(t, w.StartCycle(t.Context(), newCycle("a", "u", start.Add(time.Hour))))
	cycle.Outcome, cycle.Problem, cycle.FinishedAt = trade.CycleFailed, "The broker did not answer.", start.Add(time.Minute)
	must(t, w.FinishCycle(t.Context(), cycle))
	want(t, w.FinishCycle(t.Context(), again), fault.NotFound)
	cycles, err := w.Cycles(t.Context(), "u", "a", 10)
	must(t, err)
	same(t, "newest first", []bool{cycles[0].Slot.After(cycles[1].Slot), len(cycles) == 2}, []bool{true, true})
	cycle.MarketTime = cycle.MarketTime.UTC()
	same(t, "the finished one", cycles[1], cycle)
	cycles, err = w.Cycles(t.Context(), "u", "a", 1)
	must(t, err)
	same(t, "limit", len(cycles), 1)
	cycles, err = w.Cycles(t.Context(), "another user", "a", 10)
	must(t, err)
	same(t, "of another user", len(cycles), 0)
}

func interruptedCycle(t *testing.T, w world) {
	died := newCycle(local, "", start)
	must(t, w.StartCycle(t.Context(), died))
	must(t, w.StartCycle(t.Context(), newCycle(local, "", start.Add(time.Hour))))
	cycles, err := w.Cycles(t.Context(), "", local, 10)
	must(t, err)
	same(t, "outcomes", []trade.CycleOutcome{cycles[0].Outcome, cycles[1].Outcome}, []trade.CycleOutcome{trade.CycleRunning, trade.CycleFailed})
	if cycles[1].Problem == "" || cycles[1].FinishedAt.IsZero() {
		t.Errorf("the interrupted cycle says nothing: %+v", cycles[1])
	}
}

func decisionsComeBack(t *testing.T, w world) {
	cycle := newCycle("a", "u", start, buy("AAPL", "at1-1", "500.25"), skip("MSFT", trade.SkipAlreadyHeld), buy("TSLA", "at1-2", "10"))
	_, recorded := w.record(t, cycle)
	recorded.Outcome, recorded.FinishedAt = trade.CycleDone, start.Add(time.Second)
	must(t, w.FinishCycle(t.Context(), recorded))
	cycles, err := w.Cycles(t.Context(), "u", "a", 5)
	must(t, err)
	same(t, "cycles", len(cycles), 1)
	for i, decision := range cycles[0].Decisions {
		same(t, "signal", decision.Signal, recorded.Decisions[i].Signal)
		same(t, "skip", decision.Skip, recorded.Decisions[i].Skip)
		if (decision.Intent == nil) != (recorded.Decisions[i].Intent == nil) {
			t.Fatalf("decision %d: intent %v", i, decision.Intent)
		}
		if decision.Intent != nil {
			same(t, "intent", *decision.Intent, *recorded.Decisions[i].Intent)
		}
	}
	intent := cycles[0].Decisions[0].Intent
	same(t, "the intent knows its cycle", []string{intent.AccountID, intent.UserID, intent.CycleID}, []string{"a", "u", cycle.ID})
	links := verifyAudit(t, w.Store)
	same(t, "an entry for each intent", len(links), 2)
	same(t, "entry", links[0].Action, audit.AutoTradeBuy)
	same(t, "details", links[0].Details["notional"], any("500.25"))
	orders, err := w.JournaledOrders(t.Context(), "u", "a", 10)
	must(t, err)
	same(t, "orders", []any{len(orders), orders[0].State, orders[0].Intent.Symbol}, []any{2, trade.Journaled, "TSLA"})
	orders, err = w.JournaledOrders(t.Context(), "another", "a", 10)
	must(t, err)
	same(t, "orders of another user", len(orders), 0)
}

func decidedOnce(t *testing.T, w world) {
	first := newCycle("a", "u", start, buy("AAPL", "at1-1", "500"))
	lease, _ := w.record(t, first)
	_, err := w.RecordDecisions(t.Context(), lease, first)
	want(t, err, fault.Conflict)
	_, err = w.RecordDecisions(t.Context(), lease, newCycle("a", "u", start.Add(time.Minute)))
	want(t, err, fault.Conflict)

	_, second := w.record(t, newCycle("a", "u", start.Add(time.Hour), buy("AAPL", "at1-1", "500"), buy("MSFT", "at1-2", "7")))
	if again := second.Decisions[0]; again.Intent != nil || again.Skip != trade.SkipAlreadyDecided {
		t.Errorf("decided twice: %+v", again)
	}
	if second.Decisions[1].Intent == nil {
		t.Error("the new decision lost its intent")
	}
	orders, err := w.UnresolvedOrders(t.Context(), "a")
	must(t, err)
	same(t, "orders", len(orders), 2)
	same(t, "entries", len(verifyAudit(t, w.Store)), 2)
	_, other := w.record(t, newCycle("b", "u", start, buy("AAPL", "at1-1", "500"))) // another account
	same(t, "of another account", other.Decisions[0].Skip, trade.Skip(""))
}

func dryRunOrdersNothing(t *testing.T, w world) {
	decision := buy("AAPL", "at1-1", "500")
	decision.Skip = trade.SkipDryRun
	cycle := newCycle("a", "u", start, decision)
	cycle.DryRun = true
	w.record(t, cycle)
	orders, err := w.JournaledOrders(t.Context(), "u", "a", 10)
	must(t, err)
	same(t, "orders", len(orders), 0)
	cycles, err := w.Cycles(t.Context(), "u", "a", 1)
	must(t, err)
	got := cycles[0].Decisions[0]
	if !cycles[0].DryRun || got.Skip != trade.SkipDryRun || got.Intent == nil || got.Intent.Symbol != "AAPL" {
		t.Errorf("dry run: %+v", got)
	}
	same(t, "entries", len(verifyAudit(t, w.Store)), 0)
}

func orderLife(t *testing.T, w world) {
	ctx := t.Context()
	lease, order := w.order(t, "at1-1")
	same(t, "state", order.State, trade.Journaled)
	order, err := w.ClaimOrder(ctx, lease, order)
	must(t, err)
	same(t, "claimed", []any{order.State, order.Epoch}, []any{trade.Submitting, lease.Epoch})
	_, err = w.ClaimOrder(ctx, lease, order)
	want(t, err, fault.Conflict) // a POST of this epoch may be on its way

	must(t, order.Apply(trade.AnswerLost))
	must(t, w.RecordOrder(ctx, order, nil))
	order, err = w.ClaimOrder(ctx, lease, order)
	must(t, err)
	must(t, order.Apply(trade.Acknowledged))
	order.BrokerOrderID, order.BrokerStatus, order.RequestID, order.SubmittedAt = "b1", "new", "r1", start.Add(time.Minute)
	must(t, w.RecordOrder(ctx, order, nil))
	unresolved, err := w.UnresolvedOrders(ctx, local)
	must(t, err)
	same(t, "unresolved", len(unresolved), 0)
	live, err := w.LiveOrders(ctx, local)
	must(t, err)
	order.UpdatedAt = w.clock.Now()
	same(t, "live", live, []trade.Order{order})

	must(t, order.Apply(trade.FilledAll))
	order.FilledQty, order.FilledAvgPrice = decimal.RequireFromString("3.333333333"), decimal.NewNullDecimal(decimal.RequireFromString("150.0125"))
	order.FilledAt, order.BrokerStatus = start.Add(2*time.Minute), "filled"
	must(t, w.RecordOrder(ctx, order, nil))
	live, err = w.LiveOrders(ctx, local)
	must(t, err)
	same(t, "live", len(live), 0)
	all, err := w.JournaledOrders(ctx, "", local, 10)
	must(t, err)
	same(t, "filled", all, []trade.Order{order})
	unknown := order
	unknown.Intent.ClientOrderID = "at1-nothing"
	want(t, w.RecordOrder(ctx, unknown, nil), fault.NotFound)
	unknown.State = trade.Journaled
	_, err = w.ClaimOrder(ctx, lease, unknown)
	want(t, err, fault.Conflict)
}

func lateNews(t *testing.T, w world) {
	ctx := t.Context()
	lease, order := w.order(t, "at1-1")
	order, err := w.ClaimOrder(ctx, lease, order)
	must(t, err)
	must(t, order.Apply(trade.FilledPart))
	order.FilledQty = decimal.NewFromInt(10)
	must(t, w.RecordOrder(ctx, order, nil))
	older := order
	older.FilledQty = decimal.NewFromInt(9)
	must(t, w.RecordOrder(ctx, older, nil))
	must(t, order.Apply(trade.WasCanceled))
	must(t, w.RecordOrder(ctx, order, nil))
	older.FilledQty, older.State = order.FilledQty, trade.PartiallyFilled
	must(t, w.RecordOrder(ctx, older, nil))
	all, err := w.JournaledOrders(ctx, "", local, 1)
	must(t, err)
	same(t, "what is known", []string{string(all[0].State), all[0].FilledQty.String()}, []string{"canceled", "10"})
}

func fillsCountOnce(t *testing.T, w world) {
	ctx := t.Context()
	_, order := w.order(t, "at1-1")
	fill := trade.Fill{
		ExecutionID: "x1", OrderID: "b1", Symbol: "AAPL", Side: trade.SideBuy, At: start,
		Qty: decimal.RequireFromString("1.5"), Price: decimal.RequireFromString("100.10"),
	}
	changed, second := fill, fill
	changed.Qty, second.ExecutionID, second.At = decimal.NewFromInt(99), "x2", start.Add(time.Second)
	must(t, w.RecordOrder(ctx, order, []trade.Fill{fill}))
	must(t, w.RecordOrder(ctx, order, []trade.Fill{changed, second, second}))
	fills, err := w.Fills(ctx, "", local, 10)
	must(t, err)
	same(t, "fills", len(fills), 2)
	same(t, "the first report stays", fills[1].Qty.String(), "1.5")
}

func moneyKeepsEveryDigit(t *testing.T, w world) {
	number := 0
	rapid.Check(t, func(r *rapid.T) {
		number++
		exact := decimal.New(rapid.Int64().Draw(r, "digits"), rapid.Int32Range(-18, 6).Draw(r, "exponent"))
		decision := buy("AAPL", fmt.Sprint("at1-", number), "1")
		decision.Intent.CreatedAt = start.Add(time.Duration(number) * time.Second)
		decision.Intent.Notional, decision.Intent.Qty = decimal.NullDecimal{}, decimal.NewNullDecimal(exact)
		_, cycle := w.record(t, newCycle(local, "", start.Add(time.Duration(number)*time.Second), decision))
		order := trade.Order{Intent: *cycle.Decisions[0].Intent, State: trade.Filled, FilledQty: exact, FilledAvgPrice: decimal.NewNullDecimal(exact)}
		if exact.IsNegative() { // quantities never go back, and the journal begins with zero
			order.FilledQty = exact.Neg()
		}
		must(t, w.RecordOrder(t.Context(), order, nil))
		orders, err := w.JournaledOrders(t.Context(), "", local, 1)
		must(t, err)
		if got := orders[0]; !got.FilledQty.Equal(order.FilledQty) || !got.Intent.Qty.Decimal.Equal(exact) || !got.FilledAvgPrice.Decimal.Equal(exact) || got.Intent.Notional.Valid {
			r.Fatalf("stored %s, read %+v", exact, orders[0])
		}
	})
}
