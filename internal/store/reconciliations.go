package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

type reconciliationRow struct {
	bun.BaseModel `bun:"table:reconciliations"`

	AccountID    string
	CheckedAt    instant
	Passed       bool
	InARow       int
	Drift        string // JSON: []trade.Drift
	FillsThrough instant
}

// Reconciliation returns the account's last comparison with the broker; a fault of kind NotFound
// when there has been none.
func (s *Store) Reconciliation(ctx context.Context, accountID string) (trade.Reconciliation, error) {
	var row reconciliationRow
	err := s.read.NewSelect().Model(&row).Where("account_id = ?", accountID).Scan(ctx)
	if err != nil {
		return trade.Reconciliation{}, missing(err, "This account has not been compared with the broker yet.")
	}
	found := trade.Reconciliation{
		AccountID: row.AccountID, CheckedAt: row.CheckedAt.Time, Passed: row.Passed, InARow: row.InARow, FillsThrough: row.FillsThrough.Time,
	}
	if err := json.Unmarshal([]byte(row.Drift), &found.Drift); err != nil {
		return trade.Reconciliation{}, fmt.Errorf("read the drift of account %s: %w", accountID, err)
	}
	return found, nil
}
