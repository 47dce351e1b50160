package trade

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// OrderState is where an intent's order stands in the journal.
type OrderState string

// The states. Filled, Canceled, Expired and Rejected are terminal.
const (
	Journaled       OrderState = "journaled"  // written down, not sent
	Submitting      OrderState = "submitting" // claimed; a POST may be on its way
	Unknown         OrderState = "unknown"    // the answer was lost; ask by client order id
	Accepted        OrderState = "accepted"   // the broker has it
	PartiallyFilled OrderState = "partially_filled"
	Filled          OrderState = "filled"
	Canceled        OrderState = "canceled"
	Expired         OrderState = "expired"
	Rejected        OrderState = "rejected"
)

// Terminal reports whether nothing can happen to the order any more.
func (s OrderState) Terminal() bool {
	return s == Filled || s == Canceled || s == Expired || s == Rejected
}

// Unresolved reports whether the broker must be asked before anything else is decided.
func (s OrderState) Unresolved() bool {
	return s == Journaled || s == Submitting || s == Unknown
}

// OrderEvent is something that happens to an order.
type OrderEvent string

// The events.
const (
	Claimed      OrderEvent = "claimed"      // this process is about to send it
	AnswerLost   OrderEvent = "answer_lost"  // time-out, reset, 5xx, crash
	NotTaken     OrderEvent = "not_taken"    // 429, or proven absent at the broker: may be sent again
	Acknowledged OrderEvent = "acknowledged" // the broker has it and may fill it
	FilledPart   OrderEvent = "filled_part"
	FilledAll    OrderEvent = "filled_all"
	WasCanceled  OrderEvent = "was_canceled"
	WasExpired   OrderEvent = "was_expired" // at the broker, or here by its deadline
	WasRejected  OrderEvent = "was_rejected"
)

func (e OrderEvent) terminal() bool {
	return e == FilledAll || e == WasCanceled || e == WasExpired || e == WasRejected
}

// transitions is the one table of an order's life. What is not in it cannot happen; an event
// that only repeats what is known leads to the same state.
var transitions = map[OrderState]map[OrderEvent]OrderState{
	Journaled: atBroker(map[OrderEvent]OrderState{
		Claimed: Submitting,
	}),
	Submitting: atBroker(map[OrderEvent]OrderState{
		Claimed: Submitting, AnswerLost: Unknown, NotTaken: Journaled,
	}),
	Unknown: atBroker(map[OrderEvent]OrderState{
		Claimed: Submitting, AnswerLost: Unknown, NotTaken: Journaled,
	}),
	Accepted: atBroker(nil),
	PartiallyFilled: {
		Acknowledged: PartiallyFilled, FilledPart: PartiallyFilled, FilledAll: Filled,
		WasCanceled: Canceled, WasExpired: Expired, WasRejected: Rejected, // the rest of it
	},
	Filled:   {FilledAll: Filled, FilledPart: Filled, Acknowledged: Filled}, // late and repeated events
	Canceled: {WasCanceled: Canceled, Acknowledged: Canceled, FilledPart: Canceled},
	Expired:  {WasExpired: Expired, Acknowledged: Expired, FilledPart: Expired},
	Rejected: {WasRejected: Rejected, Acknowledged: Rejected, FilledPart: Rejected},
}

// atBroker adds the events by which the broker shows that it knows the order.
func atBroker(more map[OrderEvent]OrderState) map[OrderEvent]OrderState {
	table := map[OrderEvent]OrderState{
		Acknowledged: Accepted, FilledPart: PartiallyFilled, FilledAll: Filled,
		WasCanceled: Canceled, WasExpired: Expired, WasRejected: Rejected,
	}
	for event, state := range more {
		table[event] = state
	}
	return table
}

// Order is an intent's life in the journal.
type Order struct {
	Intent         Intent
	State          OrderState
	BrokerOrderID  string
	BrokerStatus   string // Alpaca's own word
	FilledQty      decimal.Decimal
	FilledAvgPrice decimal.NullDecimal
	Problem        string    // the broker's reason for a rejection
	RequestID      string    // X-Request-ID of the broker's answer when it was sent; empty: none came
	SentTwice      bool      // it was sent again after the broker proved not to have it
	Epoch          int64     // epoch of the lease under which it was claimed
	Legs           []Leg     // of a bracket, oto or oco order, as far as the broker has told
	SubmittedAt    time.Time // the broker's, or while that is not known the market time of sending
	FilledAt       time.Time
	UpdatedAt      time.Time
}

// Leg is an order that the broker made because an order of ours brings it along.
type Leg struct {
	BrokerOrderID string
	Type          OrderType
}

// Apply moves the order by the event, or returns an error and leaves it as it was.
func (o *Order) Apply(event OrderEvent) error {
	next, ok := transitions[o.State][event]
	if !ok {
		return fmt.Errorf("order %s: %s cannot follow %s", o.Intent.ClientOrderID, event, o.State)
	}
	o.State = next
	return nil
}

// Adopt takes over what the broker reports about the order. Quantities never go back: a late
// report with less filled than is known changes nothing.
func (o *Order) Adopt(report BrokerOrder) error {
	if report.FilledQty.LessThan(o.FilledQty) {
		return nil
	}
	if err := o.Apply(eventOf(report)); err != nil {
		return err
	}
	o.BrokerOrderID, o.BrokerStatus = report.ID, report.Status
	o.FilledQty, o.FilledAvgPrice = report.FilledQty, report.FilledAvgPrice
	o.SubmittedAt, o.FilledAt = report.SubmittedAt, report.FilledAt
	for _, leg := range report.Legs {
		o.addLeg(Leg{leg.ID, OrderType(leg.Type)})
	}
	return nil
}

func (o *Order) addLeg(leg Leg) {
	for _, known := range o.Legs {
		if known.BrokerOrderID == leg.BrokerOrderID {
			return
		}
	}
	o.Legs = append(slices.Clone(o.Legs), leg)
}

// Outdated reports whether known says more than the order, which then must not replace it: known is
// terminal already, has filled more, is at the broker while the order does not know that yet, or
// was claimed under a later lease and the order says nothing that the broker said. Whoever writes
// orders asks this under a lock, so that reports may come late, twice, out of order and from
// several processes at once.
func (o Order) Outdated(known Order) bool {
	switch {
	case o.FilledQty.LessThan(known.FilledQty):
		return true
	case known.State.Terminal():
		return o.State != known.State
	case !o.State.Unresolved():
		return o.State == Accepted && known.State == PartiallyFilled
	default:
		return !known.State.Unresolved() || o.Epoch < known.Epoch
	}
}

// Matches reports whether the broker's order is the one that the intent asked for. It is asked
// before an order found under the intent's client order id is adopted.
func (i Intent) Matches(o BrokerOrder) bool {
	return o.ClientOrderID == i.ClientOrderID && o.Symbol == i.Symbol && o.Side == i.Side &&
		o.Type == string(i.Type) && i.Class.same(OrderClass(o.Class)) && i.samePrices(o) && sameAmount(i.Qty, o.Qty, i.Notional.Valid) && sameAmount(i.Notional, o.Notional, i.Qty.Valid)
}

// same compares classes; a broker may leave out that an order is simple.
func (c OrderClass) same(other OrderClass) bool {
	return c == other || (c == "" || c == SimpleOrder) && (other == "" || other == SimpleOrder)
}

// samePrices compares the prices that were asked for; others are the broker's to set, such as the
// stop price that follows a trailing stop.
func (i Intent) samePrices(o BrokerOrder) bool {
	return sameAmount(i.LimitPrice, o.LimitPrice, true) && sameAmount(i.StopPrice, o.StopPrice, true) &&
		sameAmount(i.TrailPercent, o.TrailPercent, true)
}

// sameAmount compares an asked amount with a reported one. A broker may fill in the amount that
// was not asked for (the quantity of a notional order), so that one is not compared.
func sameAmount(asked, reported decimal.NullDecimal, other bool) bool {
	if !asked.Valid {
		return other || !reported.Valid
	}
	return reported.Valid && reported.Decimal.Equal(asked.Decimal)
}

// eventOf is what the report says has happened. A replaced order has ended; what replaces it is a
// person's, because only people replace orders.
//
// It translates Alpaca's order status (RULES 5.11: accepted, pending_new, new,
// partially_filled, filled, done_for_day, canceled, expired, replaced, pending_cancel,
// pending_replace, held, stopped, rejected, suspended, calculated, accepted_for_bidding).
func eventOf(report BrokerOrder) OrderEvent {
	switch report.Status {
	case "partially_filled":
		return FilledPart
	case "filled":
		return FilledAll
	case "canceled", "replaced":
		return WasCanceled
	case "expired":
		return WasExpired
	case "rejected":
		return WasRejected
	}
	if report.FilledQty.IsPositive() { // such as done_for_day or pending_cancel
		return FilledPart
	}
	return Acknowledged
}
