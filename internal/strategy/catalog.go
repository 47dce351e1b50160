// Package strategy turns closes into votes: one rule a file, all of them in Catalog. It does no
// I/O and knows no clock.
//
// Two quantities that differ by less than one part in a thousand million are equal here: their
// order is rounding, not a fact about prices, and nobody should trade on it. So a flat series
// never votes (RSI without any movement, bands without width, averages that coincide).
package strategy

import "github.com/jcap24/alpaca-trader/internal/trade"

// Rule is one way to vote.
type Rule struct {
	// Indicator is the vote's name in the API and in the journal.
	Indicator string
	// Enabled reports whether the settings ask for it.
	Enabled func(trade.Settings) bool
	// Parameters writes all settings that its votes depend on, in a form that never changes for
	// the same settings: it becomes part of client order ids.
	Parameters func(trade.Settings) string
	// MinBars is how many bars it takes until its values exist. A crossing needs one more to vote.
	MinBars func(trade.Settings) int
	// SettleBars is how many bars it takes until values and votes no longer depend on where the
	// series was cut off (1e-9 relative); at least MinBars.
	SettleBars func(trade.Settings) int
	// New returns a voter that has seen nothing.
	New func(trade.Settings) Voter
}

// Voter watches one symbol's closes. It is not safe for concurrent use.
type Voter interface {
	// Update takes the next bar's close, NaN for a bar without a price.
	Update(close float64)
	// Vote says what the rule thinks of the last bar.
	Vote() trade.Vote
}

// Catalog lists every rule, in the order in which votes are shown.
var Catalog = []Rule{
	rsiRule,
	smaCrossoverRule,
	macdRule,
	bollingerRule,
}

// Enabled returns the rules that the settings ask for.
func Enabled(settings trade.Settings) []Rule {
	var rules []Rule
	for _, rule := range Catalog {
		if rule.Enabled(settings) {
			rules = append(rules, rule)
		}
	}
	return rules
}
