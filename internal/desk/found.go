package desk

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const (
	// foundReason is why an order is in a restored journal that was sent after the backup.
	foundReason = "Found at the broker after a restore."
	// mostClosed is how many ended orders are looked through, the newest first; Alpaca lists no more
	// at once. Older ones that were executed are found by their executions.
	mostClosed = 500
)

// findSent takes orders into a restored journal that this program sent after the backup: open ones,
// ended ones, and those of executions. It comes before anything is decided, until the comparison
// that follows is written down; after a crash it comes again, and finds nothing twice.
func (t *turn) findSent(ctx context.Context) error {
	last, err := t.Journal.Reconciliation(ctx, t.AccountID)
	if fault.Is(err, fault.NotFound) || err == nil && !last.Restored() {
		return nil
	}
	if err != nil {
		return err
	}
	sent, err := t.sentSince(ctx, last)
	if err != nil || len(sent) == 0 {
		return err
	}
	held, err := t.Journal.Expected(ctx, t.AccountID)
	if err != nil {
		return err
	}
	orders := make([]trade.Order, 0, len(sent))
	for _, report := range sent {
		order := t.foundOrder(report, held)
		if err := order.Adopt(report); err != nil {
			return err
		}
		orders = append(orders, order)
	}
	t.Log.Info("orders of this program found at the broker after a restore", "account", t.AccountID, "orders", len(orders))
	return t.Journal.RecordFound(ctx, t.lease, orders)
}

// sentSince returns the broker's orders under our ids that the journal does not know, with their
// legs, in the order in which they were sent.
func (t *turn) sentSince(ctx context.Context, last trade.Reconciliation) ([]trade.BrokerOrder, error) {
	listed, err := t.listed(ctx, last)
	if err != nil {
		return nil, err
	}
	var sent []trade.BrokerOrder
	for _, order := range listed {
		if !trade.IsClientOrderID(order.ClientOrderID) || slices.ContainsFunc(sent, func(o trade.BrokerOrder) bool { return o.ID == order.ID }) {
			continue
		}
		_, err := t.Journal.OrderOf(ctx, t.AccountID, order)
		if err == nil {
			continue
		}
		if !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if order, err = t.Broker.OrderByClientID(ctx, order.ClientOrderID); err != nil { // with its legs
			return nil, err
		}
		sent = append(sent, order)
	}
	slices.SortStableFunc(sent, func(a, b trade.BrokerOrder) int { return a.SubmittedAt.Compare(b.SubmittedAt) })
	return sent, nil
}

// listed are the broker's orders among which ours may be.
func (t *turn) listed(ctx context.Context, last trade.Reconciliation) ([]trade.BrokerOrder, error) {
	all, err := t.Broker.OpenOrders(ctx)
	if err != nil {
		return nil, err
	}
	closed, err := t.Broker.ClosedOrders(ctx, mostClosed)
	if err != nil {
		return nil, err
	}
	all = append(all, closed...)
	known := map[string]bool{}
	for _, order := range all {
		known[order.ID] = true
	}
	fills, err := t.Broker.Fills(ctx, last.FillsThrough.Add(-fillsOverlap))
	if err != nil {
		return nil, err
	}
	for _, fill := range fills {
		if known[fill.OrderID] {
			continue
		}
		known[fill.OrderID] = true
		order, err := t.Broker.Order(ctx, fill.OrderID)
		if err != nil && !errors.Is(err, engine.ErrOrderNotFound) {
			return nil, err
		}
		all = append(all, order)
	}
	return all, nil
}

// foundOrder is the journal's order for the broker's, as far as it can be known: what it was for is
// told by what was held then, and the bar by when it was sent. It is never sent again.
func (t *turn) foundOrder(report trade.BrokerOrder, held map[string]decimal.Decimal) trade.Order {
	intent := trade.Intent{
		ID: t.NewID(), AccountID: t.AccountID, UserID: t.UserID, ClientOrderID: report.ClientOrderID,
		Symbol: report.Symbol, Side: report.Side, Type: trade.OrderType(report.Type), TimeInForce: trade.TimeInForce(strings.ToLower(report.TimeInForce)),
		Qty: report.Qty, Notional: report.Notional, LimitPrice: report.LimitPrice, StopPrice: report.StopPrice, TrailPercent: report.TrailPercent,
		Class: trade.OrderClass(report.Class), Purpose: purposeOf(report, held[report.Symbol]), Reason: foundReason,
		BarEnd: report.SubmittedAt, Deadline: report.SubmittedAt, CreatedAt: report.SubmittedAt,
	}
	if intent.Notional.Valid { // the broker fills in the other one
		intent.Qty = decimal.NullDecimal{}
	}
	if intent.Type == trade.TrailingStopOrder { // the price that follows is the broker's
		intent.StopPrice = decimal.NullDecimal{}
	}
	filled := trade.Fill{Side: report.Side, Qty: report.FilledQty}
	held[report.Symbol] = held[report.Symbol].Add(filled.Signed())
	return trade.Order{Intent: intent, State: trade.Journaled, UpdatedAt: report.UpdatedAt}
}

// purposeOf is what an order was for, when so much was held; short positions are negative.
func purposeOf(order trade.BrokerOrder, held decimal.Decimal) trade.Purpose {
	switch {
	case trade.OrderType(order.Type).Stops() || trade.OrderClass(order.Class) == trade.OCOOrder:
		return trade.Protect
	case order.Side == trade.SideSell && held.IsPositive() || order.Side == trade.SideBuy && held.IsNegative():
		return trade.Exit
	default:
		return trade.Entry
	}
}
