package trade

import (
	"time"

	"github.com/shopspring/decimal"
)

// Reconciliation is the last comparison of an account's journal with the broker.
type Reconciliation struct {
	AccountID    string
	CheckedAt    time.Time
	Passed       bool
	InARow       int       // how often it failed without a pass between
	Drift        []Drift   // the differences; empty when it passed
	FillsThrough time.Time // executions up to here are in the journal; zero: none yet
}

// Restored reports whether the record comes from a backup: the account has not been compared with
// the broker since, and nothing is decided before it was.
func (r Reconciliation) Restored() bool { return !r.Passed && r.InARow == 0 }

// Drift is one symbol whose quantity at the broker nothing in the journal explains. Short positions
// have negative quantities.
type Drift struct {
	Symbol   string          `json:"symbol"`
	Expected decimal.Decimal `json:"expected"` // by the journal
	Broker   decimal.Decimal `json:"broker"`
}

// Adjustment takes over a quantity from the broker that no execution explains.
type Adjustment struct {
	Symbol string
	Qty    decimal.Decimal // what is held now, by the broker
	Reason string          // one sentence; with the id of the broker's activity where one explains it
}

// Change is what altered a position at the broker without an execution: a split, a transfer.
type Change struct {
	ID     string // of the broker's activity
	Kind   string // Alpaca's activity type, such as SPLIT
	Symbol string
	At     time.Time // of the day that it belongs to, at the earliest
}
