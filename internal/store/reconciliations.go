package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
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

// RecordReconciliation stores the outcome, the quantities taken over from the broker, and the entry
// if it has an action, together and under the lease.
func (s *Store) RecordReconciliation(ctx context.Context, lease trade.Lease, outcome trade.Reconciliation, taken []trade.Adjustment, entry audit.Entry) error {
	drift, err := json.Marshal(outcome.Drift)
	if err != nil {
		return fmt.Errorf("encode drift: %w", err)
	}
	row := reconciliationRow{
		AccountID: outcome.AccountID, CheckedAt: at(outcome.CheckedAt), Passed: outcome.Passed, InARow: outcome.InARow,
		Drift: string(drift), FillsThrough: at(outcome.FillsThrough),
	}
	change := func(ctx context.Context, tx bun.Tx) error {
		if err := holdLease(ctx, tx, lease); err != nil {
			return err
		}
		return s.putReconciliation(ctx, tx, row, taken)
	}
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := change(ctx, tx); err != nil {
			return err
		}
		if entry.Action == "" {
			return nil
		}
		return s.audit(ctx, tx, entry)
	})
}

func (s *Store) putReconciliation(ctx context.Context, tx bun.Tx, row reconciliationRow, taken []trade.Adjustment) error {
	var before int
	if err := tx.NewRaw("SELECT COUNT(*) FROM reconciliations WHERE account_id = ?", row.AccountID).Scan(ctx, &before); err != nil {
		return err
	}
	if before == 0 {
		if err := s.recount(ctx, tx, row.AccountID); err != nil {
			return err
		}
	}
	for _, adjustment := range taken {
		if err := s.takeOver(ctx, tx, row.AccountID, adjustment); err != nil {
			return err
		}
	}
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (account_id) DO UPDATE").
		Set("checked_at = EXCLUDED.checked_at, passed = EXCLUDED.passed, in_a_row = EXCLUDED.in_a_row, drift = EXCLUDED.drift, fills_through = EXCLUDED.fills_through").Exec(ctx)
	return err
}
