package lab

import (
	"math"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// account is a brokerage account in memory: cash, at most one position a symbol, and market
// orders that wait for their symbol's next bar.
type account struct {
	cash      decimal.Decimal
	shorting  bool
	positions map[string]*holding
	pending   map[string]pendingOrder
	prices    map[string]decimal.Decimal // last close
	trades    []Trade
	symbols   []string // gives maps a fixed order
}

// holding is an open position and the entry that made it.
type holding struct {
	qty   decimal.Decimal // negative: short
	entry Trade
}

type pendingOrder struct {
	intent   trade.Intent
	reserves decimal.Decimal // buying power set aside
}

func newAccount(config Config) *account {
	return &account{
		cash: config.Cash, shorting: config.Settings.AllowShort,
		positions: map[string]*holding{}, pending: map[string]pendingOrder{}, prices: map[string]decimal.Decimal{},
		symbols: config.Symbols,
	}
}

func (a *account) mark(symbol string, close float64) {
	if isPrice(close) {
		a.prices[symbol] = decimal.NewFromFloat(close)
	}
}

func isPrice(price float64) bool { return price > 0 && !math.IsInf(price, 0) }

// submit takes an order, sized on the price, that waits for the symbol's next open.
func (a *account) submit(intent trade.Intent, price float64) {
	order := pendingOrder{intent: intent}
	if intent.Purpose == trade.Entry {
		order.reserves = intent.Notional.Decimal
		if intent.Qty.Valid {
			order.reserves = intent.Qty.Decimal.Mul(decimal.NewFromFloat(price))
		}
	}
	a.pending[intent.Symbol] = order
}

// fill executes the symbol's waiting order at the bar's open.
func (a *account) fill(symbol string, bar trade.Bar) {
	order, waiting := a.pending[symbol]
	if !waiting || !isPrice(bar.Open) || bar.Start.Before(order.intent.BarEnd) {
		return
	}
	price := decimal.NewFromFloat(bar.Open)
	qty := order.intent.Qty.Decimal
	if order.intent.Notional.Valid {
		// Nine decimals of a share, as the broker has them (RULES 5.2); never more than the notional.
		qty, _ = order.intent.Notional.Decimal.QuoRem(price, 9)
	}
	if !qty.IsPositive() {
		return
	}
	delete(a.pending, symbol)
	if order.intent.Side == trade.SideSell {
		qty = qty.Neg()
	}
	a.cash = a.cash.Sub(qty.Mul(price))
	if order.intent.Purpose == trade.Exit {
		a.close(order.intent, price, bar.Start)
		return
	}
	a.positions[symbol] = &holding{qty: qty, entry: opened(order.intent, qty, price, bar.Start)}
}

// close ends the intent's position; an exit is always for the whole of it.
func (a *account) close(intent trade.Intent, price decimal.Decimal, at time.Time) {
	held := a.positions[intent.Symbol]
	delete(a.positions, intent.Symbol)
	a.trades = append(a.trades, held.entry.closed(held.qty, price, at, intent.Reason))
}

func (a *account) equity() decimal.Decimal {
	equity := a.cash
	for symbol, held := range a.positions {
		equity = equity.Add(held.qty.Mul(a.prices[symbol]))
	}
	return equity
}

// buyingPower is the equity that is bound neither in positions nor in orders.
func (a *account) buyingPower() decimal.Decimal {
	free := a.equity()
	for symbol, held := range a.positions {
		free = free.Sub(held.qty.Mul(a.prices[symbol]).Abs())
	}
	for _, order := range a.pending {
		free = free.Sub(order.reserves)
	}
	return free
}

func (a *account) portfolio() trade.Portfolio {
	equity := a.equity()
	portfolio := trade.Portfolio{Account: trade.Account{
		Equity: equity, PortfolioValue: equity, Cash: a.cash, BuyingPower: a.buyingPower(), ShortingEnabled: a.shorting,
	}}
	for _, symbol := range a.symbols {
		if held, ok := a.positions[symbol]; ok {
			portfolio.Positions = append(portfolio.Positions, trade.Position{
				Symbol: symbol, Qty: held.qty, QtyAvailable: held.qty,
				AvgEntryPrice: held.entry.EntryPrice.Decimal, CurrentPrice: a.prices[symbol],
			})
		}
		if order, ok := a.pending[symbol]; ok {
			portfolio.OpenOrders = append(portfolio.OpenOrders, trade.BrokerOrder{
				Symbol: symbol, Side: order.intent.Side, Status: "accepted",
			})
		}
	}
	return portfolio
}

// openTrades returns the entries of what is still held, in the order of entry.
func (a *account) openTrades() []Trade {
	var open []Trade
	for _, symbol := range a.symbols {
		if held, ok := a.positions[symbol]; ok {
			open = append(open, held.entry)
		}
	}
	slices.SortStableFunc(open, func(x, y Trade) int { return x.EntryAt.Compare(y.EntryAt) })
	return open
}
