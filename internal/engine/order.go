package engine

import (
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// order is what to ask of the broker, before it becomes an intent.
type order struct {
	symbol      string
	side        trade.Side
	purpose     trade.Purpose
	kind        trade.OrderType
	tif         trade.TimeInForce
	extended    bool
	qty         decimal.Decimal // qty xor notional
	notional    decimal.Decimal
	limit       decimal.Decimal // zero: none
	class       trade.OrderClass
	guards      guards
	cancelFirst []string
	close       decimal.Decimal // dollars a share at the bar that is decided on
	price       decimal.Decimal // entries: dollars a share, as far as is known
	reserves    decimal.Decimal // buying power that the broker sets aside
}

// unitPrice is what a share costs at most, as far as is known: the limit, else the last close.
func (o *order) unitPrice() decimal.Decimal {
	if o.limit.IsPositive() {
		return o.limit
	}
	return o.close
}

// value is an entry's size in dollars.
func (o *order) value() decimal.Decimal {
	if o.notional.IsPositive() {
		return o.notional
	}
	return o.qty.Mul(o.price)
}

// given is the amount, unset when it is zero.
func given(amount decimal.Decimal) decimal.NullDecimal {
	return decimal.NullDecimal{Decimal: amount, Valid: !amount.IsZero()}
}

// intent completes the order with who asks for it, why, and until when.
func (input *PlanInput) intent(signal *trade.Signal, order *order, revision string) *trade.Intent {
	attempt := 0
	if input.Attempt != nil {
		attempt = input.Attempt(order.symbol, order.purpose, signal.BarEnd)
	}
	return &trade.Intent{
		ID: input.NewID(), AccountID: input.AccountID, UserID: input.UserID, CycleID: input.CycleID,
		ClientOrderID: trade.ClientOrderID(input.AccountID, revision, order.symbol, signal.BarEnd, order.purpose, attempt),
		Symbol:        order.symbol, Side: order.side, Type: order.kind, TimeInForce: order.tif,
		Qty:      decimal.NullDecimal{Decimal: order.qty, Valid: order.notional.IsZero()},
		Notional: given(order.notional), LimitPrice: given(order.limit), ExtendedHours: order.extended,
		Class: order.class, TakeProfit: given(order.guards.profit), StopLoss: given(order.guards.stop),
		CancelFirst: order.cancelFirst, Purpose: order.purpose, Reason: reason(signal, order),
		BarEnd: signal.BarEnd, Attempt: attempt, Deadline: input.Deadline, CreatedAt: input.CreatedAt,
	}
}
