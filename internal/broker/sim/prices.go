package sim

import (
	"github.com/shopspring/decimal"
)

// terms are what trading costs beside the price: the distance between bid and ask, and how much
// worse than these an order trades that takes what is there. Both are shares of the price.
type terms struct {
	spread   float64
	slippage float64
}

// A buy stop becomes a limit order at the stop price and a bit (RULES 5.7): it does not follow a
// jump at any price.
const (
	collarBoundary = 50.0
	collarBelow    = 1.04
	collarAbove    = 1.025
)

// meet lets the order see the point and reports whether it trades there, and at what price.
func (o *order) meet(p point, t terms) (decimal.Decimal, bool) {
	jumped := p.gap || !o.Seen
	o.Seen = true
	switch o.Type {
	case typeMarket:
		return o.taken(p.price, t), true
	case typeLimit:
		return o.meetLimit(o.LimitPrice.Decimal, p.price, jumped, t)
	}
	price := p.price
	if !o.Elected {
		stop, reached := o.reachesStop(p)
		if !reached {
			return decimal.Decimal{}, false
		}
		o.Elected = true
		if !jumped {
			price = stop
		}
		jumped = true // a stop takes what is there
	}
	switch {
	case o.Type == typeStopLimit:
		return o.meetLimit(o.LimitPrice.Decimal, price, jumped, t)
	case o.Type == typeStop && o.buys():
		return o.meetCollar(price, t)
	default:
		return o.taken(price, t), true
	}
}

// meetLimit trades at the limit, which the price passes, or at a better price where it jumped.
func (o *order) meetLimit(limit decimal.Decimal, price float64, jumped bool, t terms) (decimal.Decimal, bool) {
	quoted := o.quoted(price, t)
	if o.buys() && quoted.GreaterThan(limit) || !o.buys() && quoted.LessThan(limit) {
		return decimal.Decimal{}, false
	}
	if jumped {
		return quoted, true
	}
	return limit, true
}

// meetCollar trades an elected buy stop unless the price is beyond its collar.
func (o *order) meetCollar(price float64, t terms) (decimal.Decimal, bool) {
	stop := o.StopPrice.Decimal.InexactFloat64()
	cap := stop * collarAbove
	if stop < collarBoundary {
		cap = stop * collarBelow
	}
	taken := o.taken(price, t)
	return taken, taken.InexactFloat64() <= cap
}

// reachesStop reports whether the point elects the stop; a trailing one follows the market first.
func (o *order) reachesStop(p point) (stop float64, reached bool) {
	if o.Type == typeTrailingStop {
		o.follow(decimal.NewFromFloat(p.price))
	}
	stop = o.StopPrice.Decimal.InexactFloat64()
	return stop, o.buys() && p.price >= stop || !o.buys() && p.price <= stop
}

// follow moves a trailing stop's high (for a buy: low) water mark to the price if that is better,
// and the stop price with it.
func (o *order) follow(price decimal.Decimal) {
	if o.HWM.Valid && (o.buys() && !price.LessThan(o.HWM.Decimal) || !o.buys() && !price.GreaterThan(o.HWM.Decimal)) {
		return
	}
	o.HWM = decimal.NewNullDecimal(price)
	o.trail()
}

// trail derives the stop price from the water mark.
func (o *order) trail() {
	distance := o.TrailPrice.Decimal
	if o.TrailPercent.Valid {
		distance = o.HWM.Decimal.Mul(o.TrailPercent.Decimal).Shift(-2)
	}
	if !o.buys() {
		distance = distance.Neg()
	}
	o.StopPrice = decimal.NewNullDecimal(o.HWM.Decimal.Add(distance).Round(priceDecimals(o.HWM.Decimal)))
}

// quoted is the side of the market that the order trades with: the ask for a buy, the bid for a sale.
func (o *order) quoted(price float64, t terms) decimal.Decimal { return o.worse(price, t.spread/2) }

// taken is the price of an order that takes what is there.
func (o *order) taken(price float64, t terms) decimal.Decimal {
	return o.worse(price, t.spread/2+t.slippage)
}

// worse moves the price against the order by the share, to the next tick.
func (o *order) worse(price float64, share float64) decimal.Decimal {
	exact := decimal.NewFromFloat(price)
	if share == 0 {
		return exact
	}
	places := priceDecimals(exact)
	if o.buys() {
		return exact.Mul(decimal.NewFromFloat(1 + share)).RoundCeil(places)
	}
	return decimal.Max(exact.Mul(decimal.NewFromFloat(1-share)).RoundFloor(places), decimal.New(1, -places))
}

// priceDecimals is how fine prices are: cents from a dollar on, hundredths of a cent below (RULES 5.3).
func priceDecimals(price decimal.Decimal) int32 {
	if price.GreaterThanOrEqual(decimal.NewFromInt(1)) {
		return 2
	}
	return 4
}
