package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// orderRow is the part of an order that changes.
type orderRow struct {
	bun.BaseModel `bun:"table:orders"`

	AccountID      string
	ClientOrderID  string
	UserID         string
	State          trade.OrderState
	BrokerOrderID  string
	BrokerStatus   string
	FilledQty      decimal.Decimal
	FilledAvgPrice decimal.NullDecimal
	Problem        string
	RequestID      string
	SentTwice      bool
	Epoch          int64
	SubmittedAt    instant
	FilledAt       instant
	UpdatedAt      instant
}

func rowOfOrder(o trade.Order) orderRow {
	return orderRow{
		AccountID: o.Intent.AccountID, ClientOrderID: o.Intent.ClientOrderID, UserID: o.Intent.UserID,
		State: o.State, BrokerOrderID: o.BrokerOrderID, BrokerStatus: o.BrokerStatus,
		FilledQty: o.FilledQty, FilledAvgPrice: o.FilledAvgPrice, Problem: o.Problem, RequestID: o.RequestID,
		SentTwice: o.SentTwice, Epoch: o.Epoch, SubmittedAt: at(o.SubmittedAt), FilledAt: at(o.FilledAt), UpdatedAt: at(o.UpdatedAt),
	}
}

func (r orderRow) order(intent intentRow) trade.Order {
	return trade.Order{
		Intent: intent.intent(), State: r.State, BrokerOrderID: r.BrokerOrderID, BrokerStatus: r.BrokerStatus,
		FilledQty: r.FilledQty, FilledAvgPrice: r.FilledAvgPrice, Problem: r.Problem, RequestID: r.RequestID,
		SentTwice: r.SentTwice, Epoch: r.Epoch, SubmittedAt: r.SubmittedAt.Time, FilledAt: r.FilledAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

func insertOrders(ctx context.Context, tx bun.Tx, intents []intentRow, written map[string]bool) error {
	var rows []orderRow
	for _, intent := range intents {
		if written[intent.ID] {
			rows = append(rows, orderRow{
				AccountID: intent.AccountID, ClientOrderID: intent.ClientOrderID, UserID: intent.UserID,
				State: trade.Journaled, UpdatedAt: intent.CreatedAt,
			})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// UnresolvedOrders returns the account's orders in state journaled, submitting or unknown, oldest
// first.
func (s *Store) UnresolvedOrders(ctx context.Context, accountID string) ([]trade.Order, error) {
	return s.ordersInState(ctx, accountID, trade.Journaled, trade.Submitting, trade.Unknown)
}

// LiveOrders returns the account's orders that the broker has and that are not terminal, oldest
// first.
func (s *Store) LiveOrders(ctx context.Context, accountID string) ([]trade.Order, error) {
	return s.ordersInState(ctx, accountID, trade.Accepted, trade.PartiallyFilled)
}

func (s *Store) ordersInState(ctx context.Context, accountID string, states ...trade.OrderState) ([]trade.Order, error) {
	return s.selectOrders(ctx, func(query *bun.SelectQuery) *bun.SelectQuery {
		return query.Where("o.account_id = ? AND o.state IN (?)", accountID, bun.In(states)).
			Order("i.created_at", "i.client_order_id")
	})
}

// JournaledOrders returns an account's newest journaled orders, newest first.
func (s *Store) JournaledOrders(ctx context.Context, userID, accountID string, limit int) ([]trade.Order, error) {
	return s.selectOrders(ctx, func(query *bun.SelectQuery) *bun.SelectQuery {
		return query.Where("o.account_id = ? AND o.user_id = ?", accountID, userID).
			Order("i.created_at DESC", "i.client_order_id DESC").Limit(int64(limit))
	})
}

// selectOrders reads orders (o, joined with their intents i) and then the intents, which never
// change.
func (s *Store) selectOrders(ctx context.Context, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]trade.Order, error) {
	var rows []orderRow
	query := s.read.NewSelect().Model(&rows).ModelTableExpr("orders AS o").ColumnExpr("o.*").
		Join("JOIN intents AS i ON i.account_id = o.account_id AND i.client_order_id = o.client_order_id")
	if err := narrow(query).Scan(ctx); err != nil || len(rows) == 0 {
		return nil, explain(err)
	}
	intents, err := s.intentsOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	orders := make([]trade.Order, 0, len(rows))
	for _, row := range rows {
		orders = append(orders, row.order(intents[row.ClientOrderID]))
	}
	return orders, s.addLegs(ctx, rows[0].AccountID, orders)
}

// intentsOf returns the intents of one account's orders by client order id.
func (s *Store) intentsOf(ctx context.Context, orders []orderRow) (map[string]intentRow, error) {
	ids := make([]string, 0, len(orders))
	for _, order := range orders {
		ids = append(ids, order.ClientOrderID)
	}
	var rows []intentRow
	err := s.read.NewSelect().Model(&rows).
		Where("account_id = ? AND client_order_id IN (?)", orders[0].AccountID, bun.In(ids)).Scan(ctx)
	intents := make(map[string]intentRow, len(rows))
	for _, row := range rows {
		intents[row.ClientOrderID] = row
	}
	return intents, explain(err)
}

// ClaimOrder moves a journaled or unknown order to submitting under the lease's epoch, if the order
// is still in order.State, nobody has taken the lease and no later epoch has claimed it; a fault of
// kind Conflict otherwise. Of several claims exactly one succeeds. It is refused with
// trade.ErrStopped when the standing in force does not allow it: a claim and a change of the
// standing wait for each other, so one that was committed is seen by every later claim.
func (s *Store) ClaimOrder(ctx context.Context, lease trade.Lease, order trade.Order) (trade.Order, error) {
	claimed := order
	if err := claimed.Apply(trade.Claimed); err != nil {
		return order, fault.Because(err, fault.Conflict, "This order cannot be sent any more.")
	}
	claimed.Epoch, claimed.UpdatedAt = lease.Epoch, at(s.clock.Now()).Time
	err := s.alone(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := holdLease(ctx, tx, lease); err != nil {
			return err
		}
		if err := s.mayOrder(ctx, tx, lease.AccountID, order.Intent.Purpose); err != nil {
			return err
		}
		result, err := tx.NewRaw(`UPDATE orders SET state = ?, epoch = ?, sent_twice = ?, updated_at = ?, submitted_at = COALESCE(submitted_at, ?)
			WHERE account_id = ? AND client_order_id = ? AND state = ? AND epoch <= ? AND (state <> ? OR epoch < ?)`,
			claimed.State, claimed.Epoch, claimed.SentTwice, at(claimed.UpdatedAt), at(order.SubmittedAt),
			lease.AccountID, order.Intent.ClientOrderID, order.State, claimed.Epoch,
			trade.Submitting, claimed.Epoch).Exec(ctx)
		return mustChange(result, err, fault.New(fault.Conflict, "Another process is sending this order."))
	})
	if err != nil {
		return order, err
	}
	return claimed, nil
}

// RecordOrder stores the order's new state, its legs, and fills that are not known yet; a fill that
// is known (same account and execution id) changes nothing. Late news never undoes what is known:
// see trade.Order.Outdated.
func (s *Store) RecordOrder(ctx context.Context, order trade.Order, fills []trade.Fill) error {
	order.UpdatedAt = s.clock.Now()
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		known, err := s.lockOrder(ctx, tx, order.Intent)
		if err != nil {
			return err
		}
		if !order.Outdated(known.order(intentRow{})) {
			if err := updateOrder(ctx, tx, order); err != nil {
				return err
			}
		}
		if err := insertLegs(ctx, tx, order); err != nil {
			return err
		}
		return s.insertFills(ctx, tx, order.Intent.AccountID, ownFills(order, fills))
	})
}

func (s *Store) lockOrder(ctx context.Context, tx bun.Tx, intent trade.Intent) (orderRow, error) {
	var row orderRow
	err := tx.NewRaw("SELECT * FROM orders WHERE account_id = ? AND client_order_id = ?"+s.dialect.forUpdate,
		intent.AccountID, intent.ClientOrderID).Scan(ctx, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return row, fault.New(fault.NotFound, "There is no such order in the journal.")
	}
	return row, err
}

func updateOrder(ctx context.Context, tx bun.Tx, order trade.Order) error {
	row := rowOfOrder(order)
	_, err := tx.NewUpdate().Model(&row).
		Column("state", "broker_order_id", "broker_status", "filled_qty", "filled_avg_price", "problem",
			"request_id", "submitted_at", "filled_at", "updated_at").
		Where("account_id = ? AND client_order_id = ?", row.AccountID, row.ClientOrderID).Exec(ctx)
	return err
}
