package desk

import (
	"context"
	"errors"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// makeWay sees to it that an order which closes a position finds that position, and its shares free:
// it cancels the protective orders that hold them, and waits until the broker shows them canceled.
// It reports whether the order may be sent: not when the position has been closed meanwhile, wholly
// or in part, by a protective order, or by hand while the order waited for this program to come
// back. Then the order ends; what is left is decided anew.
//
// It is done again after a crash: a canceled order is canceled already, and the position is looked
// at each time, so that an exit never sells what is not held.
func (t *turn) makeWay(ctx context.Context, order *trade.Order) (clear bool, err error) {
	protected := len(order.Intent.CancelFirst) > 0
	if !protected && !t.hasWaited(*order) {
		return true, nil
	}
	if protected {
		t.AtStep(StepCanceling)
		if err := t.cancelAll(ctx, order.Intent.CancelFirst); err != nil {
			return false, err
		}
		t.AtStep(StepCanceled)
	}
	positions, err := t.Broker.Positions(ctx)
	if err != nil {
		return false, err
	}
	held := trade.Portfolio{Positions: positions}
	position, _ := held.Position(order.Intent.Symbol)
	free := closable(order.Intent, position)
	if free.IsPositive() && free.GreaterThanOrEqual(order.Intent.Qty.Decimal) {
		return true, nil
	}
	return false, t.settle(ctx, order, trade.WasExpired, overtakenSentence(protected, position))
}

// hasWaited reports whether the order closes a position as it was seen before this turn began, or
// before a patient search for the order's first sending: a person may have closed it since.
func (t *turn) hasWaited(order trade.Order) bool {
	return order.Intent.Purpose.Closes() && (order.SentTwice || order.Intent.CreatedAt.Before(t.begun))
}

func overtakenSentence(protected bool, position trade.Position) string {
	who := "somebody"
	if protected {
		who = "a protective order"
	}
	if position.Qty.IsZero() {
		return "Not sent: " + who + " has closed the position already."
	}
	return "Not sent: " + who + " has closed a part of the position meanwhile. What is left is decided by the next cycle."
}

// closable is how many shares the exit's side can close of the position.
func closable(intent trade.Intent, position trade.Position) decimal.Decimal {
	if intent.Side == trade.SideBuy {
		return decimal.Max(position.Qty.Neg(), decimal.Zero)
	}
	return decimal.Max(position.Qty, decimal.Zero)
}

// cancelAll asks for the cancellation of the broker's orders and waits until none of them is open.
func (t *turn) cancelAll(ctx context.Context, brokerOrderIDs []string) error {
	for _, id := range brokerOrderIDs {
		if err := t.Broker.Cancel(ctx, id); err != nil && !isRefusal(err) {
			return err // a refusal is no news: it may have ended meanwhile, which is looked at next
		}
	}
	for _, id := range brokerOrderIDs {
		if err := t.awaitEnd(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func isRefusal(err error) bool {
	return !errors.Is(err, engine.ErrKeysRefused) && (fault.Is(err, fault.BrokerRefused) || fault.Is(err, fault.NotFound))
}

// awaitEnd waits until the broker shows that the order has ended: a cancellation is only a request.
func (t *turn) awaitEnd(ctx context.Context, brokerOrderID string) error {
	for attempt := 0; ; attempt++ {
		report, err := t.Broker.Order(ctx, brokerOrderID)
		if errors.Is(err, engine.ErrOrderNotFound) || err == nil && !report.Open() {
			return nil
		}
		if err != nil {
			return err
		}
		if attempt == len(t.Cancels) || !t.pause(ctx, t.Cancels[attempt]) {
			return fault.New(fault.BrokerDown, "The broker has not canceled an order for %s yet. What waits for it is tried again by the next cycle.", report.Symbol)
		}
	}
}
