package sim

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// exchange holds the accounts and fills their orders. It knows no clock: its caller says what
// time it is and holds the lock. Accounts do not meet: prices are the market's.
type exchange struct {
	market   Market
	assets   map[string]wire.Asset // by symbol
	listed   []wire.Asset          // the same, in the market's order
	cash     decimal.Decimal       // deposit of a new account
	accounts map[string]*account   // by key id
	touched  []*account            // changed since the last save
	settled  time.Time             // everything up to here has happened

	terms         terms
	participation float64 // most of a point's volume that an order takes; 0: no limit
	fees          Fees
	multiplier    int64       // most buying power for a dollar of equity: 1, 2 or 4
	actionDays    []time.Time // ex-dates of all corporate actions, in order
	faults        *faults
	points        []point // room for searching
}

func newExchange(config Config, faults *faults, now time.Time) *exchange {
	e := &exchange{
		market: config.Market, assets: map[string]wire.Asset{}, cash: config.Cash, accounts: map[string]*account{},
		settled: now, multiplier: int64(config.Multiplier), actionDays: actionDays(config.Market),
		terms:         terms{spread: config.Spread * basisPoint, slippage: config.Slippage * basisPoint},
		participation: config.share(), fees: config.Fees, faults: faults,
	}
	for _, asset := range config.Market.Assets() {
		asset = config.restrict(asset)
		e.assets[asset.Symbol] = asset
		e.listed = append(e.listed, asset)
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
	mostAccounts = 20_000
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
	a.key = key
	e.accounts[key] = a
	e.touch(a)
	return a, true, nil
}

// settle lets everything happen until now, in the order of time in each account, and reports
// whether anything did.
func (e *exchange) settle(now time.Time) (happened bool) {
	for _, a := range e.accounts {
		happened = e.settleAccount(a, now) || happened
	}
	e.settled = now
	return happened
}

// settleAccount lets everything happen to the account until now.
func (e *exchange) settleAccount(a *account, now time.Time) (happened bool) {
	for _, day := range e.daysWithActions(a.Actions, now) {
		happened = e.settleOrders(a, day.Add(-time.Nanosecond)) || happened
		happened = e.applyActions(a, day) || happened
		a.Actions = day
	}
	if happened = e.settleOrders(a, now) || happened; happened {
		a.forget()
		e.touch(a)
	}
	return happened
}

// settleOrders lets happen to the open orders what time brings until now, each in its turn. What
// happens to one may concern its group: after each step that is asked again.
func (e *exchange) settleOrders(a *account, now time.Time) (happened bool) {
	for _, o := range a.open {
		o.asked = false
	}
	for {
		var first happening
		for _, o := range a.open {
			if !o.asked {
				o.coming, _ = e.next(o, now)
				o.asked = true
			}
			if o.coming.order != nil && (first.order == nil || o.coming.before(first)) {
				first = o.coming
			}
		}
		o := first.order
		if o == nil {
			return happened
		}
		e.apply(a, first)
		happened = true
		o.asked = false
		for _, id := range [...]string{o.Pair, o.Parent} {
			a.askAgain(id)
		}
		for _, id := range o.Children {
			a.askAgain(id)
		}
	}
}

func (a *account) askAgain(id string) {
	if o, ok := a.byID[id]; ok {
		o.asked = false
	}
}

// cancel ends an open order and its group.
func (e *exchange) cancel(a *account, id string, now time.Time) *refusal {
	o, ok := a.byID[id]
	if !ok {
		return notFound("order not found for %s", id)
	}
	if !o.isOpen() {
		return againstRules("order is already in %q state", o.Status)
	}
	e.endGroup(a, o, statusCanceled, now)
	return nil
}
