package sim

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/market"
)

// serveActivityEvents streams an account's activities as server-sent events.
func serveActivityEvents(c *call) (answer, error) {
	return c.serveEventsOf(func(a *account, _ string, span eventSpan) eventSource {
		c.mu.Lock()
		defer c.mu.Unlock()
		events := &activityEvents{call: c, account: a, next: a.Folded}
		for _, f := range a.Fills {
			if id := events.id(f); span.history && !f.At.Before(span.since) && (span.sinceID == "" || id > span.sinceID) {
				break
			}
			events.next++
		}
		return events
	})
}

// activityEvents are an account's activities from one of them on.
type activityEvents struct {
	*call
	account *account
	next    int64     // the number of the next one
	at      time.Time // of the last one: ids never go back in time
}

func (e *activityEvents) late() <-chan struct{} { return nil }

// id is the event's, as the next one.
func (e *activityEvents) id(f fill) string {
	e.at = later(e.at, f.At)
	return ulid(e.at, e.account.ID, uint64(e.next)+1)
}

func (e *activityEvents) take(s *Simulator) (send []sentEvent, grown <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := e.account
	e.next = max(e.next, a.Folded)
	for i := e.next - a.Folded; i < int64(len(a.Fills)); i++ {
		id := e.id(a.Fills[i])
		send = append(send, sentEvent{a.Fills[i].At, id, e.view(int(i), id)})
		e.next++
	}
	return send, s.changed
}

// view is the activity in the words of the document (ActivityEventV2). Only what every kind needs
// and the simulator knows is in the details.
func (e *activityEvents) view(index int, id string) map[string]any {
	f := e.account.Fills[index]
	session, _ := market.SessionOn(f.At)
	settled := f.At.In(market.NewYork).Format(time.DateOnly)
	view := map[string]any{
		"at": f.At, "event_id": id, "activity_type": f.kind(), "executed_at": f.At, "status": "executed", "currency": "USD",
		"ref_id": f.executionID(), "net_amount": f.signedAmount().Neg(), "settle_date": settled,
	}
	if f.execution() {
		view["settle_date"] = market.Settlement(session).Format(time.DateOnly)
		view["price"], view["qty"], view["details"] = f.Price, f.Qty, e.execution(f)
	} else {
		view["details"] = e.details(index)
	}
	return view
}

func (e *activityEvents) execution(f fill) map[string]any {
	side := f.Side
	if side == sideSellShort {
		side = sideSell
	}
	details := map[string]any{
		"asset_id": e.exchange.assets[f.Symbol].ID, "order_id": f.OrderID, "symbol": f.Symbol, "side": side, "cum_qty": f.CumQty,
		"leaves_qty": f.LeavesQty, "order_status": f.Status, "execution_type": "fill", "cusip": cusip(f.Symbol),
	}
	if o := e.account.byID[f.OrderID]; o != nil {
		details["client_order_id"] = o.ClientOrderID
	}
	return details
}

// details are those of a fee, which names the execution before it, or of a corporate action.
func (e *activityEvents) details(index int) map[string]any {
	f := e.account.Fills[index]
	day := f.At.In(market.NewYork).Format(time.DateOnly)
	details := map[string]any{"system_date": day}
	if f.Kind == activityFee {
		details["parent_id"] = e.account.Fills[max(0, index-1)].executionID()
		return details
	}
	details["position_date"], details["symbol"] = day, f.Symbol
	one := decimal.NewFromInt(1)
	switch f.Kind {
	case activityDividend:
		details["cusip"], details["rate"], details["foreign"], details["special"] = cusip(f.Symbol), f.Price, false, false
		details["entitled_qty"], details["cash_payout"] = f.Qty, f.Net
	case activitySpinOff:
		details["source_cusip"], details["source_symbol"], details["source_rate"], details["source_qty"] = cusip(f.Symbol), f.Symbol, one, f.Qty
		details["new_cusip"], details["new_symbol"] = cusip(f.Symbol+".SPUN"), f.Symbol+".SPUN"
		details["new_rate"], details["new_price"], details["new_qty"] = one, f.Price, f.Qty
		last, _ := e.exchange.market.LastPrint(f.Symbol, f.At)
		details["source_price"] = last.decimalPrice()
	case activitySplit:
		e.addSplit(details, f)
	}
	return details
}

// addSplit derives the quantities from the ratio and the shares that came or went.
func (e *activityEvents) addSplit(details map[string]any, f fill) {
	one := decimal.NewFromInt(1)
	for _, action := range actionsOf(e.exchange.market, f.Symbol) {
		if action.Kind != actionSplit || !action.ExDate.Equal(f.At) || action.Amount.Equal(one) {
			continue
		}
		before := f.Qty.DivRound(action.Amount.Sub(one), quantityDecimals)
		details["old_rate"], details["new_rate"] = one, action.Amount
		details["old_qty"], details["new_qty"] = before, before.Add(f.Qty)
		details["old_cusip"], details["new_cusip"] = cusip(f.Symbol), cusip(f.Symbol)
	}
}
