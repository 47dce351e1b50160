package sim

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

const fractionDecimals = 10 // of plpc and change

// accountView is the account as Alpaca shows it.
func (e *exchange) accountView(a *account, now time.Time) wire.Account {
	f := e.figures(a, now)
	closed := lastClose(now)
	return wire.Account{
		ID: a.ID, AccountNumber: a.Number, Status: "ACTIVE", CryptoStatus: "INACTIVE", Currency: "USD",
		BuyingPower: f.buyingPower, RegTBuyingPower: f.regulationT, EffectiveBuyingPower: f.buyingPower,
		NonMarginableBuyingPower: f.nonMarginable,
		Cash:                     a.Cash, PortfolioValue: f.equity, Equity: f.equity,
		LastEquity:          e.closing(a, closed).equityAt(closed),
		PositionMarketValue: f.long.Sub(f.short), LongMarketValue: f.long, ShortMarketValue: f.short,
		InitialMargin: f.initial, MaintenanceMargin: f.maintenance, LastMaintenanceMargin: e.maintenanceAt(a, closed),
		SMA: notNegative(f.equity.Sub(f.initial)), Multiplier: f.multiplier,
		ShortingEnabled: f.shortingEnabled() && !a.Settings.NoShorting, TradeSuspendedByUser: a.Settings.SuspendTrade,
		CreatedAt: a.CreatedAt, BalanceAsOf: closed.In(market.NewYork).Format(time.DateOnly),
	}
}

// maintenanceAt is the maintenance margin at the last close.
func (e *exchange) maintenanceAt(a *account, at time.Time) decimal.Decimal {
	var f figures
	for symbol, qty := range e.closing(a, at).held {
		if last, ok := e.market.LastPrint(symbol, at); ok {
			e.addPosition(&f, symbol, qty, last.decimalPrice())
		}
	}
	return f.maintenance.Round(2)
}

// positionView is one holding as Alpaca shows it; ok is false when the symbol is not held.
func (e *exchange) positionView(a *account, symbol string, now time.Time) (view wire.Position, ok bool) {
	p, ok := a.Positions[symbol]
	if !ok {
		return wire.Position{}, false
	}
	asset := e.assets[symbol]
	promised, _ := a.promised(symbol)
	side := "long"
	if p.Qty.IsNegative() {
		side, promised = "short", promised.Neg()
	}
	view = wire.Position{
		AssetID: asset.ID, Symbol: symbol, Exchange: asset.Exchange, AssetClass: asset.Class,
		AssetMarginable: asset.Marginable, Side: side, Qty: p.Qty, QtyAvailable: p.Qty.Sub(promised),
		AvgEntryPrice: p.Cost.DivRound(p.Qty, 6), CostBasis: p.Cost,
	}
	if last, priced := e.market.LastPrint(symbol, now); priced {
		e.price(&view, a, last.decimalPrice(), now)
	}
	return view, true
}

// price fills in what depends on the current price and on that of the last close.
func (e *exchange) price(view *wire.Position, a *account, price decimal.Decimal, now time.Time) {
	value := view.Qty.Mul(price).Round(2)
	profit := value.Sub(view.CostBasis)
	view.CurrentPrice, view.MarketValue = decimal.NewNullDecimal(price), decimal.NewNullDecimal(value)
	view.UnrealizedPL, view.UnrealizedPLPC = decimal.NewNullDecimal(profit), share(profit, view.CostBasis)
	yesterday, ok := e.market.LastPrint(view.Symbol, lastClose(now))
	if !ok {
		return
	}
	last := yesterday.decimalPrice()
	basis := e.closing(a, lastClose(now)).intradayBasis(view.Symbol, last)
	today := value.Sub(basis)
	view.LastdayPrice, view.ChangeToday = decimal.NewNullDecimal(last), share(price.Sub(last), last)
	view.UnrealizedIntradayPL, view.UnrealizedIntradayPLPC = decimal.NewNullDecimal(today), share(today, basis)
}

// intradayBasis is the position at the last close, valued there, and what was traded since.
func (l *ledger) intradayBasis(symbol string, last decimal.Decimal) decimal.Decimal {
	basis := l.held[symbol].Mul(last).Round(2)
	for _, f := range l.rest() {
		if f.Symbol == symbol && f.execution() {
			basis = basis.Add(f.signedAmount())
		}
	}
	return basis
}

// share is part over the size of whole, 0 where that is nothing: a few billionths of a share cost
// no cent.
func share(part, whole decimal.Decimal) decimal.NullDecimal {
	if whole.IsZero() {
		return decimal.NewNullDecimal(decimal.Zero)
	}
	return decimal.NewNullDecimal(part.DivRound(whole.Abs(), fractionDecimals))
}

// clockView is the exchange's clock in New York's time. While it is open, the next close is
// today's and the next open that of the next session (RULES 11).
func clockView(now time.Time) wire.Clock {
	next := market.NextSession(now)
	closing := next.Close
	open := market.IsOpen(now)
	if open {
		closing = market.LatestSession(now).Close
	}
	return wire.Clock{
		Timestamp: now.In(market.NewYork), IsOpen: open,
		NextOpen: next.Open.In(market.NewYork), NextClose: closing.In(market.NewYork),
	}
}

// calendarView is one session as Alpaca's calendar shows it; trades settle on the next business
// day of the banks, since 2024-05-28 (before, two days later).
func calendarView(session market.Session) wire.CalendarDay {
	extended := "2000"
	closing := session.Close.In(market.NewYork)
	if closing.Hour() == 13 {
		extended = "1700"
	}
	return wire.CalendarDay{
		Date: session.Date.Format(time.DateOnly), Open: session.Open.In(market.NewYork).Format("15:04"),
		Close: closing.Format("15:04"), SessionOpen: "0400", SessionClose: extended,
		SettlementDate: market.Settlement(session).Format(time.DateOnly),
	}
}

// activityView is one activity as Alpaca shows it.
func activityView(f fill) any {
	if f.execution() {
		kind := "fill"
		if f.Status != statusFilled {
			kind = "partial_fill"
		}
		return wire.FillActivity{
			ActivityType: activityFill, ID: f.ID, CumQty: f.CumQty, LeavesQty: f.LeavesQty, Price: f.Price, Qty: f.Qty,
			Side: f.Side, Symbol: f.Symbol, TransactionTime: f.At, OrderID: f.OrderID, Type: kind, OrderStatus: f.Status,
		}
	}
	view := wire.NonTradeActivity{
		ActivityType: f.Kind, ID: f.ID, Date: f.At.In(market.NewYork).Format(time.DateOnly), CreatedAt: f.At,
		NetAmount: f.Net, Currency: "USD", Symbol: f.Symbol, Status: "executed",
	}
	if f.Kind != activityFee {
		view.Qty = decimal.NewNullDecimal(f.Qty)
	}
	if f.Price.IsPositive() {
		view.PerShareAmount = decimal.NewNullDecimal(f.Price)
	}
	return view
}

// wireBar is a bar as the Market Data API shows it. The number of trades and the volume-weighted
// price are estimates: a market has prints, not every trade.
func wireBar(start time.Time, open, high, low, closing, volume float64) wire.Bar {
	size := shares(volume)
	return wire.Bar{
		Start: start, Open: open, High: high, Low: low, Close: closing,
		Volume: size, Trades: tradesOf(size), VWAP: round6((high + low + closing) / 3),
	}
}

func shares(volume float64) uint64 { return uint64(volume + 0.5) }

// tradesOf estimates how many trades a volume is: one for a round lot.
func tradesOf(shares uint64) uint64 { return (shares + 99) / 100 }
