package trade

import "time"

// TradingState says what may be ordered. It is latched: only a person lifts it.
type TradingState string

// The states, from free to stopped.
const (
	Active     TradingState = "active"
	ReduceOnly TradingState = "reduce_only" // exits and cancellations only
	Halted     TradingState = "halted"      // nothing is ordered
)

// Stricter returns the one of both that allows less.
func (s TradingState) Stricter(other TradingState) TradingState {
	if s.rank() >= other.rank() {
		return s
	}
	return other
}

func (s TradingState) rank() int {
	switch s {
	case ReduceOnly:
		return 1
	case Halted:
		return 2
	default:
		return 0
	}
}

// Allows reports whether an order of the purpose may be sent. Closing everything is what a stop is
// followed by, so that goes on even when halted.
func (s TradingState) Allows(purpose Purpose) bool {
	switch s {
	case ReduceOnly:
		return purpose.Closes()
	case Halted:
		return purpose == Flatten
	default:
		return true
	}
}

// WholeInstallation is the Standing.AccountID of the state that holds for every account.
const WholeInstallation = ""

// HaltCause says what put a state in force, one of a closed list.
type HaltCause string

// The causes.
const (
	HaltByPerson   HaltCause = "person"           // somebody pressed the button
	HaltMismatch   HaltCause = "mismatch"         // the broker's positions are not the journal's, twice in a row
	HaltRejects    HaltCause = "repeated_rejects" // the broker refused one order after the other
	HaltKeys       HaltCause = "keys_refused"     // the broker no longer takes the keys
	HaltClockSkew  HaltCause = "clock_skew"       // this machine's clock and the broker's differ too much
	HaltOtherOrder HaltCause = "foreign_under_id" // a different order stands under one of our ids
	HaltRisk       HaltCause = "risk_limit"       // a risk limit that stops the account
)

// Standing is the state in force for one account, or for the whole installation.
type Standing struct {
	AccountID string // WholeInstallation: every account
	State     TradingState
	Cause     HaltCause // empty while active
	Reason    string    // one sentence
	Who       string    // user name; "alpaca-trader" when the program did it
	Since     time.Time
}

// Sentence says in words why nothing, or no entry, is ordered.
func (s Standing) Sentence() string {
	what := "Trading is halted"
	if s.State == ReduceOnly {
		what = "Only exits are ordered"
	}
	if s.AccountID == WholeInstallation {
		what += " in the whole installation"
	}
	return what + ": " + s.Reason
}
