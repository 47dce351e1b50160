package store

import (
	"context"
	"database/sql"
	"errors"
)

// Snapshot is all tables as they were at one moment, while others go on writing: a read
// transaction, which in both databases makes no writer wait.
type Snapshot struct {
	store *Store
	tx    *sql.Tx
}

// Snapshot takes a snapshot; close it soon: until then SQLite keeps what is written in its
// write-ahead log, and PostgreSQL keeps old rows.
func (s *Store) Snapshot(ctx context.Context) (*Snapshot, error) {
	var options *sql.TxOptions
	if s.pool != nil {
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := s.read.DB.BeginTx(ctx, options)
	if err != nil {
		return nil, explain(err)
	}
	if s.pool != nil {
		if _, err := tx.ExecContext(ctx, unhurried); err != nil {
			return nil, explain(errors.Join(err, tx.Rollback()))
		}
	}
	var id int64 // both databases take the snapshot with the first read
	if err := tx.QueryRowContext(ctx, "SELECT id FROM installation").Scan(&id); err != nil {
		return nil, explain(errors.Join(err, tx.Rollback()))
	}
	return &Snapshot{s, tx}, nil
}

// Close lets go of the snapshot.
func (n *Snapshot) Close() error { return n.tx.Rollback() }

// Tables describes every table that the database has.
func (n *Snapshot) Tables(ctx context.Context) ([]Table, error) {
	var found []Table
	for _, of := range tables {
		table, err := n.store.describe(ctx, n.tx, of)
		if err != nil {
			return nil, err
		}
		if len(table.Columns) > 0 {
			found = append(found, table)
		}
	}
	return found, nil
}

// Read reads the table's rows in the order of its key. One table is read at a time.
func (n *Snapshot) Read(ctx context.Context, table Table) (*Rows, error) {
	return n.store.readTable(ctx, n.tx, table)
}

// Count returns how many rows the table has.
func (n *Snapshot) Count(ctx context.Context, table Table) (count int64, err error) {
	err = n.tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table.Name).Scan(&count)
	return count, explain(err)
}
