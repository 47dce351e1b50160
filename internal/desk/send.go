package desk

import (
	"context"
	"errors"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// send claims the order in the journal, sends it once, and records what became of it. It returns
// an error only when that could not be established: the order is then left unresolved, and no
// new decision is made for the account before it is.
func (d *Desk) send(ctx context.Context, lease trade.Lease, broker Broker, order trade.Order) (trade.Order, error) {
	if d.Clock.Now().After(order.Intent.Deadline) {
		return order, d.settle(ctx, &order, trade.WasExpired, "It was not sent before its deadline.")
	}
	order, err := d.Journal.ClaimOrder(ctx, lease, order)
	if err != nil {
		return order, err
	}
	// Once claimed, a stop of the program no longer interrupts the request: a lost answer costs
	// more than the seconds that the client gives it.
	report, err := broker.Submit(context.WithoutCancel(ctx), order.Intent)
	switch {
	case err == nil:
		return order, d.adopt(ctx, &order, report, nil)
	case errors.Is(err, engine.ErrOrderExists):
		return order, d.find(ctx, lease, broker, &order)
	case errors.Is(err, engine.ErrOrderRejected):
		return order, d.settle(ctx, &order, trade.WasRejected, err.Error())
	case errors.Is(err, engine.ErrNotAccepted):
		return order, errors.Join(d.settle(ctx, &order, trade.NotTaken, err.Error()),
			fault.Because(err, fault.BrokerDown, "The broker did not take the order for %s now. It is sent by the next cycle, before its deadline.", order.Intent.Symbol))
	default:
		if err := d.settle(ctx, &order, trade.AnswerLost, err.Error()); err != nil {
			return order, err
		}
		return order, d.find(ctx, lease, broker, &order)
	}
}

// adopt takes over the broker's report of an order, after checking that it is this intent's.
func (d *Desk) adopt(ctx context.Context, order *trade.Order, report trade.BrokerOrder, fills []trade.Fill) error {
	if !order.Intent.Matches(report) {
		return fault.New(fault.Conflict,
			"The broker has a different order under the id %s of our intent for %s. Nothing is traded in this account until somebody has looked: cancel that order at Alpaca or delete the account here.",
			order.Intent.ClientOrderID, order.Intent.Symbol)
	}
	if err := order.Adopt(report); err != nil {
		return err
	}
	order.Problem = ""
	if order.State == trade.Rejected {
		order.Problem = "The broker rejected it after taking it."
	}
	return d.record(ctx, order, fills)
}

// settle applies an event that we know of ourselves.
func (d *Desk) settle(ctx context.Context, order *trade.Order, event trade.OrderEvent, problem string) error {
	if err := order.Apply(event); err != nil {
		return err
	}
	order.Problem = problem
	return d.record(ctx, order, nil)
}

// record writes the order down even when the cycle's time is over: what the broker said must not
// be forgotten because we were slow.
func (d *Desk) record(ctx context.Context, order *trade.Order, fills []trade.Fill) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	order.UpdatedAt = d.Clock.Now()
	return d.Journal.RecordOrder(ctx, *order, fills)
}
