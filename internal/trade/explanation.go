package trade

import "time"

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
