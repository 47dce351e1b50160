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

	typeMarket       = "market"
	typeLimit        = "limit"
	typeStop         = "stop"
	typeStopLimit    = "stop_limit"
	typeTrailingStop = "trailing_stop"

	tifDay = "day"
	tifGTC = "gtc"
	tifOPG = "opg"
	tifCLS = "cls"
	tifIOC = "ioc"
	tifFOK = "fok"

	classBracket = "bracket"
	classOCO     = "oco"
	classOTO     = "oto"

	statusAccepted        = "accepted"    // queued for the next session
	statusPendingNew      = "pending_new" // on its way: only the answer to a POST shows it
	statusNew             = "new"
	statusHeld            = "held"
	statusPartiallyFilled = "partially_filled"
	statusFilled          = "filled"
	statusCanceled        = "canceled"
	statusExpired         = "expired"
	statusReplaced        = "replaced"
	statusRejected        = "rejected"
)

// order is an order with what the simulator remembers of it beside Alpaca's fields.
type order struct {
	wire.Order
	Number   int64           `json:"sim_number"`             // of the account's orders, from 1 on
	Working  time.Time       `json:"sim_working"`            // from here on it may fill
	From     time.Time       `json:"sim_from"`               // it has met all points before this moment ...
	FromRank uint8           `json:"sim_from_rank"`          // ... and those of a lower rank at it
	Until    time.Time       `json:"sim_until"`              // it ends here; zero: never by itself
	Reserved decimal.Decimal `json:"sim_reserved"`           // shares that it closes, or dollars of buying power that it needs
	Spent    decimal.Decimal `json:"sim_spent,omitzero"`     // quantity x price of its executions
	Parent   string          `json:"sim_parent,omitempty"`   // id of the order whose leg it is
	Children []string        `json:"sim_children,omitempty"` // ids of its legs, take-profit first
	Pair     string          `json:"sim_pair,omitempty"`     // id of the order that it cancels by filling
	Waits    bool            `json:"sim_waits,omitempty"`    // a leg whose parent has not filled
	Elected  bool            `json:"sim_elected,omitempty"`  // a stop whose price has been reached
	Seen     bool            `json:"sim_seen,omitempty"`     // it has met a point, from which prices move on without a jump

	marked bool      // it has changed since it was saved
	asked  bool      // coming holds the answer; of the settling that goes on
	coming happening // what happens next; without an order nothing
}

func (o *order) isOpen() bool {
	switch o.Status {
	case statusNew, statusAccepted, statusPendingNew, statusHeld, statusPartiallyFilled:
		return true
	default:
		return false
	}
}

func (o *order) closes() bool {
	return o.PositionIntent == buyToClose || o.PositionIntent == sellToClose
}

func (o *order) buys() bool { return o.Side == sideBuy }

// complex reports whether the order belongs to a bracket, OCO or OTO.
func (o *order) complex() bool { return o.OrderClass != "" }

// auction reports whether the order takes part in one auction only.
func (o *order) auction() bool { return o.TimeInForce == tifOPG || o.TimeInForce == tifCLS }

// immediate reports whether the order asks for a fill at once or never.
func (o *order) immediate() bool {
	return o.TimeInForce == tifIOC || o.TimeInForce == tifFOK
}

// newOrder makes the order and says in which sessions it may fill: the one that is open, or
// else the next one.
func (e *exchange) newOrder(request wire.CreateOrder, asset wire.Asset, now time.Time) *order {
	o := &order{Order: wire.Order{
		ID: uuid.NewString(), ClientOrderID: request.ClientOrderID,
		CreatedAt: now, AssetID: asset.ID, Symbol: asset.Symbol, AssetClass: asset.Class,
		Qty: request.Qty, Notional: request.Notional, Side: request.Side,
		Type: request.Type, OrderType: request.Type, TimeInForce: request.TimeInForce,
		LimitPrice: request.LimitPrice, StopPrice: request.StopPrice,
		TrailPrice: request.TrailPrice, TrailPercent: request.TrailPercent,
		OrderClass: request.OrderClass, ExtendedHours: request.ExtendedHours,
		PositionIntent: request.PositionIntent,
	}}
	if o.OrderClass == "simple" {
		o.OrderClass = ""
	}
	if o.ClientOrderID == "" {
		o.ClientOrderID = uuid.NewString()
	}
	o.submit(e.windowAt(now, o.ExtendedHours), now)
	return o
}

const (
	longestGTC  = 90                            // days that an order stays good till canceled (RULES 5.4) ...
	expiryOfGTC = 16*time.Hour + 15*time.Minute // ... until the job at this time of the day, New York
)

// submit starts the order's life, or that of its replacement, at now; it may fill in the window.
func (o *order) submit(window market.Session, now time.Time) {
	o.UpdatedAt, o.SubmittedAt, o.Status = now, now, statusPendingNew
	o.Working = later(now, window.Open)
	o.From, o.FromRank = o.Working, rankOpen // what ends at this moment was before the order
	if o.Working.After(now) || o.auction() {
		o.Status = statusAccepted
	}
	o.Until = window.Close
	if o.TimeInForce == tifGTC {
		last := market.Day(o.CreatedAt).AddDate(0, 0, longestGTC)
		o.Until = time.Date(last.Year(), last.Month(), last.Day(), 0, 0, 0, 0, market.NewYork).Add(expiryOfGTC).UTC()
	}
	until := o.Until
	o.ExpiresAt = &until
}

// windowAt is the session in which an order may fill at t, or the next one; with extended hours it
// lasts from 4:00 to 20:00, or to 17:00 on half days.
func (e *exchange) windowAt(t time.Time, extended bool) market.Session {
	session := e.window(market.LatestSession(t), extended)
	if on, ok := market.SessionOn(t); extended && ok && t.Before(on.Open) {
		session = e.window(on, extended)
	}
	if t.Before(session.Close) {
		return session
	}
	return e.window(market.NextSession(t), extended)
}

// window is the session, which may end early, with or without the hours around it.
func (e *exchange) window(session market.Session, extended bool) market.Session {
	session.Close = e.faults.closing(session)
	if extended {
		return extend(session)
	}
	return session
}

// until is when the order ends by itself: at its Until, unless that session ends early.
func (e *exchange) until(o *order) time.Time {
	if o.TimeInForce == tifGTC {
		return o.Until
	}
	return earlier(o.Until, e.window(market.LatestSession(o.Until), o.ExtendedHours).Close)
}

// extend widens a session by the hours before and after it.
func extend(session market.Session) market.Session {
	session.Open = session.Open.Add(-(5*time.Hour + 30*time.Minute))
	session.Close = session.Close.Add(4 * time.Hour)
	return session
}

// end closes the order's life without a further fill.
func (o *order) end(status string, at time.Time) {
	o.Status, o.UpdatedAt = status, at
	switch status {
	case statusExpired:
		o.ExpiredAt = &at
	case statusCanceled:
		o.CanceledAt = &at
	case statusReplaced:
		o.ReplacedAt = &at
	default:
		o.FailedAt = &at
	}
}

// remaining is the quantity that the order still stands for at the price; a notional is rounded
// down to nine decimals.
func (o *order) remaining(price decimal.Decimal) decimal.Decimal {
	if o.Qty.Valid {
		return o.Qty.Decimal.Sub(o.FilledQty)
	}
	return o.Notional.Decimal.Sub(o.Spent).DivRound(price, 12).Truncate(quantityDecimals)
}

// intentOf says what an order of the side does to a holding.
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
