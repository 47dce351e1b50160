package sim

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/market"
)

// Margin by Regulation T (RULES 6): half of a marginable position's value at the start, and an
// account with less than $2,000 is a cash account. With a multiplier of 4 buying power counts the
// excess over the maintenance margin, intraday.
const (
	cashMultiplier     = 1
	usualMultiplier    = 2
	intradayMultiplier = 4
)

var (
	initialShare     = decimal.RequireFromString("0.5")
	maintenanceShare = decimal.RequireFromString("0.3")
	cheapLong        = decimal.RequireFromString("2.5") // below it a long position counts whole
	cheapShort       = decimal.NewFromInt(5)            // below it a short share needs $2.50, or its value
	cheapShortMargin = decimal.RequireFromString("2.5")
	shortMargin      = decimal.NewFromInt(5) // at least so much for each share sold short
)

// figures are an account's sums at one moment, in whole cents.
type figures struct {
	equity        decimal.Decimal
	long          decimal.Decimal
	short         decimal.Decimal // negative
	initial       decimal.Decimal
	maintenance   decimal.Decimal
	reserved      decimal.Decimal // buying power of open orders
	multiplier    decimal.Decimal
	buyingPower   decimal.Decimal
	regulationT   decimal.Decimal // buying power overnight
	nonMarginable decimal.Decimal // buying power for what gives no credit: settled cash
}

// shortingEnabled reports whether the account may sell short: on margin, with enough equity.
func (f figures) shortingEnabled() bool {
	return f.enoughEquity() && f.multiplier.GreaterThan(decimal.NewFromInt(cashMultiplier))
}

func (f figures) enoughEquity() bool {
	return f.equity.GreaterThanOrEqual(decimal.NewFromInt(shortingMinimum))
}

// figures values the account at now.
func (e *exchange) figures(a *account, now time.Time) figures {
	f := figures{equity: a.Cash}
	for symbol, p := range a.Positions {
		last, _ := e.market.LastPrint(symbol, now)
		e.addPosition(&f, symbol, p.Qty, last.decimalPrice())
	}
	for _, o := range a.open {
		if !o.closes() {
			f.reserved = f.reserved.Add(o.Reserved)
		}
	}
	f.initial, f.maintenance = f.initial.Round(2), f.maintenance.Round(2)
	multiplier := e.multiplierOf(a, f)
	gross := f.long.Sub(f.short)
	settled := a.settledCash(now)
	f.multiplier = decimal.NewFromInt(multiplier)
	excess := f.equity.Sub(f.initial)
	f.regulationT = excess.Mul(decimal.NewFromInt(min(multiplier, usualMultiplier)))
	switch multiplier {
	case cashMultiplier:
		f.initial = gross
		excess = f.equity.Sub(gross).Sub(a.Cash.Sub(settled))
		f.regulationT = excess
	case intradayMultiplier:
		excess = f.equity.Sub(f.maintenance)
	}
	f.buyingPower = notNegative(excess.Mul(f.multiplier).Sub(f.reserved))
	f.regulationT = decimal.Min(notNegative(f.regulationT.Sub(f.reserved)), f.buyingPower)
	f.nonMarginable = decimal.Min(notNegative(settled.Sub(f.reserved)), f.buyingPower)
	return f
}

// addPosition adds one holding at its price; without a price it is worth nothing.
func (e *exchange) addPosition(f *figures, symbol string, qty, price decimal.Decimal) {
	value := qty.Mul(price).Round(2)
	f.equity = f.equity.Add(value)
	if value.IsNegative() {
		f.short = f.short.Add(value)
	} else {
		f.long = f.long.Add(value)
	}
	gross := value.Abs()
	asset := e.assets[symbol]
	if !asset.Marginable {
		f.initial, f.maintenance = f.initial.Add(gross), f.maintenance.Add(gross)
		return
	}
	f.initial = f.initial.Add(gross.Mul(initialShare))
	needs := gross.Mul(maintenanceShare)
	switch {
	case value.IsPositive() && price.LessThan(cheapLong):
		needs = gross
	case value.IsNegative() && price.LessThan(cheapShort):
		needs = decimal.Max(qty.Abs().Mul(cheapShortMargin), gross)
	case value.IsNegative():
		needs = decimal.Max(qty.Abs().Mul(shortMargin), needs)
	}
	f.maintenance = f.maintenance.Add(needs)
}

// multiplierOf is the least of what the simulator gives, the user wants and the equity allows.
func (e *exchange) multiplierOf(a *account, f figures) int64 {
	if !f.enoughEquity() {
		return cashMultiplier
	}
	wanted, err := strconv.ParseInt(a.Settings.MaxMarginMultiplier, 10, 64)
	if err != nil {
		return e.multiplier
	}
	return min(e.multiplier, wanted)
}

// settling is money that sales of one day have brought and that settles on a later one.
type settling struct {
	day    time.Time // midnight New York
	amount decimal.Decimal
}

// sold notes when the proceeds of an execution settle (T+1 since May 2024).
func (a *account) sold(f fill) {
	if !f.execution() || f.Side != sideSell {
		return
	}
	day := market.Settlement(market.LatestSession(f.At))
	if n := len(a.settling); n > 0 && a.settling[n-1].day.Equal(day) {
		a.settling[n-1].amount = a.settling[n-1].amount.Add(f.Amount)
		return
	}
	a.settling = append(a.settling, settling{day, f.Amount})
}

// unsettled is what sales have brought that has not settled at now.
func (a *account) unsettled(now time.Time) decimal.Decimal {
	today, sum := market.Day(now), decimal.Zero
	a.settling = slices.DeleteFunc(a.settling, func(s settling) bool { return !s.day.After(today) })
	for _, s := range a.settling {
		sum = sum.Add(s.amount)
	}
	return sum
}

func notNegative(d decimal.Decimal) decimal.Decimal { return decimal.Max(d, decimal.Zero) }

// value is the quantity's worth at the newest print, in whole cents; zero before the first one.
func (e *exchange) value(symbol string, qty decimal.Decimal, at time.Time) decimal.Decimal {
	last, ok := e.market.LastPrint(symbol, at)
	if !ok {
		return decimal.Zero
	}
	return qty.Mul(last.decimalPrice()).Round(2)
}

// ledger replays an account's fills to value it at earlier moments, which come in order of time.
type ledger struct {
	exchange *exchange
	account  *account
	next     int64 // number of the first activity that has not been replayed
	cash     decimal.Decimal
	held     map[string]decimal.Decimal
}

func (e *exchange) ledger(a *account) *ledger {
	l := &ledger{exchange: e, account: a, next: a.Folded, cash: a.Opening.Cash, held: map[string]decimal.Decimal{}}
	maps.Copy(l.held, a.Opening.Held)
	return l
}

// closing is the account's ledger at the last close before now's day. It is kept and replayed on,
// because every look at the account and its positions asks for it.
func (e *exchange) closing(a *account, closed time.Time) *ledger {
	if a.closing == nil || closed.Before(a.closed) || a.closing.next < a.Folded {
		a.closing = e.ledger(a)
	}
	a.closed = closed
	a.closing.replay(closed)
	return a.closing
}

// replay books the fills until at. Before its first fill an account holds its
// opening: its deposit.
func (l *ledger) replay(at time.Time) {
	for _, f := range l.rest() {
		if f.At.After(at) {
			break
		}
		l.next++
		l.cash = l.cash.Sub(f.signedAmount())
		if l.held[f.Symbol] = l.held[f.Symbol].Add(f.signedQty()); l.held[f.Symbol].IsZero() {
			delete(l.held, f.Symbol)
		}
	}
}

// rest are the activities that have not been replayed.
func (l *ledger) rest() []fill { return l.account.Fills[l.next-l.account.Folded:] }

// equityAt returns the account's equity at a moment that is not before the one asked last.
func (l *ledger) equityAt(at time.Time) decimal.Decimal {
	l.replay(at)
	equity := l.cash
	for symbol, qty := range l.held {
		equity = equity.Add(l.exchange.value(symbol, qty, at))
	}
	return equity
}

// lastClose is the close of the last session before now's New York day: "yesterday" in every
// figure of Alpaca that compares with it.
func lastClose(now time.Time) time.Time {
	return market.PreviousSession(market.Day(now)).Close
}
