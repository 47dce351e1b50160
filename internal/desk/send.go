package desk

import (
	"context"
	"errors"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// deliver sends orders that are journaled, one after the other, and then finds out what became of
// those whose answer was lost, all in the same half minute. One order's trouble does not keep the
// others back, unless the broker takes none: what is left stays journaled, and a later run sends it
// before its deadline.
func (t *turn) deliver(ctx context.Context, orders []trade.Order) error {
	var troubles []error
	for i := range orders {
		err := t.sendPatiently(ctx, &orders[i])
		if err == nil {
			continue
		}
		troubles = append(troubles, symbolTrouble{orders[i].Intent.Symbol, err})
		if errors.Is(err, engine.ErrNotAccepted) || errors.Is(err, engine.ErrKeysRefused) || ctx.Err() != nil {
			break
		}
	}
	for i := range orders {
		if orders[i].State != trade.Unknown {
			continue
		}
		if err := t.find(ctx, &orders[i]); err != nil {
			troubles = append(troubles, symbolTrouble{orders[i].Intent.Symbol, err})
		}
	}
	return errors.Join(troubles...)
}

// symbolTrouble says whose order the error is about, and keeps its sentence.
type symbolTrouble struct {
	symbol string
	error
}

func (s symbolTrouble) Error() string { return s.symbol + ": " + s.error.Error() }

// Unwrap returns the error.
func (s symbolTrouble) Unwrap() error { return s.error }

// sendPatiently sends the order under the same id until the broker has taken or refused it, or the
// waits are over, or its deadline has passed.
func (t *turn) sendPatiently(ctx context.Context, order *trade.Order) error {
	for _, wait := range t.Refusals {
		err := t.send(ctx, order)
		if !errors.Is(err, engine.ErrNotAccepted) {
			return err
		}
		if !t.pause(ctx, wait) {
			return err
		}
	}
	return t.send(ctx, order)
}

// send makes way for the order, claims it in the journal, sends it once, and records what became of
// it. Afterwards it may be unknown, for find; after an error too, and then no new decision is made
// for the account before it is resolved.
func (t *turn) send(ctx context.Context, order *trade.Order) error {
	if t.Clock.Now().After(order.Intent.Deadline) {
		return t.settle(ctx, order, trade.WasExpired, "It was not sent before its deadline.")
	}
	if clear, err := t.makeWay(ctx, order); err != nil || !clear {
		return err
	}
	t.AtStep(StepClaiming)
	if sent := t.marketNow(); !sent.IsZero() && order.SubmittedAt.IsZero() {
		order.SubmittedAt = sent
	}
	claimed, err := t.Journal.ClaimOrder(ctx, t.lease, *order)
	if errors.Is(err, trade.ErrStopped) {
		return t.settle(ctx, order, trade.WasExpired, "It was not sent. "+fault.Public(err))
	}
	if err != nil {
		return err
	}
	*order = claimed
	t.AtStep(StepClaimed)
	// Once claimed, a stop of the program no longer interrupts the request: a lost answer costs
	// more than the seconds that the client gives it.
	report, err := t.Broker.Submit(context.WithoutCancel(ctx), order.Intent)
	t.AtStep(StepAnswered)
	defer t.AtStep(StepRecorded)
	return t.answered(ctx, order, report, err)
}

// answered records what the answer to an order says, by the table in docs/ORDERS.md.
func (t *turn) answered(ctx context.Context, order *trade.Order, report trade.BrokerOrder, err error) error {
	if id := trade.RequestOf(report, err); id != "" {
		order.RequestID = id
	}
	switch {
	case err == nil:
		return t.adopt(ctx, order, report, nil)
	case errors.Is(err, engine.ErrOrderRejected):
		failed := t.settle(ctx, order, trade.WasRejected, err.Error())
		if errors.Is(err, engine.ErrKeysRefused) {
			return errors.Join(fault.Because(err, fault.BrokerRefused, "The broker does not take the account's keys any more."), failed)
		}
		return failed
	case errors.Is(err, engine.ErrNotAccepted):
		return errors.Join(fault.Because(err, fault.BrokerDown, "The broker did not take the order for %s now. It is sent later under the same id, before its deadline.", order.Intent.Symbol),
			t.settle(ctx, order, trade.NotTaken, err.Error()))
	default: // it exists already, or the answer was lost: only asking tells
		return t.settle(ctx, order, trade.AnswerLost, err.Error())
	}
}

// adopt takes over the broker's report of an order, after checking that it is this intent's. A
// different order under its id is nobody's to repeat: the account is halted until a person has
// looked, and the intent ends, for its id is used up.
func (t *turn) adopt(ctx context.Context, order *trade.Order, report trade.BrokerOrder, fills []trade.Fill) error {
	if !order.Intent.Matches(report) {
		problem := "The broker has a different order under the id " + order.Intent.ClientOrderID + " of our intent for " + order.Intent.Symbol + "."
		if err := t.halt(ctx, trade.HaltOtherOrder, problem); err != nil {
			return err
		}
		if err := t.settle(ctx, order, trade.WasRejected, problem); err != nil {
			return err
		}
		return fault.New(fault.Conflict, "%s Nothing is traded in this account until somebody has looked.", problem)
	}
	return t.Desk.takeOver(ctx, order, report, fills)
}

// takeOver applies the report to the order and records it.
func (d *Desk) takeOver(ctx context.Context, order *trade.Order, report trade.BrokerOrder, fills []trade.Fill) error {
	before, filled := order.State, order.FilledQty
	if err := order.Adopt(report); err != nil {
		return err
	}
	order.Problem = ""
	if order.State == trade.Rejected {
		order.Problem = "The broker rejected it after taking it."
	}
	if err := d.record(ctx, order, fills); err != nil {
		return err
	}
	d.tellOrder(before, order.FilledQty.GreaterThan(filled), *order)
	return nil
}

// settle applies an event that we know of ourselves.
func (d *Desk) settle(ctx context.Context, order *trade.Order, event trade.OrderEvent, problem string) error {
	before := order.State
	if err := order.Apply(event); err != nil {
		return err
	}
	order.Problem = problem
	if err := d.record(ctx, order, nil); err != nil {
		return err
	}
	d.tellOrder(before, false, *order)
	return nil
}

// record writes the order down even when the cycle's time is over: what the broker said must not
// be forgotten because we were slow.
func (d *Desk) record(ctx context.Context, order *trade.Order, fills []trade.Fill) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	order.UpdatedAt = d.Clock.Now()
	return d.Journal.RecordOrder(ctx, *order, fills)
}
