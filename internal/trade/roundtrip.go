package trade

import (
	"time"

	"github.com/shopspring/decimal"
)

// Execution is a fill and whether a stop made it.
type Execution struct {
	Fill
	Stop bool
}

// RoundTrips makes closed trades of one symbol's executions, oldest first. A trade lasts from the
// first execution that leaves nothing until nothing is left again; one that goes through zero ends
// a trade and begins the next. Its profit is what the sales brought less what the purchases cost.
//
// baseline is what was held before the first execution, at a cost that nobody knows: a trade that
// it took part in is left out.
func RoundTrips(symbol string, baseline decimal.Decimal, executions []Execution) []ClosedTrade {
	trip := roundTrip{symbol: symbol, held: baseline, unknown: !baseline.IsZero()}
	for _, execution := range executions {
		trip.take(execution)
	}
	return trip.closed
}

// roundTrip is a trade on its way.
type roundTrip struct {
	symbol  string
	held    decimal.Decimal // signed
	unknown bool            // its cost is not known
	begun   time.Time
	entered decimal.Decimal // shares
	cost    decimal.Decimal // dollars that the entries moved
	cash    decimal.Decimal // received less paid
	closed  []ClosedTrade
}

// take adds the execution, in two parts where it goes through zero.
func (r *roundTrip) take(e Execution) {
	signed := e.Signed()
	if r.held.Sign()*signed.Sign() < 0 && signed.Abs().GreaterThan(r.held.Abs()) {
		rest := signed.Add(r.held)
		r.add(e, r.held.Neg())
		r.add(e, rest)
		return
	}
	r.add(e, signed)
}

func (r *roundTrip) add(e Execution, signed decimal.Decimal) {
	if signed.IsZero() {
		return
	}
	if r.held.IsZero() {
		*r = roundTrip{symbol: r.symbol, begun: e.At, closed: r.closed}
	}
	value := signed.Mul(e.Price)
	if r.held.Sign()*signed.Sign() >= 0 {
		r.entered, r.cost = r.entered.Add(signed.Abs()), r.cost.Add(value.Abs())
	}
	r.held, r.cash = r.held.Add(signed), r.cash.Sub(value)
	if r.held.IsZero() && !r.unknown {
		r.closed = append(r.closed, ClosedTrade{
			Symbol: r.symbol, Short: signed.IsPositive(), EntryAt: r.begun, ExitAt: e.At, Qty: r.entered,
			Profit: r.cash, ProfitPct: percentOf(r.cash, r.cost), StopLoss: e.Stop,
		})
	}
}

// percentOf is zero where there is nothing to compare with.
func percentOf(part, whole decimal.Decimal) decimal.Decimal {
	if whole.IsZero() {
		return decimal.Zero
	}
	return part.Shift(2).DivRound(whole, 8)
}

// Signed is the quantity by which the fill changes the position.
func (f Fill) Signed() decimal.Decimal {
	if f.Side == SideSell {
		return f.Qty.Neg()
	}
	return f.Qty
}
