package desk

import (
	"context"
	"errors"
	"time"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Resolve takes the account's lease and does what Recover does, for a process that has just
// started and has no cycle to run yet.
func (d *Desk) Resolve(ctx context.Context, accountID string, broker Broker, leaseWait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, cycleLimit)
	defer cancel()
	ctx, lease, release, err := d.hold(ctx, accountID, leaseWait)
	if err != nil {
		return err
	}
	defer release()
	return d.Recover(ctx, lease, broker)
}

// Recover resolves every order that an earlier run left unresolved, and takes over what happened
// to the others since. It comes before any new decision for the account.
func (d *Desk) Recover(ctx context.Context, lease trade.Lease, broker Broker) error {
	orders, err := d.Journal.UnresolvedOrders(ctx, lease.AccountID)
	if err != nil {
		return err
	}
	for _, order := range orders {
		d.Log.Info("resolving an order that an earlier run left; the broker gets up to 30 s to show it",
			"symbol", order.Intent.Symbol, "client_order_id", order.Intent.ClientOrderID, "state", order.State)
		if order.State == trade.Journaled { // claimed comes first: it was never sent
			_, err = d.send(ctx, lease, broker, order)
		} else {
			err = d.find(ctx, lease, broker, &order)
		}
		if err != nil {
			return err
		}
	}
	return d.refresh(ctx, broker, lease.AccountID)
}

// find asks the broker for an order whose answer was lost. Found, it is adopted. Absent, it is
// asked for again until the order has had the whole of Patience to show up since it was claimed;
// only then it is sent once more under the same id, or expires if its deadline has passed.
func (d *Desk) find(ctx context.Context, lease trade.Lease, broker Broker, order *trade.Order) error {
	claimed := order.UpdatedAt
	for _, wait := range append([]time.Duration{0}, d.Patience...) {
		if !d.waitUntil(ctx, claimed.Add(wait)) {
			return ctx.Err()
		}
		report, err := broker.OrderByClientID(ctx, order.Intent.ClientOrderID)
		switch {
		case err == nil:
			return d.adopt(ctx, order, report, nil)
		case !errors.Is(err, engine.ErrOrderNotFound):
			return fault.Because(err, fault.KindOf(err), "%s The order for %s may or may not be there; nothing new is decided before that is known.",
				fault.Public(err), order.Intent.Symbol)
		}
	}
	return d.sendAgain(ctx, lease, broker, order)
}

// sendAgain sends an order once more that the broker has proven not to have.
func (d *Desk) sendAgain(ctx context.Context, lease trade.Lease, broker Broker, order *trade.Order) error {
	if order.SentTwice {
		return d.settle(ctx, order, trade.WasExpired, "It was sent twice and never reached the broker.")
	}
	if d.Clock.Now().After(order.Intent.Deadline) {
		return d.settle(ctx, order, trade.WasExpired, "It never reached the broker, and its deadline has passed.")
	}
	order.SentTwice = true
	sent, err := d.send(ctx, lease, broker, *order)
	*order = sent
	return err
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

// refresh takes over the broker's reports on orders that were still working, with their fills.
func (d *Desk) refresh(ctx context.Context, broker Broker, accountID string) error {
	orders, err := d.Journal.LiveOrders(ctx, accountID)
	if err != nil || len(orders) == 0 {
		return err
	}
	fills, err := broker.Fills(ctx, oldest(orders))
	if err != nil {
		return err
	}
	for _, order := range orders {
		report, err := broker.OrderByClientID(ctx, order.Intent.ClientOrderID)
		if errors.Is(err, engine.ErrOrderNotFound) {
			err = d.settle(ctx, &order, trade.WasCanceled, "The broker no longer knows the order.")
		} else if err == nil {
			err = d.adopt(ctx, &order, report, of(report.ID, fills))
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
