package engine

import (
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

var (
	one = decimal.NewFromInt(1)
	// leastDistance is how far a stop must be from the price that it starts from (RULES 5.6).
	leastDistance = decimal.New(1, -2)
)

// price gives the order its type and limit: a limit order's offset from the last close, or how far
// a market order may slip. Without either it stays a market order.
func (b *book) price(o *order) {
	execution, away := &b.settings.Execution, decimal.Zero
	switch {
	case b.settings.OrderType == trade.LimitOrder:
		away = execution.LimitOffsetPct
	case execution.MaxSlippagePct.IsPositive():
		away = execution.MaxSlippagePct
	default:
		return
	}
	o.kind, o.extended = trade.LimitOrder, execution.ExtendedHours
	o.limit = Beyond(o.close, away, o.side)
}

// Beyond returns the price so many percent beyond another: above it for a buy, below it for a sell,
// in steps that the broker takes, and rounded so that it never gives more than asked.
func Beyond(price, percent decimal.Decimal, side trade.Side) decimal.Decimal {
	if side == trade.SideSell {
		return tickUp(price.Mul(less(percent)))
	}
	return tickDown(price.Mul(more(percent)))
}

func more(percent decimal.Decimal) decimal.Decimal { return one.Add(percent.Shift(-2)) }

func less(percent decimal.Decimal) decimal.Decimal { return one.Sub(percent.Shift(-2)) }

// tickDown and tickUp round to the steps of a price: cents from a dollar on, hundredths of cents
// below (RULES 5.3).
func tickDown(price decimal.Decimal) decimal.Decimal { return price.RoundFloor(places(price)) }

func tickUp(price decimal.Decimal) decimal.Decimal { return price.RoundCeil(places(price)) }

func places(price decimal.Decimal) int32 {
	if price.LessThan(one) {
		return 4
	}
	return 2
}

// guards are the prices that end a position with a loss or with a profit.
type guards struct{ stop, profit decimal.Decimal } // zero: none

// guardsAt returns the prices for a position that begins at the price: a stop is never nearer, a
// profit never smaller than the percentages. false when the price is too low for a stop.
func guardsAt(price decimal.Decimal, execution *trade.ExecutionSettings, short bool) (guards, bool) {
	var g guards
	if execution.StopLossPct.IsPositive() {
		if g.stop = tickDown(price.Mul(less(execution.StopLossPct))); short {
			g.stop = decimal.Max(tickUp(price.Mul(more(execution.StopLossPct))), tickUp(price.Add(leastDistance)))
		} else {
			g.stop = decimal.Min(g.stop, tickDown(price.Sub(leastDistance)))
		}
	}
	if execution.TakeProfitPct.IsPositive() {
		if g.profit = tickUp(price.Mul(more(execution.TakeProfitPct))); short {
			g.profit = decimal.Max(tickDown(price.Mul(less(execution.TakeProfitPct))), decimal.Zero) // no price falls by more than all
		}
	}
	return g, !execution.StopLossPct.IsPositive() || g.stop.IsPositive()
}

// class is how an order brings the guards with it.
func (g guards) class() trade.OrderClass {
	switch {
	case g.stop.IsPositive() && g.profit.IsPositive():
		return trade.BracketOrder
	case g.stop.IsPositive() || g.profit.IsPositive():
		return trade.OTOOrder
	default:
		return ""
	}
}
