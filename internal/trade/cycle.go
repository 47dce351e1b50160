package trade

import (
	"time"

	"github.com/shopspring/decimal"
)

// Cycle is one run of one account's strategy: the record that answers "why did it (not) trade?".
type Cycle struct {
	ID         string
	AccountID  string
	UserID     string
	Slot       time.Time // the scheduled time in the market's clock; unique for the account
	NextRun    time.Time // the account's next slot, which the record's beginning plans; zero: it plans none. Not kept
	MarketTime time.Time // the broker's clock when it was decided
	StartedAt  time.Time
	FinishedAt time.Time // zero while running
	DryRun     bool
	Equity     decimal.NullDecimal // of the account when it was decided
	Outcome    CycleOutcome
	Problem    string // the sentence shown when Outcome is failed
	Decisions  []Decision
}

// CycleOutcome says how a cycle ended.
type CycleOutcome string

// The outcomes.
const (
	CycleRunning CycleOutcome = "running"
	CycleDone    CycleOutcome = "done"
	CycleFailed  CycleOutcome = "failed"
	CycleSkipped CycleOutcome = "skipped" // market closed, or a slot that passed while nothing ran
)
