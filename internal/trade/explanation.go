package trade

import (
	"strings"
	"time"
)

// Explanation answers why an account did or did not trade a symbol at a time.
type Explanation struct {
	Symbol string
	At     time.Time // market time that was asked about
	Newest *Cycle    // the newest cycle up to then, without decisions; nil: there was none
	Cycle  *Cycle    // the newest cycle up to then that decided on the symbol, with that decision alone; nil: there was none
	Order  *Order    // that came of the decision; nil: none
	Fills  []Fill    // of the order, oldest first
}

// Decision returns the decision that explains, if there is one.
func (e Explanation) Decision() (Decision, bool) {
	if e.Cycle == nil || len(e.Cycle.Decisions) == 0 {
		return Decision{}, false
	}
	return e.Cycle.Decisions[0], true
}

// Sentence is the answer in words: what was decided, what became of it, whether a later cycle
// decided nothing at all or not on the symbol, and whether no cycle had run for long.
func (e Explanation) Sentence() string {
	return strings.TrimSpace(e.answer() + e.silence())
}

// silence says that no cycle ran in the last hour or more before the time that was asked about.
func (e Explanation) silence() string {
	const long = time.Hour
	if e.Newest == nil || e.At.IsZero() || e.At.Sub(e.Newest.when()) <= long {
		return ""
	}
	return " No cycle ran between " + e.Newest.when().UTC().Format("2006-01-02 15:04 UTC") + " and then."
}

// when is the cycle's market time, or its slot where it came to none.
func (c Cycle) when() time.Time {
	if c.MarketTime.IsZero() {
		return c.Slot
	}
	return c.MarketTime
}

func (e Explanation) answer() string {
	decision, ok := e.Decision()
	switch {
	case e.Newest == nil:
		return "No cycle of this account had run up to then."
	case !ok && e.Newest.Problem != "":
		return e.Symbol + " had not been decided on up to then. The newest cycle: " + e.Newest.Problem
	case !ok:
		return e.Symbol + " had not been decided on up to then: it was not on the account's watchlist."
	}
	sentence := decision.Sentence()
	if e.Order != nil {
		sentence += " " + e.Order.Sentence()
	}
	switch {
	case e.Newest.ID == e.Cycle.ID:
	case e.Newest.Problem != "":
		sentence += " A later cycle decided nothing: " + e.Newest.Problem
	case e.Newest.Outcome == CycleDone:
		sentence += " A later cycle did not decide on " + e.Symbol + "."
	}
	return sentence
}

// Sentence says in words where the order stands.
func (o Order) Sentence() string {
	amount := o.FilledQty.String()
	if o.FilledAvgPrice.Valid {
		amount += " at $" + o.FilledAvgPrice.Decimal.Round(4).String()
	}
	switch o.State {
	case Filled:
		return "The order was filled: " + amount + "."
	case PartiallyFilled:
		return "The order is filled in part: " + amount + "."
	case Rejected:
		return "The broker rejected the order: " + o.Problem
	case Canceled, Expired:
		if o.FilledQty.IsPositive() {
			return "The order ended as " + string(o.State) + " after a part was filled: " + amount + "."
		}
		return strings.TrimSpace("The order ended as " + string(o.State) + ", not filled. " + o.Problem)
	case Accepted:
		return "The broker has the order; it is not filled yet."
	default:
		return "The order is " + string(o.State) + ": what became of it at the broker is asked before anything else is decided."
	}
}
