package wire

import (
	"time"

	"github.com/shopspring/decimal"
)

// TradeUpdate is what happened to an order: the data of a trade_updates message, and, with its
// account's id, one event of GET /v2/events/trades. Price and Qty are those of this execution,
// PositionQty is signed; they are left out of events that are no execution. Timestamp is there
// for every event because alpaca-py requires it.
type TradeUpdate struct {
	AccountID   string              `json:"account_id,omitempty"`
	At          time.Time           `json:"at"`
	EventID     string              `json:"event_id"` // a ULID; rises within an account
	Event       string              `json:"event"`
	ExecutionID string              `json:"execution_id"`
	Order       Order               `json:"order"` // as it was after the event
	Timestamp   time.Time           `json:"timestamp"`
	Price       decimal.NullDecimal `json:"price,omitzero"`
	Qty         decimal.NullDecimal `json:"qty,omitzero"`
	PositionQty decimal.NullDecimal `json:"position_qty,omitzero"`
}
