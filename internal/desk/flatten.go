package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// flattenRevision stands in the client order id where a strategy's revision would.
const flattenRevision = "flatten"

// Flatten closes everything in the account under a standing that is in force already: it cancels
// open orders (ours, and with the policy adopt everybody's), waits until they are canceled, and
// sells or buys back every position by a market order through the journal. It returns those orders
// as they stand then. A dry run returns what it would order, and changes nothing.
//
// Flattening again orders nothing twice: what closes a position already is left alone. After a crash before the intents
// are journaled it must be asked for again; afterwards any later run of the account sends them.
func (d *Desk) Flatten(ctx context.Context, run Run, standing trade.Standing) (orders []trade.Order, err error) {
	err = d.within(ctx, run, func(ctx context.Context, t *turn) error {
		orders, err = t.flatten(ctx, standing)
		return err
	})
	return orders, err
}

func (t *turn) flatten(ctx context.Context, standing trade.Standing) ([]trade.Order, error) {
	if err := t.prepare(ctx); err != nil {
		return nil, err
	}
	closing, err := t.beingClosed(ctx)
	if err != nil {
		return nil, err
	}
	if err := t.cancelOpen(ctx, closing); err != nil {
		return nil, err
	}
	positions, err := t.Broker.Positions(ctx)
	if err != nil {
		return nil, err
	}
	positions = slices.DeleteFunc(positions, func(p trade.Position) bool { return p.Qty.IsZero() || closing[p.Symbol] != "" })
	if len(positions) == 0 {
		return nil, nil
	}
	t.Slot = t.marketNow() // not the machine's: cycles are listed by slot
	if t.DryRun {
		return ordersOf(trade.Cycle{Decisions: t.closing(positions, standing)}), nil
	}
	cycle, err := t.begin(ctx)
	if err != nil {
		return nil, err
	}
	cycle.MarketTime, cycle.Decisions = t.marketTime, t.closing(positions, standing)
	orders, err := t.sendClosing(ctx, &cycle)
	t.finish(&cycle, err)
	return orders, err
}

func (t *turn) sendClosing(ctx context.Context, cycle *trade.Cycle) (orders []trade.Order, err error) {
	t.AtStep(StepFlattening)
	if *cycle, err = t.Journal.RecordDecisions(ctx, t.lease, *cycle); err != nil {
		return nil, err
	}
	t.AtStep(StepFlattenPlanned)
	orders = ordersOf(*cycle)
	err = errors.Join(t.deliver(ctx, orders), t.refresh(ctx))
	for i := range orders { // as they stand after the refresh
		if known, failed := t.Journal.OrderOf(ctx, t.AccountID, trade.BrokerOrder{ClientOrderID: orders[i].Intent.ClientOrderID}); failed == nil {
			orders[i] = known
		}
	}
	return orders, err
}

// beingClosed returns the broker's ids, by symbol, of orders that close a position already: those of
// an earlier flattening that wait for the market to open.
func (t *turn) beingClosed(ctx context.Context) (map[string]string, error) {
	live, err := t.Journal.LiveOrders(ctx, t.AccountID)
	closing := map[string]string{}
	for _, order := range live {
		if order.Intent.Purpose == trade.Flatten {
			closing[order.Intent.Symbol] = order.BrokerOrderID
		}
	}
	return closing, err
}

// cancelOpen cancels open orders that could hold shares, or fill after all is closed.
func (t *turn) cancelOpen(ctx context.Context, closing map[string]string) error {
	if t.DryRun {
		return nil
	}
	portfolio, err := t.portfolio(ctx)
	if err != nil {
		return err
	}
	var ids []string
	for _, order := range portfolio.OpenOrders {
		if order.Open() && closing[order.Symbol] != order.ID && (order.Own || t.Settings.Execution.Foreign != trade.IgnoreForeign) {
			ids = append(ids, order.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	t.AtStep(StepCanceling)
	if err := t.cancelAll(ctx, ids); err != nil {
		return err
	}
	t.AtStep(StepCanceled)
	return t.refresh(ctx)
}

// closing are the decisions to close each position, by an id that the same standing makes again.
func (t *turn) closing(positions []trade.Position, standing trade.Standing) []trade.Decision {
	var decisions []trade.Decision
	for _, position := range positions {
		action, side, verb := trade.Sell, trade.SideSell, "Sold"
		if position.Qty.IsNegative() {
			action, side, verb = trade.Buy, trade.SideBuy, "Bought back"
		}
		decisions = append(decisions, trade.Decision{
			Signal: trade.Signal{Symbol: position.Symbol, Action: action, Price: position.CurrentPrice.InexactFloat64(), BarEnd: standing.Since, Votes: []trade.Vote{}},
			Intent: &trade.Intent{
				ID: t.NewID(), AccountID: t.AccountID, UserID: t.UserID,
				ClientOrderID: trade.ClientOrderID(t.AccountID, flattenRevision, position.Symbol, standing.Since, trade.Flatten, 0),
				Symbol:        position.Symbol, Side: side, Type: trade.MarketOrder, TimeInForce: trade.TIFDay,
				Qty:     decimal.NewNullDecimal(position.Qty.Abs()),
				Purpose: trade.Flatten, Reason: fmt.Sprintf("%s %s %s because everything is closed: %s", verb, position.Qty.Abs(), position.Symbol, standing.Reason),
				BarEnd: standing.Since, Deadline: t.Clock.Now().Add(intentLife), CreatedAt: t.Clock.Now(),
			},
		})
	}
	return decisions
}
