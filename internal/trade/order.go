package trade

import (
	"time"

	"github.com/shopspring/decimal"
)

// Side is the direction of an order.
type Side string

// The sides.
const (
	SideBuy  Side = "buy"
	SideSell Side = "sell"
)

// OrderType is the kind of order, spelled as Alpaca does.
type OrderType string

// The types of order.
const (
	MarketOrder       OrderType = "market" // executes at the next price
	LimitOrder        OrderType = "limit"
	StopOrder         OrderType = "stop"
	StopLimitOrder    OrderType = "stop_limit"
	TrailingStopOrder OrderType = "trailing_stop"
)

// Stops reports whether an order of the type ends a position because the price went against it.
func (t OrderType) Stops() bool {
	return t == StopOrder || t == StopLimitOrder || t == TrailingStopOrder
}

// OrderClass says whether an order brings others with it, spelled as Alpaca does.
type OrderClass string

// The classes.
const (
	SimpleOrder  OrderClass = "simple"
	BracketOrder OrderClass = "bracket" // with a take-profit and a stop-loss leg
	OTOOrder     OrderClass = "oto"     // with one of the two
	OCOOrder     OrderClass = "oco"     // two exits, of which one cancels the other
)

// TimeInForce says how long an order stays, spelled as Alpaca does.
type TimeInForce string

// The times in force that a strategy may use.
const (
	TIFDay TimeInForce = "day"
	TIFGTC TimeInForce = "gtc"
	TIFIOC TimeInForce = "ioc"
)

// BrokerOrder is an order as the broker reports it.
type BrokerOrder struct {
	ID             string
	ClientOrderID  string
	Symbol         string
	Side           Side
	Type           string
	TimeInForce    string
	Qty            decimal.NullDecimal // unset for notional orders until they fill
	Notional       decimal.NullDecimal
	FilledQty      decimal.Decimal
	FilledAvgPrice decimal.NullDecimal
	LimitPrice     decimal.NullDecimal
	StopPrice      decimal.NullDecimal
	TrailPercent   decimal.NullDecimal
	Class          string        // simple, bracket, oto, oco; empty means simple
	Legs           []BrokerOrder // of a bracket, oto or oco order, when the broker was asked for them
	Own            bool          // journaled by this program, or a leg of such an order; set by the desk, false elsewhere
	Status         string        // Alpaca's order status: accepted, new, partially_filled, filled, canceled ...
	SubmittedAt    time.Time
	FilledAt       time.Time // zero until filled
	UpdatedAt      time.Time
	RequestID      string // the broker's name of the request that made it, for its support; known to who made it
}

// Open reports whether the broker may still fill the order.
func (o BrokerOrder) Open() bool { return !eventOf(o).terminal() }

// Fill is one execution. It is unique by (account, ExecutionID).
type Fill struct {
	ExecutionID string
	OrderID     string // the broker's id of the order
	Symbol      string
	Side        Side
	Qty         decimal.Decimal
	Price       decimal.Decimal
	At          time.Time
}
