package store

import (
	"context"

	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type cycleRow struct {
	bun.BaseModel `bun:"table:cycles"`

	ID         string
	AccountID  string
	UserID     string
	Slot       instant
	MarketTime instant
	StartedAt  instant
	FinishedAt instant
	DryRun     bool
	Equity     decimal.NullDecimal
	Outcome    trade.CycleOutcome
	Problem    string
	Decided    bool
}

func rowOfCycle(c trade.Cycle) cycleRow {
	return cycleRow{
		ID: c.ID, AccountID: c.AccountID, UserID: c.UserID, Slot: at(c.Slot), MarketTime: at(c.MarketTime),
		StartedAt: at(c.StartedAt), FinishedAt: at(c.FinishedAt), DryRun: c.DryRun, Equity: c.Equity, Outcome: c.Outcome, Problem: c.Problem,
	}
}

func (r cycleRow) cycle() trade.Cycle {
	return trade.Cycle{
		ID: r.ID, AccountID: r.AccountID, UserID: r.UserID, Slot: r.Slot.Time, MarketTime: r.MarketTime.Time,
		StartedAt: r.StartedAt.Time, FinishedAt: r.FinishedAt.Time, DryRun: r.DryRun, Equity: r.Equity, Outcome: r.Outcome, Problem: r.Problem,
	}
}

// StartCycle records a new cycle in state running; a fault of kind Conflict when the account has a
// cycle for the slot already. Cycles of the account that still run are those of a process that
// died, since the caller holds the account's lease: they are marked as failed.
func (s *Store) StartCycle(ctx context.Context, cycle trade.Cycle) error {
	now := s.clock.Now()
	if cycle.StartedAt.IsZero() {
		cycle.StartedAt = now
	}
	cycle.Outcome = trade.CycleRunning
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		row := rowOfCycle(cycle)
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return taken(err, fault.New(fault.Conflict, "This account's cycle of %s has run already.", cycle.Slot.UTC().Format("2006-01-02 15:04:05 UTC")))
		}
		_, err := tx.NewRaw(`UPDATE cycles SET outcome = ?, problem = ?, finished_at = ?
			WHERE account_id = ? AND outcome = ? AND id <> ?`,
			trade.CycleFailed, "Interrupted: the process ended before the cycle did.", at(now),
			cycle.AccountID, trade.CycleRunning, cycle.ID).Exec(ctx)
		return err
	})
}

// FinishCycle sets the outcome, the problem, the finishing time and, where it is known, the market time.
func (s *Store) FinishCycle(ctx context.Context, cycle trade.Cycle) error {
	if cycle.FinishedAt.IsZero() {
		cycle.FinishedAt = s.clock.Now()
	}
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw("UPDATE cycles SET outcome = ?, problem = ?, finished_at = ?, market_time = COALESCE(?, market_time) WHERE id = ? AND account_id = ?",
			cycle.Outcome, cycle.Problem, at(cycle.FinishedAt), at(cycle.MarketTime), cycle.ID, cycle.AccountID).Exec(ctx)
		return mustChange(result, err, noCycle())
	})
}

func noCycle() *fault.Error { return fault.New(fault.NotFound, "There is no such cycle.") }

// Cycles returns an account's newest cycles with their decisions, newest first.
func (s *Store) Cycles(ctx context.Context, userID, accountID string, limit int) ([]trade.Cycle, error) {
	var rows []cycleRow
	err := s.read.NewSelect().Model(&rows).Where("account_id = ? AND user_id = ?", accountID, userID).
		Order("slot DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return []trade.Cycle{}, explain(err)
	}
	cycles := make([]trade.Cycle, 0, len(rows))
	places := map[string]*trade.Cycle{}
	for _, row := range rows {
		cycles = append(cycles, row.cycle())
		places[row.ID] = &cycles[len(cycles)-1]
	}
	if err := s.addDecisions(ctx, places); err != nil {
		return nil, err
	}
	return cycles, nil
}
