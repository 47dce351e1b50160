package engine

import (
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// book is the portfolio with the cycle's plans so far.
type book struct {
	settings    trade.Settings
	account     trade.Account
	assets      map[string]trade.Asset
	positions   map[string]trade.Position
	ordered     map[string]bool // symbols with an open or planned order
	exposed     map[string]bool // symbols held, or ordered and not held: they count as positions
	buyingPower decimal.Decimal
}

func openBook(input PlanInput) *book {
	b := &book{
		settings: input.Settings, account: input.Portfolio.Account, assets: input.Assets,
		positions: map[string]trade.Position{}, ordered: map[string]bool{}, exposed: map[string]bool{},
		buyingPower: input.Portfolio.Account.BuyingPower,
	}
	for _, position := range input.Portfolio.Positions {
		if !position.Qty.IsZero() {
			b.positions[position.Symbol] = position
			b.exposed[position.Symbol] = true
		}
	}
	for _, order := range input.Portfolio.OpenOrders {
		if order.Open() {
			b.ordered[order.Symbol] = true
			b.exposed[order.Symbol] = true
		}
	}
	return b
}

// take counts a planned order.
func (b *book) take(order order) {
	b.ordered[order.symbol] = true
	b.exposed[order.symbol] = true
	b.buyingPower = b.buyingPower.Sub(order.reserves)
}

// decide returns the order that the signal asks for, or why there is none.
func (b *book) decide(signal trade.Signal) (order, trade.Skip) {
	asset, known := b.assets[signal.Symbol]
	switch {
	case signal.BarEnd.IsZero():
		return order{}, trade.SkipNoBars
	case signal.Action != trade.Buy && signal.Action != trade.Sell:
		return order{}, trade.SkipHold
	case b.account.TradingBlocked:
		return order{}, trade.SkipBlocked
	case b.ordered[signal.Symbol]:
		return order{}, trade.SkipOrderOpen
	case !known || !asset.Tradable:
		return order{}, trade.SkipNotTradable
	}
	qty := b.positions[signal.Symbol].Qty // zero when nothing is held
	buying := signal.Action == trade.Buy
	switch {
	case buying && qty.IsPositive():
		return order{}, trade.SkipAlreadyHeld
	case !buying && qty.IsNegative():
		return order{}, trade.SkipAlreadyShort
	case !qty.IsZero():
		return b.exit(b.positions[signal.Symbol])
	case buying:
		return b.enterLong(signal, asset)
	default:
		return b.enterShort(signal, asset)
	}
}

// exit sells what is available of a long position, or buys back a whole short one. The broker
// takes fractions of a share with time in force day only (RULES 5.2).
func (b *book) exit(position trade.Position) (order, trade.Skip) {
	exit := order{
		symbol: position.Symbol, side: trade.SideSell, purpose: trade.Exit,
		qty: position.QtyAvailable, tif: b.settings.TimeInForce,
	}
	if position.Qty.IsNegative() {
		exit.side, exit.qty = trade.SideBuy, position.Qty.Abs()
	}
	if !exit.qty.IsPositive() {
		return order{}, trade.SkipOrderOpen // held back for an order that is not listed (any more)
	}
	if !exit.qty.IsInteger() {
		exit.tif = trade.TIFDay
	}
	return exit, ""
}
