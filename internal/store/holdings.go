package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

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

type holdingKey struct{ account, symbol string }

// Expected returns what the account should hold by all fills and adjustments; symbols of which
// nothing should be held are left out.
func (s *Store) Expected(ctx context.Context, accountID string) (map[string]decimal.Decimal, error) {
	rows, err := s.holdings.of(ctx, accountID)
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

// changeHoldings adds to what is expected.
func (s *Store) changeHoldings(ctx context.Context, tx bun.Tx, changes map[holdingKey]decimal.Decimal) error {
	held, err := s.lockHoldings(ctx, tx, slices.Collect(maps.Keys(changes)))
	if err != nil {
		return err
	}
	after := make(map[holdingKey]decimal.Decimal, len(changes))
	for of, change := range changes {
		after[of] = held[of].Add(change)
	}
	return s.putHoldings(ctx, tx, after)
}

// lockHoldings returns what is expected of each, and keeps it until the transaction ends. Several
// processes may do so at once: a row is locked before it is read, always in the same order.
func (s *Store) lockHoldings(ctx context.Context, tx bun.Tx, keys []holdingKey) (map[holdingKey]decimal.Decimal, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	slices.SortFunc(keys, func(a, b holdingKey) int {
		return cmp.Or(strings.Compare(a.account, b.account), strings.Compare(a.symbol, b.symbol))
	})
	fresh, names := make([]holdingRow, len(keys)), make([][]any, len(keys))
	for i, of := range keys {
		fresh[i], names[i] = holdingRow{AccountID: of.account, Symbol: of.symbol}, []any{of.account, of.symbol}
	}
	if _, err := tx.NewInsert().Model(&fresh).On("CONFLICT (account_id, symbol) DO NOTHING").Exec(ctx); err != nil {
		return nil, err
	}
	var rows []holdingRow
	err := s.given(tx, "account_id TEXT, symbol TEXT", names, `SELECT holdings.* FROM given
		JOIN holdings ON holdings.account_id = given.account_id AND holdings.symbol = given.symbol
		ORDER BY holdings.account_id, holdings.symbol`+s.dialect.forUpdateOf("holdings")).Scan(ctx, &rows)
	held := make(map[holdingKey]decimal.Decimal, len(rows))
	for _, row := range rows {
		held[holdingKey{row.AccountID, row.Symbol}] = row.Qty
	}
	return held, err
}

func (s *Store) putHoldings(ctx context.Context, tx bun.Tx, after map[holdingKey]decimal.Decimal) error {
	if len(after) == 0 {
		return nil
	}
	rows := make([][]any, 0, len(after))
	for of, qty := range after {
		rows = append(rows, []any{of.account, of.symbol, qty})
	}
	_, err := s.given(tx, "account_id TEXT, symbol TEXT, qty MONEY", rows, `UPDATE holdings SET qty = given.qty FROM given
		WHERE holdings.account_id = given.account_id AND holdings.symbol = given.symbol`).Exec(ctx)
	return err
}

// takeOver makes the broker's quantities the expected ones, and keeps the difference as the symbols'
// baselines: what no execution explains.
func (s *Store) takeOver(ctx context.Context, tx bun.Tx, taken map[holdingKey]trade.Adjustment) error {
	held, err := s.lockHoldings(ctx, tx, slices.Collect(maps.Keys(taken)))
	if err != nil {
		return err
	}
	maps.DeleteFunc(taken, func(of holdingKey, adjustment trade.Adjustment) bool { return held[of].Equal(adjustment.Qty) })
	if len(taken) == 0 {
		return nil
	}
	after := make(map[holdingKey]decimal.Decimal, len(taken))
	for of, adjustment := range taken {
		after[of] = adjustment.Qty
	}
	if err := s.putHoldings(ctx, tx, after); err != nil {
		return err
	}
	accounts := make([]string, 0, len(taken))
	for of := range taken {
		accounts = append(accounts, of.account)
	}
	before, err := readBaselines(ctx, tx, accounts...)
	if err != nil {
		return err
	}
	rows := make([]baselineRow, 0, len(taken))
	for of, adjustment := range taken {
		rows = append(rows, baselineRow{
			AccountID: of.account, Symbol: of.symbol, Qty: before[of].Add(adjustment.Qty).Sub(held[of]), Reason: adjustment.Reason, At: at(s.clock.Now()),
		})
	}
	_, err = tx.NewInsert().Model(&rows).On("CONFLICT (account_id, symbol) DO UPDATE").
		Set("qty = EXCLUDED.qty, reason = EXCLUDED.reason, at = EXCLUDED.at").Exec(ctx)
	return err
}

func readBaselines(ctx context.Context, db bun.IDB, accounts ...string) (map[holdingKey]decimal.Decimal, error) {
	var rows []baselineRow
	err := db.NewSelect().Model(&rows).Where("account_id IN (?)", bun.In(accounts)).Scan(ctx)
	known := make(map[holdingKey]decimal.Decimal, len(rows))
	for _, row := range rows {
		known[holdingKey{row.AccountID, row.Symbol}] = row.Qty
	}
	return known, err
}

// recount sets what is expected of the accounts to the sums of their fills. It comes once, with the
// first reconciliation: fills may be older than the table.
func (s *Store) recount(ctx context.Context, tx bun.Tx, accounts []string) error {
	if len(accounts) == 0 {
		return nil
	}
	var rows []fillRow
	if err := tx.NewSelect().Model(&rows).Where("account_id IN (?)", bun.In(accounts)).Scan(ctx); err != nil {
		return err
	}
	sums := map[holdingKey]decimal.Decimal{}
	for _, row := range rows {
		of := holdingKey{row.AccountID, row.Symbol}
		sums[of] = sums[of].Add(row.fill().Signed())
	}
	if _, err := s.lockHoldings(ctx, tx, slices.Collect(maps.Keys(sums))); err != nil {
		return err
	}
	return s.putHoldings(ctx, tx, sums)
}
