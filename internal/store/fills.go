package store

import (
	"context"

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

func insertFills(ctx context.Context, tx bun.Tx, order trade.Order, fills []trade.Fill) error {
	if len(fills) == 0 {
		return nil
	}
	rows := make([]fillRow, 0, len(fills))
	for _, fill := range fills {
		rows = append(rows, fillRow{
			AccountID: order.Intent.AccountID, ExecutionID: fill.ExecutionID,
			ClientOrderID: order.Intent.ClientOrderID, UserID: order.Intent.UserID,
			BrokerOrderID: fill.OrderID, Symbol: fill.Symbol, Side: fill.Side,
			Qty: fill.Qty, Price: fill.Price, FilledAt: at(fill.At),
		})
	}
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (account_id, execution_id) DO NOTHING").Exec(ctx)
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
