package engine

import "github.com/jcap24/alpaca-trader/internal/trade"

// exit sells what is available of a long position, or buys back a whole short one. What our own
// protective orders hold is available too: they are canceled first. The broker takes fractions of a
// share with time in force day and in regular hours only (RULES 5.2, 5.5).
func (b *book) exit(signal *trade.Signal, position trade.Position) (order, trade.Skip) {
	exit := order{
		symbol: position.Symbol, side: trade.SideSell, purpose: trade.Exit,
		qty: position.QtyAvailable, tif: b.settings.TimeInForce, kind: trade.MarketOrder, close: priceOf(signal),
		cancelFirst: b.protecting(position),
	}
	if position.Qty.IsNegative() {
		exit.side = trade.SideBuy
	}
	if position.Qty.IsNegative() || len(exit.cancelFirst) > 0 {
		exit.qty = position.Qty.Abs()
	}
	if !exit.qty.IsPositive() {
		return order{}, trade.SkipHeldQuantity
	}
	b.price(&exit)
	if !exit.qty.IsInteger() {
		exit.tif, exit.extended = trade.TIFDay, false
	}
	return exit, ""
}
