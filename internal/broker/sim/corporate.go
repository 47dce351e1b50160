package sim

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// actionDays lists the ex-dates of all corporate actions of the market, in order.
func actionDays(source Market) []time.Time {
	var days []time.Time
	if known, ok := source.(actor); ok {
		for _, action := range known.Actions("") {
			days = append(days, action.ExDate)
		}
	}
	slices.SortFunc(days, time.Time.Compare)
	return slices.CompactFunc(days, time.Time.Equal)
}

// daysWithActions are the ex-dates after the first moment and up to the second.
func (e *exchange) daysWithActions(after, until time.Time) []time.Time {
	if n := len(e.actionDays); n == 0 || !e.actionDays[n-1].After(after) {
		return nil
	}
	var days []time.Time
	for _, day := range e.actionDays {
		if day.After(after) && !day.After(until) {
			days = append(days, day)
		}
	}
	return days
}

// applyActions applies what the day's actions mean for what the account holds at its beginning. A
// dividend is paid on its ex-date, by short positions to their lenders; a split changes quantities
// and keeps costs, and ends the symbol's open orders, whose prices and quantities mean something
// else from then on. Of a spin-off the account gets the value in money: the market has no prices
// of the company that left.
func (e *exchange) applyActions(a *account, day time.Time) (happened bool) {
	for _, symbol := range a.concerned() {
		for _, action := range actionsOf(e.market, symbol) {
			if action.ExDate.Equal(day) {
				happened = e.applyAction(a, action) || happened
			}
		}
	}
	return happened
}

// concerned lists the symbols that are held or ordered.
func (a *account) concerned() []string {
	symbols := a.symbols()
	for _, o := range a.open {
		if !slices.Contains(symbols, o.Symbol) {
			symbols = append(symbols, o.Symbol)
		}
	}
	return symbols
}

func (e *exchange) applyAction(a *account, action Action) bool {
	held := a.held(action.Symbol)
	if action.Kind == actionSplit {
		ended := e.endOrdersOf(a, action.Symbol, action.ExDate)
		if held.IsZero() {
			return ended
		}
		after := held.Mul(action.Amount).Round(quantityDecimals)
		if after.IsZero() {
			return ended // nothing is left of so little; it stays as it is
		}
		a.Positions[action.Symbol].Qty = after
		a.Fills = append(a.Fills, fill{
			ID: activityID(action.ExDate), Kind: activitySplit, Symbol: action.Symbol, Qty: after.Sub(held), At: action.ExDate,
		})
		return true
	}
	net := held.Mul(action.Amount).Round(2)
	if net.IsZero() {
		return false
	}
	kind := activityDividend
	if action.Kind == actionSpinOff {
		kind = activitySpinOff
	}
	a.bookCash(fill{
		ID: activityID(action.ExDate), Kind: kind, Symbol: action.Symbol, Qty: held, Price: action.Amount, Net: net, At: action.ExDate,
	})
	return true
}

func (e *exchange) endOrdersOf(a *account, symbol string, at time.Time) (ended bool) {
	for _, o := range slices.Clone(a.open) {
		if o.Symbol == symbol && o.isOpen() {
			e.endGroup(a, o, statusCanceled, at)
			ended = true
		}
	}
	return ended
}

// settledCash is the account's cash without the proceeds of sales that have not settled at now.
func (a *account) settledCash(now time.Time) decimal.Decimal {
	return a.Cash.Sub(a.unsettled(now))
}
