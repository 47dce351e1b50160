package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// What stands here is counted across users, for who watches the installation: numbers only.

// ofAutomated names automated accounts of users who are not disabled.
const ofAutomated = " FROM brokerage_accounts AS a WHERE a.automated AND a.user_id IN (SELECT id FROM users WHERE NOT disabled)"

// Uncompared is how many automated accounts no comparison with the broker has found in agreement
// since the moment. Accounts that are halted do not count: nothing is ordered there before a person
// has looked.
func (s *Store) Uncompared(ctx context.Context, since time.Time) (int, error) {
	var count int
	err := s.read.NewRaw("SELECT COUNT(*)"+ofAutomated+`
		AND a.id NOT IN (SELECT account_id FROM reconciliations WHERE passed AND checked_at >= ?)
		AND NOT EXISTS (SELECT 1 FROM standings AS s WHERE s.account_id IN (a.id, ?) AND s.state = ?)`,
		at(since), trade.WholeInstallation, trade.Halted).Scan(ctx, &count)
	return count, explain(err)
}

// AutomatedByState counts the automated accounts by the state of trading in force.
func (s *Store) AutomatedByState(ctx context.Context) (map[trade.TradingState]int, error) {
	var rows []struct {
		State, Whole trade.TradingState
		Count        int
	}
	err := s.read.NewRaw(`SELECT COALESCE((SELECT s.state FROM standings AS s WHERE s.account_id = a.id), ?0) AS state,
		COALESCE((SELECT s.state FROM standings AS s WHERE s.account_id = ?1), ?0) AS whole, COUNT(*) AS count`+ofAutomated+" GROUP BY 1, 2",
		trade.Active, trade.WholeInstallation).Scan(ctx, &rows)
	counts := map[trade.TradingState]int{}
	for _, row := range rows {
		counts[row.State.Stricter(row.Whole)] += row.Count
	}
	return counts, explain(err)
}

// Drifting is how many automated accounts differed from their brokers when last compared.
func (s *Store) Drifting(ctx context.Context) (int, error) {
	var count int
	err := s.read.NewRaw("SELECT COUNT(*)"+ofAutomated+" AND a.id IN (SELECT account_id FROM reconciliations WHERE NOT passed)").Scan(ctx, &count)
	return count, explain(err)
}

// OldestSlot is the earliest planned cycle of all automated accounts outside of the demonstration
// market; the zero time when none is planned.
func (s *Store) OldestSlot(ctx context.Context) (time.Time, error) {
	var oldest *instant
	err := s.read.NewRaw("SELECT MIN(a.next_run_at)"+ofAutomated+" AND NOT a.demo AND a.next_run_at > 0").Scan(ctx, &oldest)
	if err != nil || oldest == nil {
		return time.Time{}, explain(err)
	}
	return oldest.Time, nil
}

// UnfinishedOrders counts the journal's orders that are not at their end, by state.
func (s *Store) UnfinishedOrders(ctx context.Context) (map[trade.OrderState]int, error) {
	return countBy[trade.OrderState](ctx, s, "SELECT state AS key, COUNT(*) AS count FROM orders WHERE state IN ('journaled', 'submitting', 'unknown', 'accepted', 'partially_filled') GROUP BY state")
}

// WaitingJobs counts by queue what is to be done and has not begun. The queue's tables must be there.
func (s *Store) WaitingJobs(ctx context.Context) (map[string]int, error) {
	return countBy[string](ctx, s, "SELECT queue AS key, COUNT(*) AS count FROM river_job WHERE state IN ('available', 'retryable') GROUP BY queue")
}

// AuditActions counts the entries after the sequence by action, and returns the newest sequence.
func (s *Store) AuditActions(ctx context.Context, after int64) (counts map[audit.Action]int, newest int64, err error) {
	var rows []struct {
		Action audit.Action
		Count  int
		Newest int64
	}
	err = s.read.NewRaw("SELECT action, COUNT(*) AS count, MAX(sequence) AS newest FROM audit_entries WHERE sequence > ? GROUP BY action", after).Scan(ctx, &rows)
	counts = map[audit.Action]int{}
	for _, row := range rows {
		counts[row.Action], after = row.Count, max(after, row.Newest)
	}
	return counts, after, explain(err)
}

func countBy[K ~string](ctx context.Context, s *Store, query string) (map[K]int, error) {
	var rows []struct {
		Key   K
		Count int
	}
	err := s.read.NewRaw(query).Scan(ctx, &rows)
	counts := map[K]int{}
	for _, row := range rows {
		counts[row.Key] = row.Count
	}
	return counts, explain(err)
}

// Connections are one pool's: how many are in use and open, how many there may be, and how often
// and how long somebody has waited for one.
type Connections struct {
	InUse, Open, Most int
	Waits             int64
	Waited            time.Duration
}

// Connections returns the pools of the database by name: the writing and the reading one of SQLite,
// the one of PostgreSQL.
func (s *Store) Connections() map[string]Connections {
	if s.pool != nil {
		stat := s.pool.Stat()
		return map[string]Connections{"pool": {
			int(stat.AcquiredConns()), int(stat.TotalConns()), int(stat.MaxConns()), stat.EmptyAcquireCount(), stat.EmptyAcquireWaitTime(),
		}}
	}
	pools := map[string]Connections{}
	for name, pool := range map[string]interface{ Stats() sql.DBStats }{"write": s.write.DB, "read": s.read.DB} {
		stat := pool.Stats()
		pools[name] = Connections{stat.InUse, stat.OpenConnections, stat.MaxOpenConnections, stat.WaitCount, stat.WaitDuration}
	}
	return pools
}

// AuditNewest is the sequence of the newest entry of the audit log.
func (s *Store) AuditNewest(ctx context.Context) (newest int64, err error) {
	err = s.read.NewRaw("SELECT sequence FROM audit_head WHERE id = 1").Scan(ctx, &newest)
	return newest, explain(err)
}
