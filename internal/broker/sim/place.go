package sim

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// place checks the request by Alpaca's rules and adds the order. Nothing has changed when it
// returns a refusal. The exchange is locked.
func (e *exchange) place(a *account, request wire.CreateOrder, now time.Time) (*order, *refusal) {
	if a.Settings.SuspendTrade {
		return nil, forbidden("new orders are rejected by user request")
	}
	asset, refused := e.checkRequest(a, request, now)
	if refused != nil {
		return nil, refused
	}
	last, ok := e.market.LastPrint(asset.Symbol, now)
	if !ok {
		return nil, againstRules("asset %q is not tradable: the market has no price for it at this time", asset.Symbol)
	}
	if refused := checkLegPrices(request, last.decimalPrice()); refused != nil {
		return nil, refused
	}
	if request.OrderClass == classOCO {
		request.LimitPrice = request.TakeProfit.LimitPrice
	}
	o := e.newOrder(request, asset, now)
	if o.Type == typeTrailingStop {
		o.follow(last.decimalPrice())
		if !o.StopPrice.Decimal.IsPositive() {
			return nil, againstRules("trail_price must be less than the current price")
		}
	}
	if refused := e.reserve(a, o, last, now); refused != nil {
		return nil, refused
	}
	e.enter(a, o, request, now)
	return o, nil
}

// enter adds the accepted order and its legs and tells of them.
func (e *exchange) enter(a *account, o *order, request wire.CreateOrder, now time.Time) {
	a.add(o)
	for _, leg := range a.addLegs(o, request, e.windowAt(now, false), now) {
		a.add(leg)
	}
	switch {
	case o.immediate() && o.Status == statusAccepted:
		a.endOne(o, statusCanceled, now) // nothing trades now that it could take at once
		return
	case o.Status == statusAccepted:
		a.record(eventAccepted, o, now)
	case o.Type == typeTrailingStop:
		o.Status = statusNew // as recorded: a trailing stop is new at once (RULES 5.6)
		a.record(eventNew, o, now)
	default:
		a.record(eventPendingNew, o, now)
	}
	for _, id := range o.Children {
		a.record(eventHeld, a.byID[id], now)
	}
}

// reserve decides what the order does to the position, and sets aside what it needs: the shares
// that it closes, or buying power.
func (e *exchange) reserve(a *account, o *order, last Print, now time.Time) *refusal {
	held := a.held(o.Symbol)
	intent := intentOf(o.Side, held)
	if o.PositionIntent != "" && o.PositionIntent != intent {
		return againstRules("position intent mismatch, inferred: %s, specified: %s", intent, o.PositionIntent)
	}
	o.PositionIntent = intent
	switch {
	case o.OrderClass == classOCO && !o.closes():
		return againstRules("oco orders must be exit orders")
	case o.complex() && o.OrderClass != classOCO && o.closes():
		return againstRules("%s orders must be entry orders", o.OrderClass)
	}
	if refused := checkOpposite(a, o, held); refused != nil {
		return refused
	}
	qty := o.remaining(last.decimalPrice())
	if !o.closes() {
		return e.reserveMoney(a, o, qty, last, now)
	}
	if refused := checkQueued(a, o); refused != nil {
		return refused
	}
	promised, ids := a.promised(o.Symbol)
	if qty.GreaterThan(held.Abs().Sub(promised)) {
		return notEnoughShares(o.Symbol, qty, held.Abs(), promised, ids)
	}
	o.Reserved = qty
	return nil
}

// reserveMoney sets buying power aside for an opening order: for its limit or stop price, or for
// the market's. A short sale is valued at 3 % more than the market, or at its limit (RULES 6).
func (e *exchange) reserveMoney(a *account, o *order, qty decimal.Decimal, last Print, now time.Time) *refusal {
	figures := e.figures(a, now)
	asset := e.assets[o.Symbol]
	price := o.quoted(last.Price, e.terms)
	switch {
	case o.PositionIntent == sellToOpen:
		if refused := checkShort(a, o, figures, asset); refused != nil {
			return refused
		}
		price = decimal.Max(price.Mul(shortMarkup), o.LimitPrice.Decimal)
	case o.LimitPrice.Valid:
		price = o.LimitPrice.Decimal
	case o.StopPrice.Valid:
		price = o.StopPrice.Decimal
	}
	cost := qty.Mul(price).RoundUp(2)
	if o.Notional.Valid {
		cost = o.Notional.Decimal
	}
	available := figures.buyingPower
	if !asset.Marginable {
		available = figures.nonMarginable
	}
	if cost.GreaterThan(available) {
		return notEnoughBuyingPower(available, cost)
	}
	o.Reserved = cost
	return nil
}

// checkShort refuses what cannot be sold short (RULES 5.8).
func checkShort(a *account, o *order, account figures, asset wire.Asset) *refusal {
	switch {
	case o.Notional.Valid || !o.Qty.Decimal.IsInteger():
		return againstRules("fractional orders cannot be sold short")
	case !account.shortingEnabled() || a.Settings.NoShorting:
		return forbidden("account is not allowed to short")
	case !asset.Shortable || asset.BorrowStatus != "easy_to_borrow":
		return againstRules("asset %q cannot be sold short", asset.Symbol) // as users report it; RULES 5.8 says 403
	default:
		return nil
	}
}

// checkQueued refuses a notional sale in a closed market beside a sale of shares: together they
// could sell more than there is (RULES 5.2).
func checkQueued(a *account, o *order) *refusal {
	if !o.Notional.Valid || o.Status != statusAccepted {
		return nil
	}
	for _, other := range a.open {
		if other.Symbol == o.Symbol && other.closes() && !other.Waits {
			return forbidden("unable to open new notional orders while having open closing position orders")
		}
	}
	return nil
}

// checkOpposite refuses an order that could trade with an open one of the other side: a market or
// stop order always could, two limits could when they cross (RULES 5.8 and 5.9). Complex orders
// and trailing stops may.
func checkOpposite(a *account, o *order, held decimal.Decimal) *refusal {
	for _, other := range a.open {
		if other.Symbol != o.Symbol || other.Side == o.Side || other.Waits {
			continue
		}
		if held.IsZero() {
			if o.Side == sideSell {
				return forbidden("cannot open a short sell while a long buy order is open")
			}
			return forbidden("cannot open a long buy while a short sell order is open")
		}
		if o.complex() || other.complex() || o.Type == typeTrailingStop || other.Type == typeTrailingStop {
			continue
		}
		if !limited(o) || !limited(other) {
			return washTrade(other.ID, "opposite side market/stop order exists")
		}
		bid, ask := o.LimitPrice.Decimal, other.LimitPrice.Decimal
		if !o.buys() {
			bid, ask = ask, bid
		}
		if bid.GreaterThanOrEqual(ask) {
			return washTrade(other.ID, "opposite side limit order exists")
		}
	}
	return nil
}

func limited(o *order) bool { return o.Type == typeLimit || o.Type == typeStopLimit }
