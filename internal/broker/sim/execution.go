package sim

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/market"
)

// Fees are what trading costs; the zero value is nothing, as on Alpaca's paper accounts. A fee is
// taken at once, in whole cents rounded up, as an activity of its own.
type Fees struct {
	PerOrder decimal.Decimal // dollars for the first execution of an order
	PerShare decimal.Decimal // dollars
	OfSales  decimal.Decimal // share of a sale's amount
}

func (f Fees) of(x fill, first bool) decimal.Decimal {
	fee := x.Qty.Mul(f.PerShare)
	if first {
		fee = fee.Add(f.PerOrder)
	}
	if x.Side != sideBuy {
		fee = fee.Add(x.Amount.Mul(f.OfSales))
	}
	return fee.RoundCeil(2)
}

// execute books an execution of the order and tells of it.
func (a *account) execute(o *order, qty, price decimal.Decimal, at time.Time, fees Fees) {
	a.mark(o)
	first := o.FilledQty.IsZero()
	o.FilledQty, o.Spent = o.FilledQty.Add(qty), o.Spent.Add(qty.Mul(price))
	o.FilledAvgPrice = decimal.NewNullDecimal(o.Spent.DivRound(o.FilledQty, averageDecimals))
	o.UpdatedAt, o.Status = at, statusPartiallyFilled
	kind := eventPartialFill
	left := o.remaining(price)
	soldOut := o.Notional.Valid && o.closes() && a.held(o.Symbol).Abs().Equal(qty)
	if !left.IsPositive() || soldOut {
		o.Status, o.FilledAt, kind, left = statusFilled, &at, eventFill, decimal.Zero
	}
	f := fill{
		ID: activityID(at), OrderID: o.ID, Symbol: o.Symbol, Side: o.activitySide(), Qty: qty, Price: price,
		Amount: qty.Mul(price).Round(2), At: at, CumQty: o.FilledQty, LeavesQty: left, Status: o.Status,
	}
	a.book(f)
	a.release(o, qty)
	if fee := fees.of(f, first); fee.IsPositive() {
		a.bookCash(fill{ID: activityID(at), Kind: activityFee, Symbol: o.Symbol, Net: fee.Neg(), At: at})
	}
	if o.Status == statusFilled {
		a.close(o)
	}
	a.Log.addExecution(a.ID, kind, a.view(o, true), f, a.held(o.Symbol))
}

const averageDecimals = 6 // of an average price

// activitySide is the side that an execution is listed under.
func (o *order) activitySide() string {
	if o.PositionIntent == sellToOpen {
		return sideSellShort
	}
	return o.Side
}

// release gives back what was set aside for the executed quantity: shares of a closing order, or
// the same part of the buying power.
func (a *account) release(o *order, qty decimal.Decimal) {
	switch {
	case o.closes():
		o.Reserved = notNegative(o.Reserved.Sub(qty))
	case o.Status == statusFilled:
		o.Reserved = decimal.Zero
	case o.Notional.Valid:
		o.Reserved = notNegative(o.Notional.Decimal.Sub(o.Spent)).RoundUp(2)
	default:
		before := o.Qty.Decimal.Sub(o.FilledQty).Add(qty)
		o.Reserved = o.Reserved.Mul(before.Sub(qty)).Div(before).RoundUp(2)
	}
}

// activityID is Alpaca's form: the New York time to the millisecond and a UUID (RULES 3).
func activityID(at time.Time) string {
	stamp := strings.Replace(at.In(market.NewYork).Format("20060102150405.000"), ".", "", 1)
	return stamp + "::" + uuid.NewString()
}
