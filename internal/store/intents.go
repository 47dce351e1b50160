package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// intentRow is the part of an order that never changes.
type intentRow struct {
	bun.BaseModel `bun:"table:intents"`

	ID            string
	AccountID     string
	UserID        string
	CycleID       string
	ClientOrderID string
	Symbol        string
	Side          trade.Side
	Type          trade.OrderType
	TimeInForce   trade.TimeInForce
	Qty           decimal.NullDecimal
	Notional      decimal.NullDecimal
	LimitPrice    decimal.NullDecimal
	StopPrice     decimal.NullDecimal
	TrailPercent  decimal.NullDecimal
	ExtendedHours bool
	Class         trade.OrderClass
	TakeProfit    decimal.NullDecimal
	StopLoss      decimal.NullDecimal
	CancelFirst   idList
	Purpose       trade.Purpose
	Reason        string
	BarEnd        instant
	Attempt       int
	Deadline      instant
	CreatedAt     instant
}

func rowOfIntent(i trade.Intent) intentRow {
	return intentRow{
		ID: i.ID, AccountID: i.AccountID, UserID: i.UserID, CycleID: i.CycleID, ClientOrderID: i.ClientOrderID,
		Symbol: i.Symbol, Side: i.Side, Type: i.Type, TimeInForce: i.TimeInForce, Qty: i.Qty, Notional: i.Notional,
		LimitPrice: i.LimitPrice, StopPrice: i.StopPrice, TrailPercent: i.TrailPercent, ExtendedHours: i.ExtendedHours,
		Class: i.Class, TakeProfit: i.TakeProfit, StopLoss: i.StopLoss, CancelFirst: i.CancelFirst,
		Purpose: i.Purpose, Reason: i.Reason, BarEnd: at(i.BarEnd), Attempt: i.Attempt,
		Deadline: at(i.Deadline), CreatedAt: at(i.CreatedAt),
	}
}

func (r intentRow) intent() trade.Intent {
	return trade.Intent{
		ID: r.ID, AccountID: r.AccountID, UserID: r.UserID, CycleID: r.CycleID, ClientOrderID: r.ClientOrderID,
		Symbol: r.Symbol, Side: r.Side, Type: r.Type, TimeInForce: r.TimeInForce, Qty: r.Qty, Notional: r.Notional,
		LimitPrice: r.LimitPrice, StopPrice: r.StopPrice, TrailPercent: r.TrailPercent, ExtendedHours: r.ExtendedHours,
		Class: r.Class, TakeProfit: r.TakeProfit, StopLoss: r.StopLoss, CancelFirst: r.CancelFirst,
		Purpose: r.Purpose, Reason: r.Reason, BarEnd: r.BarEnd.Time, Attempt: r.Attempt,
		Deadline: r.Deadline.Time, CreatedAt: r.CreatedAt.Time,
	}
}

// insertIntents writes the cycles' intents and an order in state journaled for each, except those
// whose client order id the account has used before. It completes the intents with what the cycles
// know and returns the ids of those that were written.
func (s *Store) insertIntents(ctx context.Context, tx bun.Tx, cycles []*trade.Cycle) (map[string]bool, error) {
	var rows []intentRow
	for _, cycle := range cycles {
		for i := range cycle.Decisions {
			if decision := cycle.Decisions[i]; journaled(*cycle, decision) {
				s.complete(decision.Intent, *cycle)
				rows = append(rows, rowOfIntent(*decision.Intent))
			}
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	written, err := namesOf(ctx, tx.NewInsert().Model(&rows).On("CONFLICT (account_id, client_order_id) DO NOTHING").Returning("id"))
	if err != nil {
		return nil, err
	}
	return written, insertOrders(ctx, tx, rows, written)
}

func (s *Store) complete(intent *trade.Intent, cycle trade.Cycle) {
	if intent.ID == "" {
		intent.ID = uuid.NewString()
	}
	if intent.CreatedAt.IsZero() {
		intent.CreatedAt = s.clock.Now()
	}
	intent.AccountID, intent.UserID, intent.CycleID = cycle.AccountID, cycle.UserID, cycle.ID
}
