package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

type fillRow struct {
	bun.BaseModel `bun:"table:fills"`

	AccountID     string
	ExecutionID   string
	ClientOrderID string
	UserID        string
	BrokerOrderID string
	Symbol        string
	Side          trade.Side
	Qty           decimal.Decimal
	Price         decimal.Decimal
	FilledAt      instant
}

// ownFills are the fills of one order of ours.
func ownFills(order trade.Order, fills []trade.Fill) []fillRow {
	rows := make([]fillRow, 0, len(fills))
	for _, fill := range fills {
		rows = append(rows, rowOfFill(order.Intent.AccountID, order.Intent.UserID, order.Intent.ClientOrderID, fill))
	}
	return rows
}

func rowOfFill(accountID, userID, clientOrderID string, fill trade.Fill) fillRow {
	return fillRow{
		AccountID: accountID, ExecutionID: fill.ExecutionID, ClientOrderID: clientOrderID, UserID: userID,
		BrokerOrderID: fill.OrderID, Symbol: fill.Symbol, Side: fill.Side,
		Qty: fill.Qty, Price: fill.Price, FilledAt: at(fill.At),
	}
}

// RecordFills stores executions that are not known yet, ours (of legs too) and others'. Each counts
// once, however often and in whatever order it is told. One that was recorded before its order was
// known gets its order now.
func (s *Store) RecordFills(ctx context.Context, accountID, userID string, fills []trade.Fill) error {
	for ; len(fills) > fillsAtOnce; fills = fills[fillsAtOnce:] {
		if err := s.recordFills(ctx, accountID, userID, fills[:fillsAtOnce]); err != nil {
			return err
		}
	}
	return s.recordFills(ctx, accountID, userID, fills)
}

const fillsAtOnce = 500 // in one transaction and statement

func (s *Store) recordFills(ctx context.Context, accountID, userID string, fills []trade.Fill) error {
	if len(fills) == 0 {
		return nil
	}
	ids := make([]string, 0, len(fills))
	for _, fill := range fills {
		ids = append(ids, fill.OrderID)
	}
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		mine, err := owners(ctx, tx, accountID, ids)
		if err != nil {
			return err
		}
		rows := make([]fillRow, 0, len(fills))
		for _, fill := range fills {
			rows = append(rows, rowOfFill(accountID, userID, mine[fill.OrderID], fill))
		}
		return s.insertFills(ctx, tx, accountID, rows)
	})
}

// insertFills writes the rows that are new, and adds those to what is expected to be held.
func (s *Store) insertFills(ctx context.Context, tx bun.Tx, accountID string, rows []fillRow) error {
	if len(rows) == 0 {
		return nil
	}
	var fresh []string
	err := tx.NewInsert().Model(&rows).On("CONFLICT (account_id, execution_id) DO NOTHING").Returning("execution_id").Scan(ctx, &fresh)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	isFresh := make(map[string]bool, len(fresh))
	for _, id := range fresh {
		isFresh[id] = true
	}
	changes := map[string]decimal.Decimal{}
	for _, row := range rows {
		if isFresh[row.ExecutionID] {
			delete(isFresh, row.ExecutionID) // told twice at once
			changes[row.Symbol] = changes[row.Symbol].Add(row.fill().Signed())
		} else if err := ownFill(ctx, tx, row); err != nil {
			return err
		}
	}
	return s.changeHoldings(ctx, tx, accountID, changes)
}

// ownFill gives a fill that was recorded without an order its order.
func ownFill(ctx context.Context, tx bun.Tx, row fillRow) error {
	if row.ClientOrderID == "" {
		return nil
	}
	_, err := tx.NewRaw("UPDATE fills SET client_order_id = ? WHERE account_id = ? AND execution_id = ? AND client_order_id = ''",
		row.ClientOrderID, row.AccountID, row.ExecutionID).Exec(ctx)
	return err
}

// Fills returns an account's newest executions, newest first.
func (s *Store) Fills(ctx context.Context, userID, accountID string, limit int) ([]trade.Fill, error) {
	var rows []fillRow
	err := s.read.NewSelect().Model(&rows).Where("account_id = ? AND user_id = ?", accountID, userID).
		Order("filled_at DESC", "execution_id DESC").Limit(int64(limit)).Scan(ctx)
	fills := make([]trade.Fill, 0, len(rows))
	for _, row := range rows {
		fills = append(fills, row.fill())
	}
	return fills, explain(err)
}

func (r fillRow) fill() trade.Fill {
	return trade.Fill{
		ExecutionID: r.ExecutionID, OrderID: r.BrokerOrderID, Symbol: r.Symbol, Side: r.Side,
		Qty: r.Qty, Price: r.Price, At: r.FilledAt.Time,
	}
}
