package sim

import (
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// A bracket, an OTO and an OCO are groups (RULES 5.6). The legs of a bracket or OTO wait until the
// parent has filled whole. A take-profit and a stop-loss are a pair: a stop-loss that trades
// cancels the take-profit, a take-profit makes the stop-loss smaller by what it trades. Whatever
// ends one order of a group without a fill ends all.

// addLegs makes the legs that the request asks for; they may fill in the window.
func (a *account) addLegs(parent *order, request wire.CreateOrder, window market.Session, now time.Time) []*order {
	var legs []*order
	if request.TakeProfit != nil && parent.OrderClass != classOCO {
		leg := parent.leg(typeLimit, window, now)
		leg.LimitPrice = request.TakeProfit.LimitPrice
		legs = append(legs, leg)
	}
	if request.StopLoss != nil {
		leg := parent.leg(typeStop, window, now)
		leg.StopPrice, leg.LimitPrice = request.StopLoss.StopPrice, request.StopLoss.LimitPrice
		if leg.LimitPrice.Valid {
			leg.Type, leg.OrderType = typeStopLimit, typeStopLimit
		}
		legs = append(legs, leg)
	}
	for _, leg := range legs {
		parent.Children = append(parent.Children, leg.ID)
	}
	switch {
	case parent.OrderClass == classOCO:
		leg := legs[0]
		leg.Side, leg.PositionIntent, leg.Waits = parent.Side, parent.PositionIntent, false
		leg.Pair, parent.Pair, leg.Reserved = parent.ID, leg.ID, parent.Reserved
	case len(legs) == 2:
		legs[0].Pair, legs[1].Pair = legs[1].ID, legs[0].ID
	}
	return legs
}

// leg is an order that closes what the parent opens: same quantity, time in force and class.
func (o *order) leg(kind string, window market.Session, now time.Time) *order {
	leg := &order{Order: wire.Order{
		ID: uuid.NewString(), ClientOrderID: uuid.NewString(), CreatedAt: now,
		AssetID: o.AssetID, Symbol: o.Symbol, AssetClass: o.AssetClass, Qty: o.Qty,
		Side: sideSell, PositionIntent: sellToClose, Type: kind, OrderType: kind,
		TimeInForce: o.TimeInForce, OrderClass: o.OrderClass,
	}, Parent: o.ID, Waits: true}
	if !o.buys() {
		leg.Side, leg.PositionIntent = sideBuy, buyToClose
	}
	leg.submit(window, now)
	leg.Status = statusHeld
	return leg
}

// afterFill does to the rest of the group what an execution of the order means for it.
func (e *exchange) afterFill(a *account, o *order, h happening) {
	if pair, ok := a.byID[o.Pair]; ok && pair.isOpen() {
		if o.Type == typeLimit && o.Status != statusFilled {
			pair.Qty.Decimal = o.Qty.Decimal.Sub(o.FilledQty).Add(pair.FilledQty)
			pair.Reserved = o.Reserved
			a.mark(pair)
		} else {
			a.endOne(pair, statusCanceled, h.at)
		}
	}
	if o.Status != statusFilled || o.OrderClass == classOCO {
		return
	}
	for _, id := range o.Children {
		if leg, ok := a.byID[id]; ok && leg.isOpen() {
			e.arm(a, leg, h)
		}
	}
}

// arm lets a leg work from the parent's last execution on. A bracket's stop-loss goes on showing
// held, as the stop of an OCO does.
func (e *exchange) arm(a *account, leg *order, h happening) {
	leg.Waits = false
	probe := *leg
	_, atOnce := probe.meet(h.point, e.terms)
	leg.Seen = !atOnce // prices move on from the parent's
	leg.Working = later(leg.Working, h.at)
	leg.From, leg.FromRank = leg.Working, rankFirstExtreme
	if leg.Working.Equal(h.at) {
		leg.FromRank = h.rank + 1
	}
	leg.Reserved = decimal.Zero
	promised, _ := a.promised(leg.Symbol) // to orders that came while the parent filled
	leg.Reserved = decimal.Min(leg.Qty.Decimal, notNegative(a.held(leg.Symbol).Abs().Sub(promised)))
	leg.UpdatedAt = h.at
	a.mark(leg)
	if leg.Type == typeLimit || leg.Pair == "" {
		leg.Status = statusNew
		a.record(eventNew, leg, h.at)
	}
}

// endGroup ends the order and everything that belongs to it and is open.
func (e *exchange) endGroup(a *account, o *order, status string, at time.Time) {
	members := []string{o.ID, o.Pair}
	members = append(members, o.Children...)
	if parent, ok := a.byID[o.Parent]; ok && parent.isOpen() {
		members = append(append(members, parent.ID), parent.Children...)
	}
	for _, id := range members {
		if member, ok := a.byID[id]; ok && member.isOpen() {
			a.endOne(member, status, at)
		}
	}
}

// endOne ends one open order and tells of it.
func (a *account) endOne(o *order, status string, at time.Time) {
	o.end(status, at)
	o.Reserved = decimal.Zero
	a.close(o)
	a.record(status, o, at) // the event has the status's name
}

// record tells what happened to the order.
func (a *account) record(event string, o *order, at time.Time) {
	a.mark(o)
	a.Log.add(a.ID, event, a.view(o, true), at)
}

// view is the order as Alpaca shows it, with its legs if nested.
func (a *account) view(o *order, nested bool) wire.Order {
	shown := o.Order
	if !nested {
		return shown
	}
	for _, id := range o.Children {
		if leg, ok := a.byID[id]; ok {
			shown.Legs = append(shown.Legs, leg.Order)
		}
	}
	return shown
}
