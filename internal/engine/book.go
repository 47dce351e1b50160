package engine

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/risk"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// book is the portfolio with the cycle's plans so far.
type book struct {
	settings     trade.Settings
	installation trade.RiskLimits
	account      trade.Account
	state        trade.TradingState
	assets       map[string]trade.Asset
	quotes       map[string]trade.Quote
	foreign      map[string]bool
	open         bool // the exchange trades now, as far as is known
	positions    map[string]trade.Position
	orders       map[string][]trade.BrokerOrder // open ones, by symbol
	planned      map[string]bool                // symbols with an order of this plan
	exposed      map[string]bool                // symbols held, or ordered and not held: they count as positions
	buyingPower  decimal.Decimal
	usual        decimal.Decimal // an entry's dollars when its size is a share of equity
	risk         *risk.State
	barred       trade.Skip // why nothing may be entered at all; empty: it may
}

func openBook(input *PlanInput) *book {
	b := &book{
		settings: input.Settings, installation: input.Installation, account: input.Portfolio.Account,
		state: input.State, assets: input.Assets, quotes: input.Quotes,
		open: input.Now.IsZero() || market.IsOpen(input.Now), positions: map[string]trade.Position{},
		orders: map[string][]trade.BrokerOrder{}, planned: map[string]bool{}, exposed: map[string]bool{},
		buyingPower: input.Portfolio.Account.BuyingPower,
		usual:       input.Portfolio.Account.Equity.Mul(input.Settings.PositionSizePct).Shift(-2).Round(2),
		risk:        risk.NewState(input.moment(), input.Portfolio.Account, input.Record),
	}
	if input.Settings.Execution.Foreign == trade.IgnoreForeign {
		b.foreign = input.Foreign
	}
	for _, position := range input.Portfolio.Positions {
		if !position.Qty.IsZero() {
			b.positions[position.Symbol], b.exposed[position.Symbol] = position, true
			b.risk.Hold(position.Symbol, worth(position))
		}
	}
	for _, order := range input.Portfolio.OpenOrders {
		if order.Open() {
			b.orders[order.Symbol] = append(b.orders[order.Symbol], order)
			b.exposed[order.Symbol] = true
			if b.positions[order.Symbol].Qty.IsZero() {
				b.risk.Hold(order.Symbol, sought(order, input.priceOf(order.Symbol)))
			}
		}
	}
	b.barred = b.bars()
	return b
}

// moment is the market's time; a caller that does not say it means the newest bar's end.
func (input *PlanInput) moment() time.Time {
	now := input.Now
	for _, signal := range input.Signals {
		if input.Now.IsZero() && signal.BarEnd.After(now) {
			now = signal.BarEnd
		}
	}
	return now
}

// bars says why nothing at all may be entered: the state, or a limit of the account or of the
// installation.
func (b *book) bars() trade.Skip {
	if b.state == trade.ReduceOnly {
		return trade.SkipReduceOnly
	}
	if skip := risk.Barred(&b.settings.Risk, b.risk); skip != "" {
		return skip
	}
	return risk.Barred(&b.installation, b.risk)
}

// priceOf is the close that the symbol's signal was decided on, zero without one.
func (input *PlanInput) priceOf(symbol string) decimal.Decimal {
	for i := range input.Signals {
		if input.Signals[i].Symbol == symbol {
			return priceOf(&input.Signals[i])
		}
	}
	return decimal.Zero
}

// worth is the size of a position in dollars.
func worth(position trade.Position) decimal.Decimal {
	if position.MarketValue.IsZero() {
		return position.Qty.Mul(position.CurrentPrice)
	}
	return position.MarketValue
}

// sought is the size of an open order in dollars, at its limit, else at the price.
func sought(order trade.BrokerOrder, price decimal.Decimal) decimal.Decimal {
	if order.Notional.Valid {
		return order.Notional.Decimal
	}
	if order.LimitPrice.Valid {
		price = order.LimitPrice.Decimal
	}
	return order.Qty.Decimal.Mul(price)
}

// take counts a planned order.
func (b *book) take(order *order) {
	b.planned[order.symbol], b.exposed[order.symbol] = true, true
	b.risk.Ordered()
	if order.purpose == trade.Entry {
		b.risk.Hold(order.symbol, order.value())
		b.buyingPower = b.buyingPower.Sub(order.reserves)
	}
}

// decide returns the order that the signal asks for, or why there is none.
func (b *book) decide(signal *trade.Signal) (order, trade.Skip) {
	asset, known := b.assets[signal.Symbol]
	side := trade.SideBuy
	if signal.Action == trade.Sell {
		side = trade.SideSell
	}
	switch {
	case signal.BarEnd.IsZero():
		return order{}, trade.SkipNoBars
	case signal.Action != trade.Buy && signal.Action != trade.Sell:
		return order{}, trade.SkipHold
	case b.state == trade.Halted:
		return order{}, trade.SkipHalted
	case b.account.TradingBlocked:
		return order{}, trade.SkipBlocked
	case b.foreign[signal.Symbol]:
		return order{}, trade.SkipForeignPosition
	case b.planned[signal.Symbol]:
		return order{}, trade.SkipOrderOpen
	}
	if skip := b.inTheWay(signal.Symbol, side); skip != "" {
		return order{}, skip
	}
	switch {
	case !known || !asset.Tradable:
		return order{}, trade.SkipNotTradable
	case b.settings.TimeInForce == trade.TIFIOC && !b.open:
		return order{}, trade.SkipMarketClosed
	}
	return b.turn(signal, asset, side)
}

// turn closes a position on the other side, or begins one.
func (b *book) turn(signal *trade.Signal, asset trade.Asset, side trade.Side) (order, trade.Skip) {
	position, held := b.positions[signal.Symbol]
	switch {
	case side == trade.SideBuy && position.Qty.IsPositive():
		return order{}, trade.SkipAlreadyHeld
	case side == trade.SideSell && position.Qty.IsNegative():
		return order{}, trade.SkipAlreadyShort
	case held:
		return b.exit(signal, position)
	case side == trade.SideBuy:
		return b.enterLong(signal, asset)
	default:
		return b.enterShort(signal, asset)
	}
}
