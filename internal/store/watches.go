package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

type watchRow struct {
	bun.BaseModel `bun:"table:watches"`

	AccountID string
	Holder    string
	ExpiresAt int64 // on the database's clock
}

// ShareWatches returns which of the wanted accounts the holder watches from now on, for as long as a
// lease lasts: as many as each of the processes that share has, those first that it has already.
// What it has beyond that, or is no longer wanted, is left to others; what nobody has, or only
// somebody who has not asked for a lease's length, is taken. The order is that of wanted.
func (s *Store) ShareWatches(ctx context.Context, holder string, wanted []string) ([]string, error) {
	var mine []string
	err := s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		watchers, err := s.enlist(ctx, tx, holder)
		if err != nil {
			return err
		}
		share := (len(wanted) + watchers - 1) / watchers
		var rows []watchRow
		if err := tx.NewSelect().Model(&rows).Scan(ctx); err != nil {
			return err
		}
		take, leave := shared(holder, share, wanted, rows)
		if err := leaveWatches(ctx, tx, holder, leave); err != nil {
			return err
		}
		if err := s.takeWatches(ctx, tx, holder, take); err != nil {
			return err
		}
		_, err = tx.NewRaw(fmt.Sprintf("UPDATE watches SET expires_at = %s + ? WHERE holder = ?", s.dialect.now), s.lease.Microseconds(), holder).Exec(ctx)
		if err != nil {
			return err
		}
		var held []string
		if err := tx.NewRaw("SELECT account_id FROM watches WHERE holder = ?", holder).Scan(ctx, &held); err != nil {
			return err
		}
		mine = inOrder(wanted, held)
		return nil
	})
	return mine, err
}

// enlist counts the holder among those who share, forgets who has not asked for a lease's length
// with what they watched, and returns how many share.
func (s *Store) enlist(ctx context.Context, tx bun.Tx, holder string) (watchers int, err error) {
	now := s.dialect.now
	for _, statement := range []string{
		fmt.Sprintf("INSERT INTO watchers (holder, expires_at) VALUES (?0, %s + ?1) ON CONFLICT (holder) DO UPDATE SET expires_at = excluded.expires_at", now),
		fmt.Sprintf("DELETE FROM watchers WHERE expires_at <= %s AND holder <> ?0", now),
		fmt.Sprintf("DELETE FROM watches WHERE expires_at <= %s AND holder <> ?0", now),
	} {
		if _, err := tx.NewRaw(statement, holder, s.lease.Microseconds()).Exec(ctx); err != nil {
			return 0, err
		}
	}
	return watchers, tx.NewRaw("SELECT COUNT(*) FROM watchers").Scan(ctx, &watchers)
}

// shared says what a holder takes of the wanted accounts, and leaves of what it has, by its share.
func shared(holder string, share int, wanted []string, rows []watchRow) (take, leave []string) {
	held, mine := make(map[string]bool, len(rows)), map[string]bool{}
	for _, row := range rows {
		held[row.AccountID] = true
		if row.Holder == holder {
			mine[row.AccountID] = true
		}
	}
	kept := 0
	for _, account := range wanted {
		if mine[account] && kept < share {
			kept++
			delete(mine, account)
		}
	}
	for _, account := range wanted {
		if !held[account] && kept+len(take) < share {
			take = append(take, account)
		}
	}
	for account := range mine {
		leave = append(leave, account)
	}
	return take, leave
}

func leaveWatches(ctx context.Context, tx bun.Tx, holder string, accounts []string) error {
	for batch := range slices.Chunk(accounts, watchesAtOnce) {
		if _, err := tx.NewRaw("DELETE FROM watches WHERE holder = ? AND account_id IN (?)", holder, bun.In(batch)).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// takeWatches takes those that nobody has taken meanwhile, in one order for all who do.
func (s *Store) takeWatches(ctx context.Context, tx bun.Tx, holder string, accounts []string) error {
	slices.Sort(accounts)
	for batch := range slices.Chunk(accounts, watchesAtOnce) {
		rows := make([]watchRow, len(batch))
		for i, account := range batch {
			rows[i] = watchRow{AccountID: account, Holder: holder}
		}
		if _, err := tx.NewInsert().Model(&rows).On("CONFLICT (account_id) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// watchesAtOnce bounds the parameters of one statement.
const watchesAtOnce = 500

// inOrder are the wanted accounts that are held, as they are wanted.
func inOrder(wanted, held []string) []string {
	known := make(map[string]bool, len(held))
	for _, account := range held {
		known[account] = true
	}
	var ordered []string
	for _, account := range wanted {
		if known[account] {
			ordered = append(ordered, account)
		}
	}
	return ordered
}

// LeaveWatches leaves all that the holder watches to the others, at once.
func (s *Store) LeaveWatches(ctx context.Context, holder string) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, statement := range []string{"DELETE FROM watches WHERE holder = ?", "DELETE FROM watchers WHERE holder = ?"} {
			if _, err := tx.NewRaw(statement, holder).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}
