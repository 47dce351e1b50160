package engine

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// reason is the sentence that explains an intent: "Buy AAPL for $1,000.00: RSI 27.4 < 30 and the
// close 91.20 reached the lower band 91.55."
func reason(signal *trade.Signal, order *order) string {
	return amount(order) + terms(order) + ": " + because(signal) + "."
}

func amount(order *order) string {
	switch {
	case order.purpose == trade.Exit && order.side == trade.SideBuy:
		return "Buy back " + shares(order.qty) + " of " + order.symbol
	case order.purpose == trade.Exit:
		return "Sell all " + shares(order.qty) + " of " + order.symbol
	case order.side == trade.SideSell:
		return "Sell " + shares(order.qty) + " of " + order.symbol + " short"
	case order.notional.IsZero():
		return "Buy " + shares(order.qty) + " of " + order.symbol
	default:
		return "Buy " + order.symbol + " for " + dollars(order.notional)
	}
}

// terms says what limits the order and what protects the position.
func terms(order *order) string {
	text := ""
	switch {
	case order.limit.IsPositive() && order.side == trade.SideBuy:
		text = " at " + dollars(order.limit) + " at most"
	case order.limit.IsPositive():
		text = " at " + dollars(order.limit) + " at least"
	}
	if words := order.guards.words(); words != "" {
		text += " with " + words
	}
	if len(order.cancelFirst) > 0 {
		text += " after canceling what protects it"
	}
	return text
}

// because lists the reasons of the votes that carried the signal.
func because(signal *trade.Signal) string {
	var reasons []string
	for _, vote := range signal.Votes {
		if vote.Action == signal.Action && vote.Reason != "" {
			reasons = append(reasons, vote.Reason)
		}
	}
	if len(reasons) == 0 {
		return "the signal is " + string(signal.Action)
	}
	last := len(reasons) - 1
	if last == 0 {
		return reasons[0]
	}
	return strings.Join(reasons[:last], ", ") + " and " + reasons[last]
}

func shares(qty decimal.Decimal) string {
	if qty.Equal(one) {
		return "1 share"
	}
	return grouped(qty.String()) + " shares"
}

// dollars writes money with cents, and prices below a dollar with what they have besides.
func dollars(amount decimal.Decimal) string {
	if amount.Exponent() >= -2 || amount.Equal(amount.Truncate(2)) {
		return "$" + grouped(amount.StringFixed(2))
	}
	return "$" + grouped(amount.String())
}

// grouped puts commas between thousands: "1234567.5" becomes "1,234,567.5".
func grouped(number string) string {
	whole, fraction, hasFraction := strings.Cut(number, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if hasFraction {
		return whole + "." + fraction
	}
	return whole
}
