package alpaca

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// fillPauses are the waits before the list of executions is read again: it may be a moment behind
// the stream of events.
var fillPauses = []time.Duration{500 * time.Millisecond, 2 * time.Second}

// fillsReach is how far before an order was sent its executions are looked for.
const fillsReach = time.Minute

// WatchOrders is Watch with the executions: tell gets a report of everything that happens to the
// account's orders, one after the other, until the context ends. Executions come from the list of
// activities, whose ids are those that Fills gives; a report whose list is not complete yet says so
// (OrderReport.Whole) after it was asked for three times.
//
// What happened before the watch, or while nobody could be asked, may never be told: when
// options.Connected says true, the caller looks at its own live orders once.
func (c *Client) WatchOrders(ctx context.Context, options WatchOptions, tell func(trade.OrderReport)) error {
	return c.Watch(ctx, options, func(event OrderEvent) {
		report := trade.OrderReport{Event: event.Kind, At: event.At, Order: event.Order}
		report.Fills, report.Whole = c.fillsOf(ctx, event.Order)
		tell(report)
	})
}

// fillsOf returns the order's executions; whole is false when they do not add up to what is filled.
func (c *Client) fillsOf(ctx context.Context, order trade.BrokerOrder) (own []trade.Fill, whole bool) {
	if order.FilledQty.IsZero() {
		return nil, true
	}
	for attempt := 0; ; attempt++ {
		all, err := c.Fills(ctx, order.SubmittedAt.Add(-fillsReach))
		if err == nil {
			own = fillsIn(all, order.ID)
			if (trade.OrderReport{Fills: own}).FilledQty().GreaterThanOrEqual(order.FilledQty) {
				return own, true
			}
		}
		if attempt == len(fillPauses) || !pause(ctx, fillPauses[attempt]) {
			return own, false
		}
	}
}

func fillsIn(all []trade.Fill, brokerOrderID string) []trade.Fill {
	var own []trade.Fill
	for _, fill := range all {
		if fill.OrderID == brokerOrderID {
			own = append(own, fill)
		}
	}
	return own
}
