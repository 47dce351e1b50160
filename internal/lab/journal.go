package lab

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// journal is an engine.Journal of one account, in memory. It answers as the store does, and is used
// by one cycle at a time.
type journal struct {
	clock    clock.Clock
	orders   []*trade.Order          // as journaled
	byID     map[string]*trade.Order // by client order id
	open     []*trade.Order          // not ended, as journaled
	owners   map[string]string       // broker's order id, legs too -> client order id
	changed  []*trade.Order          // of the last day, by their last change
	attempts map[attempt]int
	entries  map[string]*trade.Order // by symbol: the newest that was executed

	fills    []trade.Execution
	known    map[string]bool // execution ids
	held     map[string]decimal.Decimal
	taken    map[string]trade.Adjustment
	last     *trade.Reconciliation
	standing trade.Standing
	past     past
}

type attempt struct {
	symbol  string
	purpose trade.Purpose
	barEnd  int64
}

func newJournal(now clock.Clock) *journal {
	return &journal{
		clock: now, byID: map[string]*trade.Order{}, owners: map[string]string{}, attempts: map[attempt]int{},
		entries: map[string]*trade.Order{}, known: map[string]bool{}, held: map[string]decimal.Decimal{},
		taken: map[string]trade.Adjustment{}, standing: trade.Standing{AccountID: AccountID, State: trade.Active},
		past: past{executions: map[string][]trade.Execution{}, closed: map[string][]trade.ClosedTrade{}},
	}
}

// AcquireLease always succeeds: nobody else works here.
func (j *journal) AcquireLease(_ context.Context, accountID, holder string) (trade.Lease, error) {
	return trade.Lease{AccountID: accountID, Holder: holder, Epoch: 1}, nil
}

// ReleaseLease does nothing.
func (j *journal) ReleaseLease(context.Context, trade.Lease) error { return nil }

// StartCycle does nothing: the caller keeps what it wants of cycles.
func (j *journal) StartCycle(context.Context, trade.Cycle) error { return nil }

// FinishCycle does nothing.
func (j *journal) FinishCycle(context.Context, trade.Cycle) error { return nil }

// RecordDecisions journals the cycle's intents; those that are journaled already come back as
// already decided.
func (j *journal) RecordDecisions(_ context.Context, _ trade.Lease, cycle trade.Cycle) (trade.Cycle, error) {
	if cycle.Equity.Valid {
		j.past.add(cycle.Slot, cycle.Equity.Decimal)
	}
	for i := range cycle.Decisions {
		decision := &cycle.Decisions[i]
		if decision.Ordered() && !cycle.DryRun && !j.write(*decision.Intent) {
			decision.Intent, decision.Skip = nil, trade.SkipAlreadyDecided
		}
	}
	return cycle, nil
}

// RecordIntents journals intents and returns those that were not journaled already.
func (j *journal) RecordIntents(_ context.Context, _ trade.Lease, _ trade.Cycle, intents []trade.Intent) (written []trade.Intent, err error) {
	for _, intent := range intents {
		if j.write(intent) {
			written = append(written, intent)
		}
	}
	return written, nil
}

// RecordFound does nothing: a journal in memory is never restored.
func (j *journal) RecordFound(context.Context, trade.Lease, []trade.Order) error { return nil }

// write journals the intent unless its id is used.
func (j *journal) write(intent trade.Intent) bool {
	if _, used := j.byID[intent.ClientOrderID]; used {
		return false
	}
	order := &trade.Order{Intent: intent, State: trade.Journaled, UpdatedAt: intent.CreatedAt}
	j.orders, j.open = append(j.orders, order), append(j.open, order)
	j.byID[intent.ClientOrderID] = order
	j.attempts[attempt{intent.Symbol, intent.Purpose, intent.BarEnd.Unix()}]++
	return true
}

// UnresolvedOrders returns those in state journaled, submitting or unknown.
func (j *journal) UnresolvedOrders(context.Context, string) ([]trade.Order, error) {
	return j.inState(trade.OrderState.Unresolved), nil
}

// LiveOrders returns those that the broker has and that have not ended.
func (j *journal) LiveOrders(context.Context, string) ([]trade.Order, error) {
	return j.inState(func(s trade.OrderState) bool { return s == trade.Accepted || s == trade.PartiallyFilled }), nil
}

func (j *journal) inState(wanted func(trade.OrderState) bool) (orders []trade.Order) {
	for _, order := range j.open {
		if wanted(order.State) {
			orders = append(orders, *order)
		}
	}
	return orders
}

// ClaimOrder moves the order to submitting.
func (j *journal) ClaimOrder(_ context.Context, lease trade.Lease, order trade.Order) (trade.Order, error) {
	if !j.standing.State.Allows(order.Intent.Purpose) {
		return order, fault.Because(trade.ErrStopped, fault.Conflict, "%s", j.standing.Sentence())
	}
	claimed := order
	if err := claimed.Apply(trade.Claimed); err != nil {
		return order, fault.Because(err, fault.Conflict, "This order cannot be sent any more.")
	}
	claimed.Epoch, claimed.UpdatedAt = lease.Epoch, j.clock.Now()
	*j.byID[order.Intent.ClientOrderID] = claimed
	return claimed, nil
}

// RecordOrder keeps the order's new state, its legs, and executions that are not known yet.
func (j *journal) RecordOrder(_ context.Context, order trade.Order, fills []trade.Fill) error {
	kept := j.byID[order.Intent.ClientOrderID]
	order.UpdatedAt = j.clock.Now()
	if !order.Outdated(*kept) {
		*kept = order
		j.note(kept)
	}
	for _, leg := range order.Legs {
		j.owners[leg.BrokerOrderID] = order.Intent.ClientOrderID
	}
	j.take(fills)
	return nil
}

// OrderOf returns the order that the broker's is, or is a leg of.
func (j *journal) OrderOf(_ context.Context, _ string, order trade.BrokerOrder) (trade.Order, error) {
	id := order.ClientOrderID
	if owner, known := j.owners[order.ID]; known {
		id = owner
	}
	if kept, ours := j.byID[id]; ours {
		return *kept, nil
	}
	return trade.Order{}, fault.New(fault.NotFound, "This program has not made the order.")
}

// Owners returns the client order ids that the broker's ids belong to.
func (j *journal) Owners(_ context.Context, _ string, brokerOrderIDs []string) (map[string]string, error) {
	found := make(map[string]string, len(brokerOrderIDs))
	for _, id := range brokerOrderIDs {
		if owner, known := j.owners[id]; known {
			found[id] = owner
		}
	}
	return found, nil
}

// Attempts returns how often an intent for the purpose and bar was journaled.
func (j *journal) Attempts(_ context.Context, _, symbol string, purpose trade.Purpose, barEnd time.Time) (int, error) {
	return j.attempts[attempt{symbol, purpose, barEnd.Unix()}], nil
}

// Entries returns by symbol the newest intent to enter that was executed at least in part.
func (j *journal) Entries(_ context.Context, _ string, symbols []string) (map[string]trade.Intent, error) {
	entries := make(map[string]trade.Intent, len(symbols))
	for _, symbol := range symbols {
		if order, executed := j.entries[symbol]; executed {
			entries[symbol] = order.Intent
		}
	}
	return entries, nil
}

// Standing returns the state in force.
func (j *journal) Standing(context.Context, string) (trade.Standing, error) { return j.standing, nil }

// Halt puts a state in force unless one is that is as strict.
func (j *journal) Halt(_ context.Context, standing trade.Standing) error {
	if j.standing.State.Stricter(standing.State) != j.standing.State {
		j.standing = standing
	}
	return nil
}

// Reconciliation returns the last one.
func (j *journal) Reconciliation(context.Context, string) (trade.Reconciliation, error) {
	if j.last == nil {
		return trade.Reconciliation{}, fault.New(fault.NotFound, "Nothing was compared yet.")
	}
	return *j.last, nil
}

// RecordReconciliation keeps the outcome and what was taken over.
func (j *journal) RecordReconciliation(_ context.Context, _ trade.Lease, outcome trade.Reconciliation, taken []trade.Adjustment, _ audit.Entry) error {
	j.last = &outcome
	for _, adjustment := range taken {
		before := j.taken[adjustment.Symbol].Qty.Sub(j.held[adjustment.Symbol])
		j.held[adjustment.Symbol] = adjustment.Qty
		adjustment.Qty = adjustment.Qty.Add(before)
		j.taken[adjustment.Symbol] = adjustment
	}
	return nil
}
