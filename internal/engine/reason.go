package engine

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// reason is the sentence that explains an intent: "Buy AAPL for $1,000.00: RSI 27.4 < 30 and the
// close 91.20 reached the lower band 91.55."
func reason(signal trade.Signal, order order) string {
	return fmt.Sprintf("%s: %s.", deed(order), because(signal))
}

func deed(order order) string {
	return amount(order) + terms(order)
}

func amount(order order) string {
	switch {
	case order.purpose == trade.Exit && order.side == trade.SideBuy:
		return fmt.Sprintf("Buy back %s of %s", shares(order.qty), order.symbol)
	case order.purpose == trade.Exit:
		return fmt.Sprintf("Sell all %s of %s", shares(order.qty), order.symbol)
	case order.side == trade.SideSell:
		return fmt.Sprintf("Sell %s of %s short", shares(order.qty), order.symbol)
	case order.notional.IsZero():
		return fmt.Sprintf("Buy %s of %s", shares(order.qty), order.symbol)
	default:
		return fmt.Sprintf("Buy %s for %s", order.symbol, dollars(order.notional))
	}
}

// terms says what limits the order and what protects the position.
func terms(order order) string {
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
func because(signal trade.Signal) string {
	var reasons []string
	for _, vote := range signal.Votes {
		if vote.Action == signal.Action && vote.Reason != "" {
			reasons = append(reasons, vote.Reason)
		}
	}
	if len(reasons) == 0 {
		return fmt.Sprintf("the signal is %s", signal.Action)
	}
	last := len(reasons) - 1
	if last == 0 {
		return reasons[0]
	}
	return strings.Join(reasons[:last], ", ") + " and " + reasons[last]
}

func shares(qty decimal.Decimal) string {
	if qty.Equal(decimal.NewFromInt(1)) {
		return "1 share"
	}
	return grouped(qty.String()) + " shares"
}

// dollars writes money with cents, and prices below a dollar with what they have besides.
func dollars(amount decimal.Decimal) string {
	if cents := amount.Round(2); cents.Equal(amount) {
		return "$" + grouped(cents.StringFixed(2))
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
