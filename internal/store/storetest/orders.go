package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func number(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func fillOf(id, order, symbol string, side trade.Side, qty, price string, moment time.Time) trade.Fill {
	return trade.Fill{ExecutionID: id, OrderID: order, Symbol: symbol, Side: side, Qty: number(qty), Price: number(price), At: moment}
}

// answer journals a decision, claims its order and records what the broker says of it.
func (w world) answer(t *testing.T, decision trade.Decision, report trade.BrokerOrder, fills ...trade.Fill) trade.Order {
	t.Helper()
	w.clock.Advance(time.Second)
	lease, cycle := w.record(t, newCycle(local, "", w.clock.Now(), decision))
	order := trade.Order{Intent: *cycle.Decisions[0].Intent, State: trade.Journaled, SubmittedAt: cycle.MarketTime}
	order, err := w.ClaimOrder(t.Context(), lease, order)
	must(t, err)
	report.ClientOrderID = order.Intent.ClientOrderID
	must(t, order.Adopt(report))
	must(t, w.RecordOrder(t.Context(), order, fills))
	return order
}

func intentsKeepEveryPart(t *testing.T, w world) {
	decision := buy("AAPL", "at1-1", "500")
	amount := func(text string) decimal.NullDecimal { return decimal.NewNullDecimal(number(text)) }
	intent := decision.Intent
	intent.Type, intent.Class, intent.ExtendedHours = trade.LimitOrder, trade.BracketOrder, true
	intent.LimitPrice, intent.StopPrice, intent.TrailPercent = amount("131.01"), amount("130.99"), amount("2.5")
	intent.TakeProfit, intent.StopLoss, intent.CancelFirst = amount("140.1"), amount("120.2"), []string{"b1", "b2"}
	cycle := newCycle(local, "", start, decision)
	cycle.Equity = amount("100000.123456789")
	w.record(t, cycle)
	orders, err := w.UnresolvedOrders(t.Context(), local)
	must(t, err)
	same(t, "intent", orders[0].Intent, *intent)
	cycles, err := w.Cycles(t.Context(), "", local, 1)
	must(t, err)
	same(t, "equity", cycles[0].Equity.Decimal.String(), "100000.123456789")
}

func claimsKeepToTheStanding(t *testing.T, w world) {
	standing := trade.Standing{AccountID: local, State: trade.ReduceOnly, Cause: trade.HaltByPerson, Reason: "Too much.", Who: "ann", Since: start}
	exit := buy("MSFT", "at1-2", "1")
	exit.Intent.Purpose = trade.Exit
	closing := buy("TSLA", "at1-3", "1")
	closing.Intent.Purpose = trade.Flatten
	lease, cycle := w.record(t, newCycle(local, "", start, buy("AAPL", "at1-1", "500"), exit, closing))
	claim := func(i int) error {
		_, err := w.ClaimOrder(t.Context(), lease, trade.Order{Intent: *cycle.Decisions[i].Intent, State: trade.Journaled})
		return err
	}
	must(t, w.Halt(t.Context(), standing))
	if err := claim(0); !errors.Is(err, trade.ErrStopped) || fault.Public(err) != standing.Sentence() {
		t.Errorf("an entry while only exits are allowed: %v", err)
	}
	must(t, claim(1))
	whole := trade.Standing{State: trade.Halted, Cause: trade.HaltByPerson, Reason: "Fire drill.", Who: "root", Since: start}
	must(t, w.SetStanding(t.Context(), whole, audit.Entry{Action: audit.TradingHalted}))
	if err := claim(0); !errors.Is(err, trade.ErrStopped) || fault.Public(err) != whole.Sentence() {
		t.Errorf("an entry while the installation is halted: %v", err)
	}
	must(t, claim(2))
	whole.State = trade.Active
	must(t, w.SetStanding(t.Context(), whole, audit.Entry{Action: audit.TradingResumed}))
	standing.State = trade.Active
	must(t, w.SetStanding(t.Context(), standing, audit.Entry{Action: audit.TradingResumed}))
	must(t, claim(0))
	verifyAudit(t, w.Store)
}

// haltsHoldFromTheirCommit: many claims and one halt at once. Once the halt has returned, no claim
// succeeds any more, from whatever process.
func haltsHoldFromTheirCommit(t *testing.T, w world) {
	var decisions []trade.Decision
	for i := range 40 {
		decisions = append(decisions, buy("AAPL", fmt.Sprint("at1-", i), "1"))
	}
	lease, cycle := w.record(t, newCycle(local, "", start, decisions...))
	for _, scope := range []string{local, trade.WholeInstallation} {
		var halted sync.WaitGroup
		halted.Go(func() {
			must(t, w.Halt(t.Context(), trade.Standing{AccountID: scope, State: trade.Halted, Reason: "Now.", Who: "x", Since: start}))
		})
		together(t, 8, fault.Conflict, func(ctx context.Context, i int) error {
			_, err := w.ClaimOrder(ctx, lease, trade.Order{Intent: *cycle.Decisions[i].Intent, State: trade.Journaled})
			return err
		})
		halted.Wait()
		late := together(t, 8, fault.Conflict, func(ctx context.Context, i int) error {
			_, err := w.ClaimOrder(ctx, lease, trade.Order{Intent: *cycle.Decisions[20+i].Intent, State: trade.Journaled})
			return err
		})
		same(t, "claims after the halt of "+scope, late, 0)
		must(t, w.SetStanding(t.Context(), trade.Standing{AccountID: scope, State: trade.Active, Since: start}, audit.Entry{Action: audit.TradingResumed}))
	}
}

func legsBelongToTheirOrder(t *testing.T, w world) {
	decision := buy("AAPL", "at1-1", "500")
	decision.Intent.Class = trade.BracketOrder
	order := w.answer(t, decision, trade.BrokerOrder{ID: "b1", Status: "accepted", Legs: []trade.BrokerOrder{{ID: "l1", Type: "limit"}, {ID: "l2", Type: "stop"}}})
	must(t, w.RecordOrder(t.Context(), order, nil)) // told again
	owners, err := w.Owners(t.Context(), local, []string{"b1", "l1", "l2", "foreign"})
	must(t, err)
	same(t, "owners", owners, map[string]string{"b1": "at1-1", "l1": "at1-1", "l2": "at1-1"})
	found, err := w.OrderOf(t.Context(), local, trade.BrokerOrder{ID: "l2", ClientOrderID: "made by the broker"})
	must(t, err)
	same(t, "found by a leg", []any{found.Intent.ClientOrderID, found.Legs}, []any{"at1-1", order.Legs})
	_, err = w.OrderOf(t.Context(), local, trade.BrokerOrder{ID: "foreign", ClientOrderID: "foreign"})
	want(t, err, fault.NotFound)
	_, err = w.OrderOf(t.Context(), "another account", trade.BrokerOrder{ID: "b1", ClientOrderID: "at1-1"})
	want(t, err, fault.NotFound)
}

func holdingsFollowFills(t *testing.T, w world) {
	early := fillOf("e0", "b1", "AAPL", trade.SideBuy, "1.5", "100", start) // before its order is known
	must(t, w.RecordFills(t.Context(), local, "", []trade.Fill{early}))
	first := fillOf("e1", "b1", "AAPL", trade.SideBuy, "2", "101", start)
	w.answer(t, buy("AAPL", "at1-1", "500"), trade.BrokerOrder{ID: "b1", Status: "filled", FilledQty: number("3.5")}, first)
	all := []trade.Fill{early, first, fillOf("e2", "foreign", "AAPL", trade.SideSell, "0.25", "102", start), fillOf("e3", "foreign", "TSLA", trade.SideSell, "7", "9", start)}
	for range 3 {
		must(t, w.RecordFills(t.Context(), local, "", append(all, all[2])))
	}
	expected, err := w.Expected(t.Context(), local)
	must(t, err)
	same(t, "expected", expected, map[string]decimal.Decimal{"AAPL": number("3.25"), "TSLA": number("-7")})
	explained, err := w.Explain(t.Context(), "", local, "AAPL", start.Add(time.Hour))
	must(t, err)
	same(t, "fills of the order, one of them found later", len(explained.Fills), 2)
	fills, err := w.Fills(t.Context(), "", local, 10)
	must(t, err)
	same(t, "fills", len(fills), 4)
}

func manyTellTheSameFills(t *testing.T, w world) {
	var fills []trade.Fill
	for i := range 30 {
		fills = append(fills, fillOf(fmt.Sprint("e", i), "b", []string{"AAPL", "MSFT", "TSLA"}[i%3], trade.SideBuy, "0.1", "1", start))
	}
	second := w.again(t, func(*store.Options) {})
	together(t, crowd, fault.Conflict, func(ctx context.Context, i int) error {
		mine := append(append([]trade.Fill{}, fills[i:]...), fills[:i]...)
		if i%2 == 0 {
			return second.RecordFills(ctx, local, "", mine)
		}
		return w.RecordFills(ctx, local, "", mine)
	})
	expected, err := w.Expected(t.Context(), local)
	must(t, err)
	same(t, "each counted once", expected, map[string]decimal.Decimal{"AAPL": number("1"), "MSFT": number("1"), "TSLA": number("1")})
}

func reconciliations(t *testing.T, w world) {
	lease := w.lease(t, local, "holder")
	must(t, w.RecordFills(t.Context(), local, "", []trade.Fill{fillOf("e1", "b1", "AAPL", trade.SideBuy, "10", "1", start)}))
	first := trade.Reconciliation{AccountID: local, CheckedAt: start, Passed: true, FillsThrough: start}
	taken := []trade.Adjustment{{Symbol: "AAPL", Qty: number("12"), Reason: "held before"}, {Symbol: "F", Qty: number("-3"), Reason: "held before"}}
	must(t, w.RecordReconciliation(t.Context(), lease, first, taken, audit.Entry{}))
	expected, err := w.Expected(t.Context(), local)
	must(t, err)
	same(t, "taken over", expected, map[string]decimal.Decimal{"AAPL": number("12"), "F": number("-3")})

	second := trade.Reconciliation{AccountID: local, CheckedAt: start.Add(time.Minute), InARow: 1, Drift: []trade.Drift{{Symbol: "AAPL", Expected: number("12"), Broker: number("11.5")}}}
	must(t, w.RecordReconciliation(t.Context(), lease, second, nil, audit.Entry{Action: audit.DriftFound}))
	known, err := w.Reconciliation(t.Context(), local)
	must(t, err)
	same(t, "the last", known, second)
	must(t, w.RecordReconciliation(t.Context(), lease, first, []trade.Adjustment{{Symbol: "AAPL", Qty: number("11.5"), Reason: "by ann"}}, audit.Entry{Action: audit.DriftAdopted}))
	baselines, err := w.TakenOver(t.Context(), local)
	must(t, err)
	same(t, "without an execution", []any{baselines["AAPL"].Qty.String(), baselines["AAPL"].Reason, baselines["F"].Qty.String()}, []any{"1.5", "by ann", "-3"})
	same(t, "entries", len(verifyAudit(t, w.Store)), 2)

	must(t, w.ReleaseLease(t.Context(), lease))
	w.lease(t, local, "another")
	want(t, w.RecordReconciliation(t.Context(), lease, second, nil, audit.Entry{Action: audit.DriftFound}), fault.Conflict)
	same(t, "entries of one who has lost the lease", len(verifyAudit(t, w.Store)), 2)
}

func attemptsAndRejections(t *testing.T, w world) {
	count := func() int {
		rejections, err := w.Rejections(t.Context(), local, start)
		must(t, err)
		return rejections
	}
	same(t, "none", count(), 0)
	w.answer(t, buy("AAPL", "at1-0", "1"), trade.BrokerOrder{ID: "b0", Status: "filled"})
	for i := range 3 {
		w.answer(t, buy("AAPL", fmt.Sprint("at1-r", i), "1"), trade.BrokerOrder{Status: "rejected"})
	}
	same(t, "in a row", count(), 3)
	attempts, err := w.Attempts(t.Context(), local, "AAPL", trade.Entry, start)
	must(t, err)
	same(t, "attempts", attempts, 4)
	attempts, err = w.Attempts(t.Context(), local, "AAPL", trade.Exit, start)
	must(t, err)
	same(t, "for another purpose", attempts, 0)
	w.clock.Advance(time.Second)
	resumed := trade.Standing{AccountID: local, State: trade.Active, Who: "ann", Since: w.clock.Now()}
	must(t, w.SetStanding(t.Context(), resumed, audit.Entry{Action: audit.TradingResumed}))
	same(t, "since a person resumed", count(), 0)
	w.answer(t, buy("AAPL", "at1-r9", "1"), trade.BrokerOrder{Status: "rejected"})
	same(t, "afterwards", count(), 1)
	w.answer(t, buy("AAPL", "at1-9", "1"), trade.BrokerOrder{ID: "b9", Status: "accepted"})
	same(t, "after a good one", count(), 0)
}

func trackRecords(t *testing.T, w world) {
	entry := buy("AAPL", "at1-1", "500")
	entry.Intent.Class = trade.BracketOrder
	hour := func(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }
	w.answer(t, entry, trade.BrokerOrder{ID: "b1", Status: "filled", FilledQty: number("4"), SubmittedAt: hour(1),
		Legs: []trade.BrokerOrder{{ID: "l1", Type: "limit"}, {ID: "l2", Type: "stop"}}},
		fillOf("e1", "b1", "AAPL", trade.SideBuy, "3", "100", hour(1)), fillOf("e2", "b1", "AAPL", trade.SideBuy, "1", "104", hour(1)))
	must(t, w.RecordFills(t.Context(), local, "", []trade.Fill{
		fillOf("e3", "l2", "AAPL", trade.SideSell, "4", "90", hour(2)),      // the stop
		fillOf("e4", "foreign", "TSLA", trade.SideSell, "2", "10", hour(3)), // a short sale, covered
		fillOf("e5", "foreign", "TSLA", trade.SideBuy, "2", "8", hour(4)),
		fillOf("e6", "foreign", "F", trade.SideSell, "5", "10", hour(5)), // of what was there before
	}))
	cycle := newCycle(local, "", hour(1))
	for i, equity := range []string{"9000", "100000.5", "20000"} {
		cycle.ID, cycle.Slot, cycle.Equity = fmt.Sprint(i), hour(1+i).Add(time.Minute), decimal.NewNullDecimal(number(equity))
		w.record(t, cycle)
	}
	lease := w.lease(t, local, "holder")
	must(t, w.RecordReconciliation(t.Context(), lease, trade.Reconciliation{AccountID: local, CheckedAt: start}, []trade.Adjustment{{Symbol: "F", Reason: "held"}}, audit.Entry{}))

	record, err := w.TrackRecord(t.Context(), local, time.Time{}, hour(6))
	must(t, err)
	same(t, "trades", record.Trades, []trade.ClosedTrade{
		{Symbol: "AAPL", EntryAt: hour(1), ExitAt: hour(2), Qty: number("4"), Profit: number("-44"), ProfitPct: number("-10.89108911"), StopLoss: true},
		{Symbol: "TSLA", Short: true, EntryAt: hour(3), ExitAt: hour(4), Qty: number("2"), Profit: number("4"), ProfitPct: number("20")},
	})
	same(t, "orders", record.OrderTimes, []time.Time{hour(1)})
	same(t, "peak", record.Peak.String(), "100000.5")
	record, err = w.TrackRecord(t.Context(), local, hour(3), hour(40))
	must(t, err)
	same(t, "later", []any{len(record.Trades), len(record.OrderTimes), record.Peak.String()}, []any{1, 0, "20000"})
}

func entriesAndForeign(t *testing.T, w world) {
	w.answer(t, buy("AAPL", "at1-1", "500"), trade.BrokerOrder{ID: "b1", Status: "filled", FilledQty: number("4")}, fillOf("e1", "b1", "AAPL", trade.SideBuy, "4", "1", start))
	later := buy("AAPL", "at1-2", "500")
	later.Intent.BarEnd = start.Add(time.Hour)
	w.answer(t, later, trade.BrokerOrder{ID: "b2", Status: "partially_filled", FilledQty: number("0.5")}, fillOf("e2", "b2", "AAPL", trade.SideBuy, "0.5", "1", start))
	unfilled := buy("AAPL", "at1-3", "500")
	unfilled.Intent.BarEnd = start.Add(2 * time.Hour)
	w.answer(t, unfilled, trade.BrokerOrder{ID: "b3", Status: "canceled"})
	entries, err := w.Entries(t.Context(), local, []string{"AAPL", "MSFT"})
	must(t, err)
	same(t, "entries", []any{len(entries), entries["AAPL"].ClientOrderID}, []any{1, "at1-2"})

	must(t, w.RecordFills(t.Context(), local, "", []trade.Fill{
		fillOf("f1", "x", "MSFT", trade.SideBuy, "1", "1", start), fillOf("f2", "x", "TSLA", trade.SideBuy, "1", "1", start), fillOf("f3", "x", "TSLA", trade.SideSell, "1", "1", start),
	}))
	foreign, err := w.Foreign(t.Context(), local)
	must(t, err)
	same(t, "foreign", foreign, map[string]bool{"MSFT": true})
}

// foundOrders are taken in once, as they stand, and never under a lease that is lost.
func foundOrders(t *testing.T, w world) {
	lease := w.lease(t, local, "holder")
	found := trade.Order{Intent: *buy("AAPL", "at1-f", "500").Intent, State: trade.Journaled, UpdatedAt: start}
	found.Intent.ID, found.Intent.AccountID, found.Intent.CreatedAt, found.Intent.Class = uuid.NewString(), local, start, trade.OTOOrder
	must(t, found.Adopt(trade.BrokerOrder{ID: "b1", Status: "filled", FilledQty: number("4"), Legs: []trade.BrokerOrder{{ID: "leg", Type: "stop"}}}))
	for range 2 {
		must(t, w.RecordFound(t.Context(), lease, []trade.Order{found}))
	}
	orders, err := w.JournaledOrders(t.Context(), "", local, 10)
	must(t, err)
	same(t, "found", []any{len(orders), orders[0].State, orders[0].BrokerOrderID, orders[0].FilledQty.String(), len(orders[0].Legs)}, []any{1, trade.Filled, "b1", "4", 1})
	owners, err := w.Owners(t.Context(), local, []string{"b1", "leg"})
	must(t, err)
	same(t, "owners", owners, map[string]string{"b1": "at1-f", "leg": "at1-f"})
	same(t, "entries", len(verifyAudit(t, w.Store)), 1)
	must(t, w.ReleaseLease(t.Context(), lease))
	found.Intent.ClientOrderID = "at1-g"
	want(t, w.RecordFound(t.Context(), lease, []trade.Order{found}), fault.Conflict)
}

func protectiveIntents(t *testing.T, w world) {
	lease, cycle := w.record(t, newCycle(local, "", start, buy("AAPL", "at1-1", "500")))
	stop := *buy("AAPL", "at1-p", "1").Intent
	stop.Purpose, stop.Type, stop.Side = trade.Protect, trade.TrailingStopOrder, trade.SideSell
	written, err := w.RecordIntents(t.Context(), lease, cycle, []trade.Intent{stop})
	must(t, err)
	same(t, "written", []any{len(written), written[0].CycleID, written[0].AccountID}, []any{1, cycle.ID, local})
	written, err = w.RecordIntents(t.Context(), lease, cycle, []trade.Intent{stop})
	must(t, err)
	same(t, "written again", len(written), 0)
	orders, err := w.UnresolvedOrders(t.Context(), local)
	must(t, err)
	same(t, "orders", len(orders), 2)
	same(t, "entries", len(verifyAudit(t, w.Store)), 2)
	cycles, err := w.Cycles(t.Context(), "", local, 1)
	must(t, err)
	same(t, "decisions", len(cycles[0].Decisions), 1)
	must(t, w.ReleaseLease(t.Context(), lease))
	_, err = w.RecordIntents(t.Context(), lease, cycle, []trade.Intent{stop})
	want(t, err, fault.Conflict)
}
