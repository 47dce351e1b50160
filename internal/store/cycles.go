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
// died, since the caller holds the account's lease: they are marked as failed. Where cycle.NextRun is
// set, the account's next slot is planned with the record: a crash leaves both or neither.
func (s *Store) StartCycle(ctx context.Context, cycle trade.Cycle) error {
	if cycle.StartedAt.IsZero() {
		cycle.StartedAt = s.clock.Now()
	}
	cycle.Outcome = trade.CycleRunning
	_, err := starting.act(ctx, s, s.cycling, cycle)
	return err
}

func accountOfCycle(cycle *trade.Cycle) string { return cycle.AccountID }

var starting = &kind[trade.Cycle]{
	about: accountOfCycle,
	change: func(ctx context.Context, s *Store, tx bun.Tx, all []*one[trade.Cycle]) error {
		rows := make([]cycleRow, len(all))
		for i, cycle := range all {
			rows[i] = rowOfCycle(cycle.of)
		}
		ids, err := namesOf(ctx, tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Returning("id"))
		if err != nil {
			return err
		}
		for _, cycle := range all {
			if !ids[cycle.of.ID] {
				cycle.refused = fault.New(fault.Conflict, "This account's cycle of %s has run already.", cycle.of.Slot.UTC().Format("2006-01-02 15:04:05 UTC"))
			}
		}
		begun := accepted(all)
		if err := s.planWith(ctx, tx, begun); err != nil {
			return err
		}
		return s.endInterrupted(ctx, tx, begun)
	},
}

// planWith moves the accounts on from the cycles' slots to their next ones. An account whose plan was
// forgotten or moved on meanwhile keeps it so.
func (s *Store) planWith(ctx context.Context, tx bun.Tx, started []*one[trade.Cycle]) error {
	var rows [][]any
	for _, cycle := range started {
		if !cycle.of.NextRun.IsZero() {
			rows = append(rows, []any{cycle.of.AccountID, at(cycle.of.Slot), at(cycle.of.NextRun)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := s.given(tx, "id TEXT, slot BIGINT, next_run_at BIGINT", rows, `UPDATE brokerage_accounts SET next_run_at = given.next_run_at
		FROM given WHERE brokerage_accounts.id = given.id AND brokerage_accounts.next_run_at <= given.slot`).Exec(ctx)
	return err
}

// endInterrupted marks the accounts' other running cycles as failed.
func (s *Store) endInterrupted(ctx context.Context, tx bun.Tx, started []*one[trade.Cycle]) error {
	if len(started) == 0 {
		return nil
	}
	ids, accounts := make([]string, len(started)), make([]string, len(started))
	for i, cycle := range started {
		ids[i], accounts[i] = cycle.of.ID, cycle.of.AccountID
	}
	_, err := tx.NewRaw(`UPDATE cycles SET outcome = ?, problem = ?, finished_at = ?
		WHERE account_id IN (?) AND outcome = 'running' AND id NOT IN (?)`,
		trade.CycleFailed, "Interrupted: the process ended before the cycle did.", at(s.clock.Now()), bun.In(accounts), bun.In(ids)).Exec(ctx)
	return err
}

// FinishCycle sets the outcome, the problem, the finishing time and, where it is known, the market time.
func (s *Store) FinishCycle(ctx context.Context, cycle trade.Cycle) error {
	if cycle.FinishedAt.IsZero() {
		cycle.FinishedAt = s.clock.Now()
	}
	_, err := finishing.act(ctx, s, s.cycling, cycle)
	return err
}

var finishing = &kind[trade.Cycle]{
	about: accountOfCycle,
	change: func(ctx context.Context, s *Store, tx bun.Tx, all []*one[trade.Cycle]) error {
		rows := make([][]any, len(all))
		for i, cycle := range all {
			rows[i] = []any{cycle.of.ID, cycle.of.AccountID, cycle.of.Outcome, cycle.of.Problem, at(cycle.of.FinishedAt), at(cycle.of.MarketTime)}
		}
		columns := "id TEXT, account_id TEXT, outcome TEXT, problem TEXT, finished_at BIGINT, market_time BIGINT"
		_, err := refuseOthers(ctx, all, cycleID, noCycle(), s.given(tx, columns, rows, `UPDATE cycles SET outcome = given.outcome,
			problem = given.problem, finished_at = given.finished_at, market_time = COALESCE(given.market_time, cycles.market_time)
			FROM given WHERE cycles.id = given.id AND cycles.account_id = given.account_id RETURNING cycles.id`))
		return err
	},
}

func cycleID(cycle *trade.Cycle) string { return cycle.ID }

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
