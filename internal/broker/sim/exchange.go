package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// exchange holds the accounts and fills their orders. It knows no clock: its caller says what
// time it is and holds the lock. Accounts do not meet: prices are the market's.
type exchange struct {
	market   Market
	assets   map[string]wire.Asset // by symbol
	cash     decimal.Decimal       // deposit of a new account
	accounts map[string]*account   // by key id
	settled  time.Time             // everything up to here has happened
}

func newExchange(source Market, cash decimal.Decimal, now time.Time) *exchange {
	e := &exchange{market: source, assets: map[string]wire.Asset{}, cash: cash, accounts: map[string]*account{}, settled: now}
	for _, asset := range source.Assets() {
		e.assets[asset.Symbol] = asset
	}
	return e
}

// asset finds by symbol or by id.
func (e *exchange) asset(name string) (wire.Asset, bool) {
	if asset, ok := e.assets[name]; ok {
		return asset, true
	}
	for _, asset := range e.assets {
		if asset.ID == name {
			return asset, true
		}
	}
	return wire.Asset{}, false
}

// Keys are words that an operator invents; these bounds keep a stranger from filling the memory.
const (
	longestKey   = 128
	mostAccounts = 10_000
)

// authenticate returns the key pair's account, opened at its first use.
func (e *exchange) authenticate(key, secret string, now time.Time) (a *account, opened bool, refused *refusal) {
	if key == "" || secret == "" || len(key) > longestKey || len(secret) > longestKey {
		return nil, false, unauthorized()
	}
	if known, ok := e.accounts[key]; ok {
		if !known.hasSecret(secret) {
			return nil, false, unauthorized()
		}
		return known, false, nil
	}
	if len(e.accounts) >= mostAccounts {
		return nil, false, forbidden("the simulator holds %d accounts and opens no more", mostAccounts)
	}
	a = openAccount(secret, e.cash, now)
	e.accounts[key] = a
	return a, true, nil
}

// event is what happens to an open order when time passes.
type event struct {
	at    time.Time
	order *order
	print *Print // nil: the order ends without a fill
}

// settle lets everything happen until now, in the order of time, and reports whether anything did.
func (e *exchange) settle(now time.Time) (happened bool) {
	for _, a := range e.accounts {
		happened = e.settleAccount(a, now) || happened
	}
	e.settled = now
	return happened
}

func (e *exchange) settleAccount(a *account, now time.Time) bool {
	var events []event
	for _, o := range a.open {
		if next, ok := e.next(o, now); ok {
			events = append(events, next)
		}
	}
	slices.SortStableFunc(events, func(x, y event) int { return x.at.Compare(y.at) })
	for _, happens := range events {
		happens.apply(a)
	}
	if len(events) > 0 {
		a.forget()
	}
	return len(events) > 0
}

// next returns what happens to the open order until now: it fills at the first print of its
// session, or at the session's close it ends. An order good till canceled goes on to the next
// session; From then moves on, so that no session is searched twice.
func (e *exchange) next(o *order, now time.Time) (event, bool) {
	for !o.From.After(now) {
		session := market.LatestSession(o.From)
		if print, ok := e.market.FirstPrint(o.Symbol, o.From, earlier(session.Close, now)); ok {
			return event{at: print.At, order: o, print: &print}, true
		}
		switch {
		case now.Before(session.Close):
			return event{}, false
		case !o.Until.IsZero():
			return event{at: o.Until, order: o}, true
		}
		o.From = market.NextSession(session.Close).Open
	}
	return event{}, false
}

// apply fills the order whole, or ends it.
func (happens event) apply(a *account) {
	o := happens.order
	if happens.print == nil {
		status := statusExpired
		if immediate(o.TimeInForce) {
			status = statusCanceled
		}
		o.end(status, happens.at)
		a.close(o)
		return
	}
	price := happens.print.decimalPrice()
	qty := o.shares(price)
	if o.closes() { // a notional may buy or sell more shares than it was checked for
		qty = decimal.Min(qty, a.held(o.Symbol).Abs())
	}
	if qty.IsZero() {
		o.end(statusRejected, happens.at)
		a.close(o)
		return
	}
	a.book(o.fillAt(happens.at, qty, price))
	a.close(o)
}

// fillAt marks the order as filled and returns the execution.
func (o *order) fillAt(at time.Time, qty, price decimal.Decimal) fill {
	o.Status, o.UpdatedAt, o.FilledAt = statusFilled, at, &at
	o.FilledQty, o.FilledAvgPrice = qty, decimal.NewNullDecimal(price)
	side := o.Side
	if o.PositionIntent == sellToOpen {
		side = sideSellShort
	}
	return fill{
		ID: executionID(at), OrderID: o.ID, Symbol: o.Symbol, Side: side,
		Qty: qty, Price: price, Amount: qty.Mul(price).Round(2), At: at,
	}
}

// executionID is Alpaca's form: the New York time to the millisecond and a UUID (RULES 3).
func executionID(at time.Time) string {
	stamp := strings.Replace(at.In(market.NewYork).Format("20060102150405.000"), ".", "", 1)
	return stamp + "::" + uuid.NewString()
}

// cancel ends an open order.
func (e *exchange) cancel(a *account, id string, now time.Time) *refusal {
	o, ok := a.byID[id]
	if !ok {
		return notFound("order not found for %s", id)
	}
	if !o.isOpen() {
		return againstRules("order is already in %q state", o.Status)
	}
	o.end(statusCanceled, now)
	a.close(o)
	return nil
}
