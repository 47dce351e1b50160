// Package engine decides: Evaluate turns bars into votes and a signal, Plan turns signals and a
// portfolio into intents or named skips. It does no I/O; what it needs of the world stands here.
package engine

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// The errors by which a Broker says what became of a Submit. Anything else is ErrUnknownOutcome's
// meaning: the order may or may not be at the broker.
var (
	ErrOrderExists    = trade.ErrOrderExists
	ErrOrderRejected  = trade.ErrOrderRejected
	ErrNotAccepted    = trade.ErrNotAccepted
	ErrUnknownOutcome = trade.ErrUnknownOutcome
	ErrOrderNotFound  = trade.ErrOrderNotFound
	ErrKeysRefused    = trade.ErrKeysRefused // wrapped by every call but Submit
)

// Broker is what a cycle needs of one brokerage account. Every call honours its context.
type Broker interface {
	// Submit sends the intent once, never retried. An error wraps one of ErrOrderExists,
	// ErrOrderRejected, ErrNotAccepted or ErrUnknownOutcome.
	Submit(ctx context.Context, intent trade.Intent) (trade.BrokerOrder, error)
	// Cancel asks for the cancellation of the broker's order; nil means that it was asked for, not
	// that it happened: Order shows when it did.
	Cancel(ctx context.Context, brokerOrderID string) error
	// OrderByClientID finds an order in any state with its legs, or returns an error that wraps
	// ErrOrderNotFound.
	OrderByClientID(ctx context.Context, clientOrderID string) (trade.BrokerOrder, error)
	// Order is OrderByClientID by the broker's own id.
	Order(ctx context.Context, brokerOrderID string) (trade.BrokerOrder, error)
	OpenOrders(ctx context.Context) ([]trade.BrokerOrder, error)
	// ClosedOrders returns up to limit orders in a terminal state, newest first.
	ClosedOrders(ctx context.Context, limit int) ([]trade.BrokerOrder, error)
	// Fills returns the account's executions since after, oldest first, each under the broker's
	// execution id.
	Fills(ctx context.Context, after time.Time) ([]trade.Fill, error)
	// Changes returns what has altered positions without an execution since after, oldest first.
	Changes(ctx context.Context, after time.Time) ([]trade.Change, error)
	Account(ctx context.Context) (trade.Account, error)
	Positions(ctx context.Context) ([]trade.Position, error)
	// Asset describes a symbol; an unknown one is a fault of kind NotFound.
	Asset(ctx context.Context, symbol string) (trade.Asset, error)
	// Quotes returns the present bid, ask and last price; symbols without any are absent.
	Quotes(ctx context.Context, symbols []string) (map[string]trade.Quote, error)
	Clock(ctx context.Context) (trade.MarketClock, error)
}

// Journal is the durable record of cycles, intents and orders. Each call is one transaction:
// all of it is there after a crash, or none.
type Journal interface {
	// AcquireLease takes or renews the account's lease for its usual length on the database's
	// clock; a fault of kind Conflict when somebody else holds it.
	AcquireLease(ctx context.Context, accountID, holder string) (trade.Lease, error)
	ReleaseLease(ctx context.Context, lease trade.Lease) error

	// StartCycle records a new cycle in state running; a fault of kind Conflict when the account
	// has a cycle for the slot already. Where cycle.NextRun is set, it plans the account's next slot
	// with the record.
	StartCycle(ctx context.Context, cycle trade.Cycle) error
	// RecordDecisions writes the cycle's decisions, its intents (in state journaled) and an audit
	// entry for each intent, together. Intents whose client order id is journaled already are not
	// written again: their decisions come back with Skip = already_decided and no intent.
	RecordDecisions(ctx context.Context, lease trade.Lease, cycle trade.Cycle) (trade.Cycle, error)
	// RecordIntents writes intents that are no decision on a signal, such as protective orders, in
	// state journaled and with an audit entry each, as the cycle's; it returns those that were not
	// journaled already.
	RecordIntents(ctx context.Context, lease trade.Lease, cycle trade.Cycle, intents []trade.Intent) ([]trade.Intent, error)
	// FinishCycle sets the outcome, the problem and the finishing time.
	FinishCycle(ctx context.Context, cycle trade.Cycle) error

	// UnresolvedOrders returns the account's orders in state journaled, submitting or unknown.
	UnresolvedOrders(ctx context.Context, accountID string) ([]trade.Order, error)
	// LiveOrders returns the account's orders that the broker has and that are not terminal.
	LiveOrders(ctx context.Context, accountID string) ([]trade.Order, error)
	// ClaimOrder moves journaled or unknown to submitting under the lease's epoch, if the order
	// is still in order.State and no later epoch has claimed it; a fault of kind Conflict otherwise.
	// It keeps order.SubmittedAt and order.SentTwice. An error that wraps trade.ErrStopped, and has
	// the sentence, when the standing in force does not allow the order: a standing that was
	// committed before the claim is seen by it.
	ClaimOrder(ctx context.Context, lease trade.Lease, order trade.Order) (trade.Order, error)
	// RecordOrder stores the order's new state, its legs, and fills that are not known yet; a fill
	// that is known (same account and execution id) changes nothing. What is outdated
	// (trade.Order.Outdated) is not stored, so that it needs no lease.
	RecordOrder(ctx context.Context, order trade.Order, fills []trade.Fill) error
	// RecordFound takes orders into the journal that were found at the broker, with their intents and
	// legs, and an audit entry each; those that it has already are left alone.
	RecordFound(ctx context.Context, lease trade.Lease, orders []trade.Order) error
	// OrderOf returns the journal's order that the broker's is, or is a leg of: by client order id,
	// by the broker's id, and by the legs; a fault of kind NotFound for somebody else's.
	OrderOf(ctx context.Context, accountID string, order trade.BrokerOrder) (trade.Order, error)
	// Owners returns the client order ids of our orders that the broker's ids belong to, legs too.
	Owners(ctx context.Context, accountID string, brokerOrderIDs []string) (map[string]string, error)
	// Attempts returns how often the account has journaled an intent for the purpose and bar.
	Attempts(ctx context.Context, accountID, symbol string, purpose trade.Purpose, barEnd time.Time) (int, error)
	// Entries returns by symbol the newest intent to enter that was executed at least in part.
	Entries(ctx context.Context, accountID string, symbols []string) (map[string]trade.Intent, error)
	// Rejections returns how many of the account's newest answered orders the broker rejected one
	// after the other, since the moment and since a person last resumed trading, at most ten.
	Rejections(ctx context.Context, accountID string, since time.Time) (int, error)

	// RecordFills stores executions that are not known yet, ours and others'; each counts once.
	RecordFills(ctx context.Context, accountID, userID string, fills []trade.Fill) error
	// Expected returns what the account should hold by all fills and adjustments; symbols of which
	// nothing should be held are left out.
	Expected(ctx context.Context, accountID string) (map[string]decimal.Decimal, error)
	// Foreign returns the symbols of which something is held, or owed, that this program did not
	// trade: by executions of others, and by what was taken over.
	Foreign(ctx context.Context, accountID string) (map[string]bool, error)
	// TakenOver returns by symbol what was last taken over from the broker, and why; Qty is the part
	// of the position that no execution explains.
	TakenOver(ctx context.Context, accountID string) (map[string]trade.Adjustment, error)
	// Reconciliation returns the last one; a fault of kind NotFound when there is none.
	Reconciliation(ctx context.Context, accountID string) (trade.Reconciliation, error)
	// RecordReconciliation stores the outcome, the quantities taken over from the broker, and the
	// entry if it has an action, together and under the lease.
	RecordReconciliation(ctx context.Context, lease trade.Lease, outcome trade.Reconciliation, taken []trade.Adjustment, entry audit.Entry) error
	// TrackRecord returns what limits ask for: trades that ended, equity, and orders sent, all from
	// since on (orders: at most a day before now); a zero since means all.
	TrackRecord(ctx context.Context, accountID string, since, now time.Time) (trade.TrackRecord, error)

	// Standing returns the state in force for the account: the stricter of its own and the whole
	// installation's.
	Standing(ctx context.Context, accountID string) (trade.Standing, error)
	// Halt puts a state in force, with its audit entry, unless a stricter one is in force already.
	Halt(ctx context.Context, standing trade.Standing) error
}
