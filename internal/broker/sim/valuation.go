package sim

import (
	"maps"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/market"
)

// Margin by Regulation T (RULES 6): half of a position's value at the start, multiplier 2; an
// account with less than $2,000 is a cash account, multiplier 1.
var (
	initialShare     = decimal.RequireFromString("0.5")
	maintenanceShare = decimal.RequireFromString("0.3")
	marginMultiplier = decimal.NewFromInt(2)
	cashMultiplier   = decimal.NewFromInt(1)
)

// figures are an account's sums at one moment, in whole cents.
type figures struct {
	equity      decimal.Decimal
	long        decimal.Decimal
	short       decimal.Decimal // negative
	initial     decimal.Decimal
	maintenance decimal.Decimal
	reserved    decimal.Decimal // buying power of open orders
	multiplier  decimal.Decimal
	buyingPower decimal.Decimal
}

func (f figures) shortingEnabled() bool {
	return f.equity.GreaterThanOrEqual(decimal.NewFromInt(shortingMinimum))
}

// figures values the account at now.
func (e *exchange) figures(a *account, now time.Time) figures {
	f := figures{equity: a.Cash, multiplier: marginMultiplier}
	for symbol, p := range a.Positions {
		value := e.value(symbol, p.Qty, now)
		f.equity = f.equity.Add(value)
		if value.IsNegative() {
			f.short = f.short.Add(value)
		} else {
			f.long = f.long.Add(value)
		}
	}
	for _, o := range a.open {
		if !o.closes() {
			f.reserved = f.reserved.Add(o.Reserved)
		}
	}
	gross := f.long.Sub(f.short)
	f.initial, f.maintenance = gross.Mul(initialShare).Round(2), gross.Mul(maintenanceShare).Round(2)
	if !f.shortingEnabled() {
		f.multiplier, f.initial = cashMultiplier, gross
	}
	free := notNegative(f.equity.Sub(f.initial)).Mul(f.multiplier)
	f.buyingPower = notNegative(free.Sub(f.reserved))
	return f
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
	next     int // index of the first fill that has not been replayed
	cash     decimal.Decimal
	held     map[string]decimal.Decimal
}

func (e *exchange) ledger(a *account) *ledger {
	l := &ledger{exchange: e, account: a, cash: a.Opening.Cash, held: map[string]decimal.Decimal{}}
	maps.Copy(l.held, a.Opening.Held)
	return l
}

// replay books the fills until at. Before its first fill an account holds its
// opening: its deposit.
func (l *ledger) replay(at time.Time) {
	for ; l.next < len(l.account.Fills) && !l.account.Fills[l.next].At.After(at); l.next++ {
		f := l.account.Fills[l.next]
		l.cash = l.cash.Sub(f.signedAmount())
		l.held[f.Symbol] = l.held[f.Symbol].Add(f.signedQty())
	}
}

// equityAt returns the account's equity at a moment that is not before the one asked last.
func (l *ledger) equityAt(at time.Time) decimal.Decimal {
	l.replay(at)
	equity := l.cash
	for symbol, qty := range l.held {
		if !qty.IsZero() {
			equity = equity.Add(l.exchange.value(symbol, qty, at))
		}
	}
	return equity
}

// lastClose is the close of the last session before now's New York day: "yesterday" in every
// figure of Alpaca that compares with it.
func lastClose(now time.Time) time.Time {
	return market.PreviousSession(market.Day(now)).Close
}
