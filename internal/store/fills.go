package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

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

// fillsOf are the fills of one order of ours.
func fillsOf(order trade.Order, fills []trade.Fill) []fillRow {
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

func (r fillRow) key() orderKey { return orderKey{r.AccountID, r.ExecutionID} }

// RecordFills stores executions that are not known yet, ours (of legs too) and others'. Each counts
// once, however often and in whatever order it is told. One that was recorded before its order was
// known gets its order now.
func (s *Store) RecordFills(ctx context.Context, accountID, userID string, fills []trade.Fill) error {
	for some := range slices.Chunk(fills, fillsAtOnce) {
		rows := make([]fillRow, len(some))
		for i, fill := range some {
			rows[i] = rowOfFill(accountID, userID, "", fill)
		}
		if known, err := s.knowsFills(ctx, accountID, rows); err != nil {
			return explain(err)
		} else if known {
			continue
		}
		if _, err := executing.act(ctx, s, s.cycling, rows); err != nil {
			return err
		}
	}
	return nil
}

const fillsAtOnce = 500 // in one transaction and statement

// knowsFills reports whether all of the account's fills are in the journal, with their orders.
func (s *Store) knowsFills(ctx context.Context, accountID string, fills []fillRow) (bool, error) {
	executions, ids := make([]orderKey, len(fills)), make([]string, len(fills))
	for i, fill := range fills {
		executions[i], ids[i] = fill.key(), fill.BrokerOrderID
	}
	known, err := s.knownFills.of(ctx, executions...)
	if err != nil || len(known) < len(fills) {
		return false, err
	}
	mine, err := s.Owners(ctx, accountID, ids)
	return err == nil && !slices.ContainsFunc(known, func(row fillRow) bool { return row.ClientOrderID != mine[row.BrokerOrderID] }), err
}

func (s *Store) readFills(ctx context.Context, executions []orderKey) (rows []fillRow, err error) {
	err = s.givenOrders(s.read, executions, `SELECT fills.* FROM given
		JOIN fills ON fills.account_id = given.account_id AND fills.execution_id = given.id`).Scan(ctx, &rows)
	return rows, err
}

// executing records fills of which it is not known whose they are.
var executing = &kind[[]fillRow]{
	about: func(rows *[]fillRow) string { return (*rows)[0].AccountID },
	change: func(ctx context.Context, s *Store, tx bun.Tx, all []*one[[]fillRow]) error {
		var rows []fillRow
		var keys []orderKey
		for _, fills := range all {
			for _, row := range fills.of {
				rows, keys = append(rows, row), append(keys, orderKey{row.AccountID, row.BrokerOrderID})
			}
		}
		found, err := s.readOwners(ctx, tx, keys)
		if err != nil {
			return err
		}
		mine := make(map[orderKey]string, len(found))
		for _, row := range found {
			mine[row.key()] = row.ClientOrderID
		}
		for i := range rows {
			rows[i].ClientOrderID = mine[keys[i]]
		}
		return s.insertFills(ctx, tx, rows)
	},
}

// insertFills writes the rows that are new, and adds those to what is expected to be held.
func (s *Store) insertFills(ctx context.Context, tx bun.Tx, rows []fillRow) error {
	if len(rows) == 0 {
		return nil
	}
	var fresh []fillRow
	err := tx.NewInsert().Model(&rows).On("CONFLICT (account_id, execution_id) DO NOTHING").Returning("account_id, execution_id").Scan(ctx, &fresh)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	isFresh := make(map[orderKey]bool, len(fresh))
	for _, row := range fresh {
		isFresh[row.key()] = true
	}
	changes := map[holdingKey]decimal.Decimal{}
	var known []fillRow
	for _, row := range rows {
		if isFresh[row.key()] {
			delete(isFresh, row.key()) // told twice at once
			of := holdingKey{row.AccountID, row.Symbol}
			changes[of] = changes[of].Add(row.fill().Signed())
		} else if row.ClientOrderID != "" {
			known = append(known, row)
		}
	}
	if err := s.ownFills(ctx, tx, known); err != nil {
		return err
	}
	return s.changeHoldings(ctx, tx, changes)
}

// ownFills gives fills that were recorded without an order their order.
func (s *Store) ownFills(ctx context.Context, tx bun.Tx, fills []fillRow) error {
	if len(fills) == 0 {
		return nil
	}
	rows := make([][]any, len(fills))
	for i, fill := range fills {
		rows[i] = []any{fill.AccountID, fill.ExecutionID, fill.ClientOrderID}
	}
	_, err := s.given(tx, "account_id TEXT, execution_id TEXT, client_order_id TEXT", rows, `UPDATE fills SET client_order_id = given.client_order_id
		FROM given WHERE fills.account_id = given.account_id AND fills.execution_id = given.execution_id AND fills.client_order_id = ''`).Exec(ctx)
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
