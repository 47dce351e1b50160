package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
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
	rows, err := s.reconciliations.of(ctx, accountID)
	if err != nil {
		return trade.Reconciliation{}, explain(err)
	}
	if len(rows) == 0 {
		return trade.Reconciliation{}, fault.New(fault.NotFound, "This account has not been compared with the broker yet.")
	}
	row := rows[0]
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
	_, err = comparing.act(ctx, s, s.cycling, comparison{lease: lease, row: row, taken: taken, entry: entry})
	return err
}

// comparison is what is left of one.
type comparison struct {
	lease trade.Lease
	row   reconciliationRow
	taken []trade.Adjustment
	entry audit.Entry // without an action: none
}

var comparing = &kind[comparison]{
	about: func(c *comparison) string { return c.row.AccountID },
	change: func(ctx context.Context, s *Store, tx bun.Tx, all []*one[comparison]) error {
		all, err := holdLeases(ctx, s, tx, all, func(c *comparison) trade.Lease { return c.lease })
		if err != nil || len(all) == 0 {
			return err
		}
		rows, taken, entries := make([]reconciliationRow, len(all)), map[holdingKey]trade.Adjustment{}, []audit.Entry{}
		for i, c := range all {
			if rows[i] = c.of.row; c.of.entry.Action != "" {
				entries = append(entries, c.of.entry)
			}
			for _, adjustment := range c.of.taken {
				taken[holdingKey{c.of.row.AccountID, adjustment.Symbol}] = adjustment
			}
		}
		if err := s.recountNew(ctx, tx, rows); err != nil {
			return err
		}
		if err := s.takeOver(ctx, tx, taken); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&rows).On("CONFLICT (account_id) DO UPDATE").
			Set("checked_at = EXCLUDED.checked_at, passed = EXCLUDED.passed, in_a_row = EXCLUDED.in_a_row, drift = EXCLUDED.drift, fills_through = EXCLUDED.fills_through").Exec(ctx)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, entries...)
	},
}

// recountNew counts anew what is expected of the accounts that were never compared before.
func (s *Store) recountNew(ctx context.Context, tx bun.Tx, rows []reconciliationRow) error {
	accounts := make([]string, len(rows))
	for i, row := range rows {
		accounts[i] = row.AccountID
	}
	known, err := namesOf(ctx, tx.NewRaw("SELECT account_id FROM reconciliations WHERE account_id IN (?)", bun.In(accounts)))
	if err != nil {
		return err
	}
	return s.recount(ctx, tx, slices.DeleteFunc(accounts, func(account string) bool { return known[account] }))
}
