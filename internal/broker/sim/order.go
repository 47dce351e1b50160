package sim

import (
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// Alpaca's words that the simulator decides by.
const (
	sideBuy       = "buy"
	sideSell      = "sell"
	sideSellShort = "sell_short"

	buyToOpen   = "buy_to_open"
	buyToClose  = "buy_to_close"
	sellToOpen  = "sell_to_open"
	sellToClose = "sell_to_close"

	statusAccepted   = "accepted"    // queued for the next session
	statusPendingNew = "pending_new" // waits for the next print
	statusFilled     = "filled"
	statusCanceled   = "canceled"
	statusExpired    = "expired"
	statusRejected   = "rejected"
)

// order is an order with what the simulator remembers of it beside Alpaca's fields.
type order struct {
	wire.Order
	From     time.Time       `json:"sim_from"`     // it fills at the first print from here on
	Until    time.Time       `json:"sim_until"`    // its session's close; zero: good till canceled
	Reserved decimal.Decimal `json:"sim_reserved"` // shares that it closes, or dollars of buying power that it needs
}

func (o *order) isOpen() bool { return o.Status == statusAccepted || o.Status == statusPendingNew }

func (o *order) closes() bool {
	return o.PositionIntent == buyToClose || o.PositionIntent == sellToClose
}

// place checks the request by Alpaca's rules and adds the order. Nothing has changed when it
// returns a refusal. The exchange is locked.
func (e *exchange) place(a *account, request wire.CreateOrder, now time.Time) (*order, *refusal) {
	asset, refused := e.checkRequest(a, request)
	if refused != nil {
		return nil, refused
	}
	last, ok := e.market.LastPrint(asset.Symbol, now)
	if !ok {
		return nil, againstRules("asset %q is not tradable: the market has no price for it at this time", asset.Symbol)
	}
	o := newOrder(request, asset, now)
	if refused := e.reserve(a, o, last.decimalPrice(), now); refused != nil {
		return nil, refused
	}
	a.add(o)
	return o, nil
}

// newOrder makes the order and says in which sessions it may fill: the one that is open, or
// else the next one.
func newOrder(request wire.CreateOrder, asset wire.Asset, now time.Time) *order {
	o := &order{Order: wire.Order{
		ID: uuid.NewString(), ClientOrderID: request.ClientOrderID,
		CreatedAt: now, UpdatedAt: now, SubmittedAt: now,
		AssetID: asset.ID, Symbol: asset.Symbol, AssetClass: asset.Class,
		Qty: request.Qty, Notional: request.Notional, Side: request.Side,
		Type: request.Type, OrderType: request.Type, TimeInForce: request.TimeInForce,
		PositionIntent: request.PositionIntent, Status: statusPendingNew,
	}, From: now}
	if o.ClientOrderID == "" {
		o.ClientOrderID = uuid.NewString()
	}
	session := market.LatestSession(now)
	if !session.Contains(now) {
		session = market.NextSession(now)
		o.Status, o.From = statusAccepted, session.Open
	}
	if o.TimeInForce != "gtc" {
		o.Until = session.Close
		o.ExpiresAt = &o.Until
	}
	if immediate(o.TimeInForce) && o.Status == statusAccepted {
		o.end(statusCanceled, now) // nothing trades now that it could take at once
	}
	return o
}

// immediate reports whether the time in force asks for a fill at once or never.
func immediate(timeInForce string) bool { return timeInForce == "ioc" || timeInForce == "fok" }

// end closes the order's life without a fill.
func (o *order) end(status string, at time.Time) {
	o.Status, o.UpdatedAt = status, at
	switch status {
	case statusExpired:
		o.ExpiredAt = &at
	case statusCanceled:
		o.CanceledAt = &at
	default:
		o.FailedAt = &at
	}
}

// shares is the quantity that the order stands for at the price; a notional is rounded down to
// nine decimals.
func (o *order) shares(price decimal.Decimal) decimal.Decimal {
	if o.Qty.Valid {
		return o.Qty.Decimal
	}
	return o.Notional.Decimal.DivRound(price, 12).Truncate(quantityDecimals)
}

// intent says what an order of the side does to a holding.
func intentOf(side string, held decimal.Decimal) string {
	switch {
	case side == sideBuy && held.IsNegative():
		return buyToClose
	case side == sideBuy:
		return buyToOpen
	case held.IsPositive():
		return sellToClose
	default:
		return sellToOpen
	}
}

// reserve decides what the order does to the position, and sets aside what it needs: the shares
// that it closes, or buying power.
func (e *exchange) reserve(a *account, o *order, price decimal.Decimal, now time.Time) *refusal {
	held := a.held(o.Symbol)
	intent := intentOf(o.Side, held)
	if o.PositionIntent != "" && o.PositionIntent != intent {
		return againstRules("position intent mismatch, inferred: %s, specified: %s", intent, o.PositionIntent)
	}
	o.PositionIntent = intent
	if refused := checkOpposite(a, o, held); refused != nil {
		return refused
	}
	qty := o.shares(price)
	if !o.closes() {
		return e.reserveMoney(a, o, qty, price, now)
	}
	promised, ids := a.promised(o.Symbol)
	if qty.GreaterThan(held.Abs().Sub(promised)) {
		return notEnoughShares(o.Symbol, qty, held.Abs(), promised, ids)
	}
	o.Reserved = qty
	return nil
}

// reserveMoney sets buying power aside for an opening order. A short sale is valued at 3 % more
// than the price (RULES 6).
func (e *exchange) reserveMoney(a *account, o *order, qty, price decimal.Decimal, now time.Time) *refusal {
	figures := e.figures(a, now)
	cost := qty.Mul(price).RoundUp(2)
	if o.Notional.Valid {
		cost = o.Notional.Decimal
	}
	if o.PositionIntent == sellToOpen {
		if refused := checkShort(o, figures, e.assets[o.Symbol]); refused != nil {
			return refused
		}
		cost = cost.Mul(shortMarkup).RoundUp(2)
	}
	if cost.GreaterThan(figures.buyingPower) {
		return notEnoughBuyingPower(figures.buyingPower, cost)
	}
	o.Reserved = cost
	return nil
}
