package desk

import (
	"context"
	"errors"
	"time"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Resolve takes the account's lease and resolves every order that an earlier run left unresolved,
// for a process that has no cycle to run.
func (d *Desk) Resolve(ctx context.Context, accountID string, broker Broker, leaseWait time.Duration) error {
	return d.within(ctx, Run{AccountID: accountID, Broker: broker, LeaseWait: leaseWait}, func(ctx context.Context, t *turn) error {
		return t.recover(ctx)
	})
}

// within does the work in a turn at the account, and halts the account when the broker no longer
// takes its keys.
func (d *Desk) within(ctx context.Context, run Run, work func(context.Context, *turn) error) error {
	ctx, cancel := context.WithTimeout(ctx, cycleLimit)
	defer cancel()
	ctx, t, done, err := d.take(ctx, run)
	if err != nil {
		return err
	}
	defer done()
	return t.watchKeys(ctx, work(ctx, t))
}

// recover resolves every order that an earlier run left unresolved, and takes over what happened
// to the others since, after a restore with what was sent after the backup. It comes before any new decision for the account. A dry run asks once and
// sends nothing.
func (t *turn) recover(ctx context.Context) error {
	if err := t.findSent(ctx); err != nil {
		return err
	}
	orders, err := t.Journal.UnresolvedOrders(ctx, t.AccountID)
	if err != nil {
		return err
	}
	var unsent []trade.Order
	for i := range orders {
		switch {
		case orders[i].State == trade.Journaled: // claimed comes first: it was never sent
			unsent = append(unsent, orders[i])
			continue
		case t.DryRun:
			err = t.lookFor(ctx, &orders[i])
		default:
			t.Log.Info("resolving an order that an earlier run left; the broker gets up to 30 s to show it",
				"symbol", orders[i].Intent.Symbol, "client_order_id", orders[i].Intent.ClientOrderID, "state", orders[i].State)
			err = t.find(ctx, &orders[i])
		}
		if err != nil && !(t.DryRun && errors.Is(err, engine.ErrOrderNotFound)) {
			return err
		}
	}
	if !t.DryRun {
		if err := t.deliver(ctx, unsent); err != nil {
			return err
		}
	}
	return t.refresh(ctx)
}

// find asks the broker for an order whose answer was lost. Found, it is adopted. Absent, it is
// asked for again until the order has had the whole of Patience to show up since its answer was
// lost; only then it is sent once more under the same id, or expires if its deadline has passed.
func (t *turn) find(ctx context.Context, order *trade.Order) error {
	lost := order.UpdatedAt
	for _, wait := range append([]time.Duration{0}, t.Patience...) {
		if !t.waitUntil(ctx, lost.Add(wait)) {
			return ctx.Err()
		}
		err := t.lookFor(ctx, order)
		if !errors.Is(err, engine.ErrOrderNotFound) {
			return err
		}
	}
	return t.sendAgain(ctx, order)
}

// lookFor adopts the order if the broker has it; an error that wraps ErrOrderNotFound when not.
func (t *turn) lookFor(ctx context.Context, order *trade.Order) error {
	report, err := t.Broker.OrderByClientID(ctx, order.Intent.ClientOrderID)
	if errors.Is(err, engine.ErrOrderNotFound) {
		return err
	}
	if err != nil {
		return fault.Because(err, fault.KindOf(err), "%s The order for %s may or may not be there; nothing new is decided before that is known.",
			fault.Public(err), order.Intent.Symbol)
	}
	return t.adopt(ctx, order, report, nil)
}

// sendAgain sends an order once more that the broker has proven not to have.
func (t *turn) sendAgain(ctx context.Context, order *trade.Order) error {
	if order.SentTwice {
		return t.settle(ctx, order, trade.WasExpired, "It was sent twice and never reached the broker.")
	}
	if t.Clock.Now().After(order.Intent.Deadline) {
		return t.settle(ctx, order, trade.WasExpired, "It never reached the broker, and its deadline has passed.")
	}
	order.SentTwice = true
	if err := t.sendPatiently(ctx, order); err != nil || order.State != trade.Unknown {
		return err
	}
	return t.find(ctx, order)
}

// waitUntil waits for the moment, by this machine's clock, or returns false when the context ends.
func (d *Desk) waitUntil(ctx context.Context, moment time.Time) bool {
	wait := moment.Sub(d.Clock.Now())
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// mayHide is how long an order that the broker has confirmed may be missing where it is asked for:
// its lists follow each other, and an order that is taken for gone would be nobody's.
const mayHide = time.Minute

// refresh takes over the broker's reports on orders that were still working, with their fills. One
// that the broker no longer knows has ended, unless it was confirmed just now.
func (t *turn) refresh(ctx context.Context) error {
	orders, err := t.Journal.LiveOrders(ctx, t.AccountID)
	if err != nil || len(orders) == 0 {
		return err
	}
	fills, err := t.Broker.Fills(ctx, oldest(orders))
	if err != nil {
		return err
	}
	for i := range orders {
		order := &orders[i]
		report, err := t.Broker.OrderByClientID(ctx, order.Intent.ClientOrderID)
		if errors.Is(err, engine.ErrOrderNotFound) {
			if t.Clock.Now().Before(order.UpdatedAt.Add(mayHide)) {
				continue
			}
			err = t.settle(ctx, order, trade.WasCanceled, "The broker no longer knows the order.")
		} else if err == nil {
			err = t.adopt(ctx, order, report, of(report.ID, fills))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// oldest is a moment before any of the orders was sent, with room for clocks that differ.
func oldest(orders []trade.Order) time.Time {
	first := orders[0].SubmittedAt
	for _, order := range orders {
		if order.SubmittedAt.Before(first) {
			first = order.SubmittedAt
		}
	}
	return first.Add(-time.Minute)
}

// of returns the fills of one order.
func of(brokerOrderID string, fills []trade.Fill) []trade.Fill {
	var own []trade.Fill
	for _, fill := range fills {
		if fill.OrderID == brokerOrderID {
			own = append(own, fill)
		}
	}
	return own
}
