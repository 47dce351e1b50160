package strategy

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// sameWithin is the relative difference under which two quantities count as equal.
const sameWithin = 1e-9

// order returns -1, 0 or 1 as a is below, equal to or above b. scale is the size of the numbers
// that a and b were computed from: what is less than one part in 1e12 of it is their rounding.
func order(a, b, scale float64) int {
	difference := a - b
	noise := max(sameWithin*max(math.Abs(a), math.Abs(b)), 1e-12*math.Abs(scale))
	switch {
	case difference > noise:
		return 1
	case difference < -noise:
		return -1
	default:
		return 0
	}
}

// price is the last close that was one; a gap leaves it. It scales what counts as rounding.
type price float64

func (p *price) update(close float64) {
	if !math.IsNaN(close) && !math.IsInf(close, 0) {
		*p = price(close)
	}
}

// crossing remembers how two lines lay at the bar before.
type crossing struct {
	before, now           int
	knownBefore, knownNow bool
}

func (c *crossing) update(known bool, order int) {
	c.before, c.knownBefore = c.now, c.knownNow
	c.now, c.knownNow = order, known
}

// action is a vote for a strict order now after another order, or equality, before.
func (c *crossing) action() trade.Action {
	switch {
	case !c.knownBefore || !c.knownNow:
		return trade.None
	case c.now > 0 && c.before <= 0:
		return trade.Buy
	case c.now < 0 && c.before >= 0:
		return trade.Sell
	default:
		return trade.None
	}
}

// sentence says how one line lies to the other, or how it got there.
func (c *crossing) sentence(line, other string, a, b float64) string {
	if c.now == 0 {
		return line + " " + dollars(a) + " equals " + other + " " + dollars(b)
	}
	left, right := apart(a, b, 2)
	return line + " " + left + " " + c.verb() + " " + other + " " + right
}

// verb says what a line that is not equal to the other does.
func (c *crossing) verb() string {
	crossed := c.action() != trade.None
	switch {
	case c.now > 0 && crossed:
		return "rose above"
	case c.now > 0:
		return "is above"
	case crossed:
		return "fell below"
	default:
		return "is below"
	}
}

// silent is a vote that could not be cast for want of bars.
func silent(indicator string, needs, has int) trade.Vote {
	return trade.Vote{Indicator: indicator, Problem: fmt.Sprintf("%s needs %d bars, has %d", indicator, needs, has)}
}

// cast returns a vote with its values, unless one of them is not a number that could be sent on.
func cast(indicator string, action trade.Action, reason string, values ...trade.Value) trade.Vote {
	if slices.ContainsFunc(values, unknown) {
		return trade.Vote{Indicator: indicator, Problem: indicator + " cannot be computed from these prices"}
	}
	return trade.Vote{Indicator: indicator, Action: action, Values: values, Reason: reason}
}

// known are the values that are numbers which could be sent on.
func known(values ...trade.Value) []trade.Value {
	return slices.DeleteFunc(values, unknown)
}

// unknown reports whether the value is not a number that could be sent on.
func unknown(value trade.Value) bool { return math.IsNaN(value.Number) || math.IsInf(value.Number, 0) }

// dollars writes a price with cents, and with four decimals under a dollar, as exchanges quote.
func dollars(price float64) string {
	if math.Abs(price) < 1 {
		return strconv.FormatFloat(price, 'f', 4, 64)
	}
	return strconv.FormatFloat(price, 'f', 2, 64)
}

// apart writes two different numbers with as many decimals as it takes to tell them apart, and
// at least the given ones: "29.98 < 30.00", never "30.0 < 30.0".
func apart(a, b float64, decimals int) (string, string) {
	for ; ; decimals++ {
		left := strconv.FormatFloat(a, 'f', decimals, 64)
		right := strconv.FormatFloat(b, 'f', decimals, 64)
		if left != right || decimals >= 10 || a == b {
			return left, right
		}
	}
}
