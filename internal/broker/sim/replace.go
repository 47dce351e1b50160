package sim

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// replace puts a new order in the place of an open one (RULES 5.7): a new id, the old creation
// time, and the same place in its group. What the old one has filled stays with it; without a
// quantity the new one asks for the rest (Alpaca does not say; the simulator's choice). Unlike at
// Alpaca it happens at once, so that nothing can fill in between.
func (e *exchange) replace(a *account, id string, request wire.ReplaceOrder, now time.Time) (*order, *refusal) {
	old, ok := a.byID[id]
	switch {
	case !ok:
		return nil, notFound("order not found for %s", id)
	case !old.isOpen():
		return nil, againstRules("order is already in %q state", old.Status)
	case old.Status == statusAccepted || old.Status == statusPendingNew:
		return nil, againstRules("cannot replace order in %s status", old.Status)
	case old.Notional.Valid || request.Notional.Valid:
		return nil, againstRules("notional orders cannot be replaced") // the simulator's wording
	}
	if refused := a.checkClientID(request.ClientOrderID); refused != nil {
		return nil, refused
	}
	fresh, refused := old.replacement(request, e.windowAt(now, old.ExtendedHours), now)
	if refused != nil {
		return nil, refused
	}
	if refused := e.exchangeReserve(a, old, fresh, now); refused != nil {
		return nil, refused
	}
	a.swap(old, fresh, now)
	return fresh, nil
}

// replacement is a copy of the order with the request's changes, not yet known to anybody.
func (o *order) replacement(r wire.ReplaceOrder, window market.Session, now time.Time) (*order, *refusal) {
	fresh := *o
	fresh.ID, fresh.Replaces = uuid.NewString(), &o.ID
	fresh.ClientOrderID = r.ClientOrderID
	if fresh.ClientOrderID == "" {
		fresh.ClientOrderID = uuid.NewString()
	}
	fresh.FilledQty, fresh.FilledAvgPrice, fresh.Spent = decimal.Zero, decimal.NullDecimal{}, decimal.Zero
	fresh.Qty = decimal.NewNullDecimal(o.Qty.Decimal.Sub(o.FilledQty))
	if r.Qty.Valid {
		if refused := checkNewQty(o, r.Qty.Decimal); refused != nil {
			return nil, refused
		}
		fresh.Qty = r.Qty
	}
	if refused := fresh.changePrices(r); refused != nil {
		return nil, refused
	}
	if r.TimeInForce != "" {
		fresh.TimeInForce = r.TimeInForce
	}
	if refused := checkNewTimeInForce(r.TimeInForce, fresh.request(), now); refused != nil {
		return nil, refused
	}
	waits, working := o.Waits, o.Working
	fresh.submit(window, now)
	fresh.Waits, fresh.Elected = waits, false
	switch {
	case o.Status == statusHeld:
		fresh.Status = statusHeld
		fresh.Working = later(working, fresh.Working)
	case fresh.Type == typeTrailingStop && fresh.Status == statusPendingNew:
		fresh.Status = statusNew
	}
	return &fresh, nil
}

func checkNewTimeInForce(given string, changed wire.CreateOrder, now time.Time) *refusal {
	if given == "" {
		return nil
	}
	if refused := checkWords(changed); refused != nil {
		return refused
	}
	if refused := checkTimeInForce(changed); refused != nil {
		return refused
	}
	return checkAuctionWindow(given, now)
}

func checkNewQty(o *order, qty decimal.Decimal) *refusal {
	if refused := checkDecimal("qty", qty, quantityDecimals); refused != nil {
		return refused
	}
	changed := !qty.Equal(o.Qty.Decimal)
	switch {
	case changed && !(qty.IsInteger() && o.Qty.Decimal.IsInteger()):
		return againstRules("qty of fractional orders cannot be changed") // the simulator's wording
	case changed && o.complex():
		return againstRules("qty of %s orders cannot be changed", o.OrderClass) // the legs share it
	default:
		return nil
	}
}

// request is the order as it would be asked for, for the rules to look at.
func (o *order) request() wire.CreateOrder {
	return wire.CreateOrder{
		Symbol: o.Symbol, Qty: o.Qty, Side: o.Side, Type: o.Type, TimeInForce: o.TimeInForce,
		LimitPrice: o.LimitPrice, StopPrice: o.StopPrice, ExtendedHours: o.ExtendedHours, OrderClass: o.OrderClass,
	}
}

// changePrices takes over the prices that the order's type has.
func (o *order) changePrices(r wire.ReplaceOrder) *refusal {
	limits, stops := o.Type == typeLimit || o.Type == typeStopLimit, o.Type == typeStop || o.Type == typeStopLimit
	trailing := o.Type == typeTrailingStop
	switch {
	case r.LimitPrice.Valid && !limits:
		return invalidParameter("%s orders require no limit price", o.Type)
	case r.StopPrice.Valid && !stops:
		return invalidParameter("%s orders require no stop price", o.Type)
	case r.Trail.Valid && !trailing:
		return invalidParameter("%s orders require no trail price or percent", o.Type)
	}
	for field, price := range map[string]decimal.NullDecimal{"limit_price": r.LimitPrice, "stop_price": r.StopPrice} {
		if refused := checkPrice(field, field, price); refused != nil {
			return refused
		}
	}
	if r.LimitPrice.Valid {
		o.LimitPrice = r.LimitPrice
	}
	if r.StopPrice.Valid {
		o.StopPrice = r.StopPrice
	}
	if !r.Trail.Valid {
		return nil
	}
	if o.TrailPercent.Valid {
		o.TrailPercent = r.Trail
	} else {
		o.TrailPrice = r.Trail
	}
	if refused := checkTrail(o.TrailPrice, o.TrailPercent); refused != nil {
		return refused
	}
	o.trail()
	return nil
}

// exchangeReserve sets aside what the new order needs, as if the old one were gone.
func (e *exchange) exchangeReserve(a *account, old, fresh *order, now time.Time) *refusal {
	if fresh.Waits {
		return nil
	}
	last, ok := e.market.LastPrint(old.Symbol, now)
	if !ok {
		return againstRules("asset %q is not tradable: the market has no price for it at this time", old.Symbol)
	}
	a.close(old)
	defer func() { a.open = append(a.open, old) }()
	if pair := a.byID[old.Pair]; old.closes() && pair != nil && pair.isOpen() {
		fresh.Reserved = fresh.Qty.Decimal // of a pair, whose quantity does not change
		return nil
	}
	fresh.Reserved = decimal.Zero
	held := a.held(old.Symbol)
	if refused := checkOpposite(a, fresh, held); refused != nil {
		return refused
	}
	if !fresh.closes() {
		return e.reserveMoney(a, fresh, fresh.Qty.Decimal, last, now)
	}
	promised, ids := a.promised(old.Symbol)
	if fresh.Qty.Decimal.GreaterThan(held.Abs().Sub(promised)) {
		return notEnoughShares(old.Symbol, fresh.Qty.Decimal, held.Abs(), promised, ids)
	}
	fresh.Reserved = fresh.Qty.Decimal
	return nil
}

// swap ends the old order and gives its place in the group to the new one.
func (a *account) swap(old, fresh *order, now time.Time) {
	old.ReplacedBy = &fresh.ID
	for _, o := range a.Orders {
		if o.Pair != old.ID && o.Parent != old.ID && !slices.Contains(o.Children, old.ID) {
			continue
		}
		a.mark(o)
		if o.Pair == old.ID {
			o.Pair = fresh.ID
		}
		if o.Parent == old.ID {
			o.Parent = fresh.ID
		}
		for i, id := range o.Children {
			if id == old.ID {
				o.Children[i] = fresh.ID
			}
		}
	}
	old.Children, old.Pair = nil, ""
	a.endOne(old, statusReplaced, now)
	a.add(fresh)
	switch fresh.Status {
	case statusHeld:
		a.record(eventHeld, fresh, now)
	case statusNew:
		a.record(eventNew, fresh, now)
	case statusAccepted:
		a.record(eventAccepted, fresh, now)
	default:
		a.record(eventPendingNew, fresh, now)
	}
}
