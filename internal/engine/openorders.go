package engine

import "github.com/jcap24/alpaca-trader/internal/trade"

// inTheWay says which open order of the symbol keeps a new one on the side from being sent; empty
// when none does. Our own protective orders do not: an exit has them canceled first.
func (b *book) inTheWay(symbol string, side trade.Side) trade.Skip {
	for _, open := range b.orders[symbol] {
		switch {
		case protects(open, b.positions[symbol]):
		case !open.Own && b.settings.Execution.Foreign == trade.IgnoreForeign:
			return trade.SkipForeignOrder
		case washes(open, side):
			return trade.SkipWashTrade
		default:
			return trade.SkipOrderOpen
		}
	}
	return ""
}

// protects reports whether the open order is one of ours that ends the position on a condition: a
// stop, a trailing stop, or a leg that takes profit.
func protects(open trade.BrokerOrder, position trade.Position) bool {
	closing := trade.SideSell
	if position.Qty.IsNegative() {
		closing = trade.SideBuy
	}
	kind := trade.OrderType(open.Type)
	leg := open.Class != "" && open.Class != string(trade.SimpleOrder)
	return open.Own && !position.Qty.IsZero() && open.Side == closing && (kind.Stops() || leg)
}

// washes reports whether the broker refuses an order on the side because of the open one on the
// other (RULES 5.9). Complex orders and trailing stops are exempt; limits that do not cross are
// too, which nobody counts on here.
func washes(open trade.BrokerOrder, side trade.Side) bool {
	other := open.Side != "" && open.Side != side
	simple := open.Class == "" || open.Class == string(trade.SimpleOrder)
	return other && simple && open.Type != string(trade.TrailingStopOrder)
}

// protecting are the broker's ids of our protective orders of the position.
func (b *book) protecting(position trade.Position) []string {
	var ids []string
	for _, open := range b.orders[position.Symbol] {
		if protects(open, position) {
			ids = append(ids, open.ID)
		}
	}
	return ids
}
