package store

import (
	"context"
	"maps"
	"slices"

	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// holdingRow is what the journal expects to be held of one symbol: all fills, and what was taken
// over without one.
type holdingRow struct {
	bun.BaseModel `bun:"table:holdings"`

	AccountID string
	Symbol    string
	Qty       decimal.Decimal
}

// Expected returns what the account should hold by all fills and adjustments; symbols of which
// nothing should be held are left out.
func (s *Store) Expected(ctx context.Context, accountID string) (map[string]decimal.Decimal, error) {
	var rows []holdingRow
	err := s.read.NewSelect().Model(&rows).Where("account_id = ?", accountID).Scan(ctx)
	held := make(map[string]decimal.Decimal, len(rows))
	for _, row := range rows {
		if !row.Qty.IsZero() {
			held[row.Symbol] = row.Qty
		}
	}
	return held, explain(err)
}

// baselineRow is the part of a position that no execution explains.
type baselineRow struct {
	bun.BaseModel `bun:"table:baselines"`

	AccountID string
	Symbol    string
	Qty       decimal.Decimal
	Reason    string
	At        instant
}

// TakenOver returns by symbol what was last taken over from the broker, and why; Qty is the part of
// the position that no execution explains.
func (s *Store) TakenOver(ctx context.Context, accountID string) (map[string]trade.Adjustment, error) {
	var rows []baselineRow
	err := s.read.NewSelect().Model(&rows).Where("account_id = ?", accountID).Scan(ctx)
	taken := make(map[string]trade.Adjustment, len(rows))
	for _, row := range rows {
		taken[row.Symbol] = trade.Adjustment{Symbol: row.Symbol, Qty: row.Qty, Reason: row.Reason}
	}
	return taken, explain(err)
}

// Foreign returns the symbols of which something is held, or owed, that this program did not trade:
// by executions of others, and by what was taken over.
func (s *Store) Foreign(ctx context.Context, accountID string) (map[string]bool, error) {
	var fills []fillRow
	if err := s.read.NewSelect().Model(&fills).Where("account_id = ? AND client_order_id = ''", accountID).Scan(ctx); err != nil {
		return nil, explain(err)
	}
	taken, err := s.TakenOver(ctx, accountID)
	if err != nil {
		return nil, err
	}
	sums := map[string]decimal.Decimal{}
	for symbol, adjustment := range taken {
		sums[symbol] = adjustment.Qty
	}
	for _, row := range fills {
		sums[row.Symbol] = sums[row.Symbol].Add(row.fill().Signed())
	}
	foreign := map[string]bool{}
	for symbol, sum := range sums {
		if !sum.IsZero() {
			foreign[symbol] = true
		}
	}
	return foreign, nil
}

// changeHoldings adds to what is expected. Several processes may do so at once: a row is locked
// before it is read, always in the order of the symbols.
func (s *Store) changeHoldings(ctx context.Context, tx bun.Tx, accountID string, changes map[string]decimal.Decimal) error {
	for _, symbol := range slices.Sorted(maps.Keys(changes)) {
		held, err := s.lockHolding(ctx, tx, accountID, symbol)
		if err != nil {
			return err
		}
		if err := putHolding(ctx, tx, accountID, symbol, held.Add(changes[symbol])); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) lockHolding(ctx context.Context, tx bun.Tx, accountID, symbol string) (held decimal.Decimal, err error) {
	_, err = tx.NewRaw("INSERT INTO holdings (account_id, symbol, qty) VALUES (?, ?, '0') ON CONFLICT (account_id, symbol) DO NOTHING",
		accountID, symbol).Exec(ctx)
	if err != nil {
		return held, err
	}
	err = tx.NewRaw("SELECT qty FROM holdings WHERE account_id = ? AND symbol = ?"+s.dialect.forUpdate, accountID, symbol).Scan(ctx, &held)
	return held, err
}

func putHolding(ctx context.Context, tx bun.Tx, accountID, symbol string, qty decimal.Decimal) error {
	_, err := tx.NewRaw("UPDATE holdings SET qty = ? WHERE account_id = ? AND symbol = ?", qty, accountID, symbol).Exec(ctx)
	return err
}

// takeOver makes the broker's quantity the expected one, and keeps the difference as the symbol's
// baseline: what no execution explains.
func (s *Store) takeOver(ctx context.Context, tx bun.Tx, accountID string, taken trade.Adjustment) error {
	held, err := s.lockHolding(ctx, tx, accountID, taken.Symbol)
	if err != nil || held.Equal(taken.Qty) {
		return err
	}
	if err := putHolding(ctx, tx, accountID, taken.Symbol, taken.Qty); err != nil {
		return err
	}
	baseline, err := readBaseline(ctx, tx, accountID, taken.Symbol)
	if err != nil {
		return err
	}
	row := baselineRow{
		AccountID: accountID, Symbol: taken.Symbol, Qty: baseline.Add(taken.Qty).Sub(held), Reason: taken.Reason, At: at(s.clock.Now()),
	}
	_, err = tx.NewInsert().Model(&row).On("CONFLICT (account_id, symbol) DO UPDATE").
		Set("qty = EXCLUDED.qty, reason = EXCLUDED.reason, at = EXCLUDED.at").Exec(ctx)
	return err
}

func readBaseline(ctx context.Context, db bun.IDB, accountID, symbol string) (decimal.Decimal, error) {
	var known []baselineRow
	err := db.NewSelect().Model(&known).Where("account_id = ? AND symbol = ?", accountID, symbol).Scan(ctx)
	if err != nil || len(known) == 0 {
		return decimal.Zero, err
	}
	return known[0].Qty, nil
}

// recount sets what is expected to the sum of the account's fills. It comes once, with the first
// reconciliation: fills may be older than the table.
func (s *Store) recount(ctx context.Context, tx bun.Tx, accountID string) error {
	var rows []fillRow
	if err := tx.NewSelect().Model(&rows).Where("account_id = ?", accountID).Scan(ctx); err != nil {
		return err
	}
	sums := map[string]decimal.Decimal{}
	for _, row := range rows {
		sums[row.Symbol] = sums[row.Symbol].Add(row.fill().Signed())
	}
	for _, symbol := range slices.Sorted(maps.Keys(sums)) {
		if _, err := s.lockHolding(ctx, tx, accountID, symbol); err != nil {
			return err
		}
		if err := putHolding(ctx, tx, accountID, symbol, sums[symbol]); err != nil {
			return err
		}
	}
	return nil
}
