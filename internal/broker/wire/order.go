package wire

import (
	"time"

	"github.com/shopspring/decimal"
)

// Order is an order as the Trading API describes it, its keys in the recorded sequence.
type Order struct {
	ID             string              `json:"id"`
	ClientOrderID  string              `json:"client_order_id"`
	CreatedAt      time.Time           `json:"created_at"`
	UpdatedAt      time.Time           `json:"updated_at"`
	SubmittedAt    time.Time           `json:"submitted_at"`
	FilledAt       *time.Time          `json:"filled_at"`
	ExpiredAt      *time.Time          `json:"expired_at"`
	ExpiresAt      *time.Time          `json:"expires_at"`
	CanceledAt     *time.Time          `json:"canceled_at"`
	FailedAt       *time.Time          `json:"failed_at"`
	ReplacedAt     *time.Time          `json:"replaced_at"`
	ReplacedBy     *string             `json:"replaced_by"`
	Replaces       *string             `json:"replaces"`
	AssetID        string              `json:"asset_id"`
	Symbol         string              `json:"symbol"`
	AssetClass     string              `json:"asset_class"`
	Notional       decimal.NullDecimal `json:"notional"`
	Qty            decimal.NullDecimal `json:"qty"`
	FilledQty      decimal.Decimal     `json:"filled_qty"` // "0", never null
	FilledAvgPrice decimal.NullDecimal `json:"filled_avg_price"`
	OrderClass     string              `json:"order_class"` // empty for simple orders
	OrderType      string              `json:"order_type"`
	Type           string              `json:"type"`
	Side           string              `json:"side"`
	PositionIntent string              `json:"position_intent"`
	TimeInForce    string              `json:"time_in_force"`
	LimitPrice     decimal.NullDecimal `json:"limit_price"`
	StopPrice      decimal.NullDecimal `json:"stop_price"`
	Status         string              `json:"status"`
	ExtendedHours  bool                `json:"extended_hours"`
	Legs           []Order             `json:"legs"`
	TrailPercent   decimal.NullDecimal `json:"trail_percent"`
	TrailPrice     decimal.NullDecimal `json:"trail_price"`
	HWM            decimal.NullDecimal `json:"hwm"`
	Subtag         *string             `json:"subtag"`
	Source         *string             `json:"source"`
}

// CreateOrder is the body of POST /v2/orders. Decimals come as strings or numbers; clients send
// null or leave out what they do not use.
type CreateOrder struct {
	Symbol         string              `json:"symbol"`
	Qty            decimal.NullDecimal `json:"qty"`
	Notional       decimal.NullDecimal `json:"notional"`
	Side           string              `json:"side"`
	Type           string              `json:"type"`
	TimeInForce    string              `json:"time_in_force"`
	LimitPrice     decimal.NullDecimal `json:"limit_price"`
	StopPrice      decimal.NullDecimal `json:"stop_price"`
	TrailPrice     decimal.NullDecimal `json:"trail_price"`
	TrailPercent   decimal.NullDecimal `json:"trail_percent"`
	ExtendedHours  bool                `json:"extended_hours"`
	ClientOrderID  string              `json:"client_order_id"`
	OrderClass     string              `json:"order_class"`
	PositionIntent string              `json:"position_intent"`
	TakeProfit     *TakeProfit         `json:"take_profit"`
	StopLoss       *StopLoss           `json:"stop_loss"`
}

// TakeProfit is the leg of a complex order that closes it with a profit.
type TakeProfit struct {
	LimitPrice decimal.NullDecimal `json:"limit_price"`
}

// StopLoss is the leg of a complex order that closes it with a loss; with a limit price it is a
// stop-limit order.
type StopLoss struct {
	StopPrice  decimal.NullDecimal `json:"stop_price"`
	LimitPrice decimal.NullDecimal `json:"limit_price"`
}

// ReplaceOrder is the body of PATCH /v2/orders/{id}. What is null or left out stays as it is.
type ReplaceOrder struct {
	Qty           decimal.NullDecimal `json:"qty"`
	Notional      decimal.NullDecimal `json:"notional"`
	LimitPrice    decimal.NullDecimal `json:"limit_price"`
	StopPrice     decimal.NullDecimal `json:"stop_price"`
	Trail         decimal.NullDecimal `json:"trail"`
	TimeInForce   string              `json:"time_in_force"`
	ClientOrderID string              `json:"client_order_id"`
}

// ClosedPosition is one item of the 207 answer of DELETE /v2/positions.
type ClosedPosition struct {
	Symbol string `json:"symbol"`
	Status int    `json:"status"`
	Body   any    `json:"body"` // Order, or Error
}

// CanceledOrder is one item of the 207 answer of DELETE /v2/orders.
type CanceledOrder struct {
	ID     string `json:"id"`
	Status int    `json:"status"`
	Body   any    `json:"body"` // Order, or Error
}
