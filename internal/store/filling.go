package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Filling is the one transaction in which a database that holds nothing yet gets all of its rows.
type Filling struct {
	store *Store
	conn  bun.Conn
	tx    bun.Tx
}

// notEmpty is the sentence about a database that holds something.
const notEmpty = "The database %s is not empty. Name one that is new, or empty it with `alpaca-trader db reset`. Nothing was changed."

// Fill runs the work on a database without an installation and commits when it returns nil; on any
// error, and after a crash, the database is as it was. The schema must be there (MigrateTo).
// Servers that start meanwhile wait.
func (s *Store) Fill(ctx context.Context, work func(*Filling) error) error {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return explain(err)
	}
	defer conn.Close()
	return explain(conn.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		f := &Filling{s, conn, tx}
		if s.pool != nil {
			if _, err := tx.ExecContext(ctx, unhurried); err != nil {
				return err
			}
		}
		if err := f.refuseFull(ctx); err != nil {
			return err
		}
		for _, table := range []string{"installation", "installation_settings", "audit_head"} { // what migrations put there
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return work(f)
	}))
}

// refuseFull locks the installation's row, on which a server that starts would wait, and looks
// for anything that somebody would miss.
func (f *Filling) refuseFull(ctx context.Context) error {
	if err := queue(ctx, f.tx); err != nil {
		return err
	}
	empty, err := f.store.isEmpty(ctx, f.tx)
	if err != nil || empty {
		return err
	}
	return fault.New(fault.Conflict, notEmpty, f.store.shown)
}

// isEmpty reports whether nobody has used the database: it has no installation, or no schema.
func (s *Store) isEmpty(ctx context.Context, from bun.IDB) (bool, error) {
	var claimed int
	err := from.NewRaw("SELECT (SELECT COUNT(*) FROM installation WHERE canary IS NOT NULL) + (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM audit_entries)").
		Scan(ctx, &claimed)
	if isMissingTable(err) {
		return true, nil
	}
	return claimed == 0, explain(err)
}

// Empty reports whether the database holds no installation; a schema may be there.
func (s *Store) Empty(ctx context.Context) (bool, error) { return s.isEmpty(ctx, s.read) }

// fillBatch is how many rows go to PostgreSQL at once.
const fillBatch = 2000

// Insert writes the rows that next returns, until it returns nil, and reports how many they were.
// Columns are found by name; one that the table does not have is an error.
func (f *Filling) Insert(ctx context.Context, name string, columns []string, next func() ([]any, error)) (int64, error) {
	table, err := f.Table(ctx, name)
	if err != nil {
		return 0, err
	}
	for _, column := range columns {
		if table.kind(column) == "" {
			return 0, fmt.Errorf("table %s has no column %s", name, column)
		}
	}
	if f.store.pool != nil {
		return f.copyIn(ctx, name, columns, next)
	}
	return f.insert(ctx, name, columns, next)
}

// Table describes a table of the database that is being filled.
func (f *Filling) Table(ctx context.Context, name string) (Table, error) {
	index := slices.IndexFunc(tables, func(of tableOf) bool { return of.name == name })
	if index < 0 {
		return Table{}, fmt.Errorf("there is no table %q", name)
	}
	return f.store.describe(ctx, f.tx, tables[index])
}

// Read reads what was inserted, in the order of the table's key.
func (f *Filling) Read(ctx context.Context, table Table) (*Rows, error) {
	return f.store.readTable(ctx, f.tx, table)
}

func (f *Filling) insert(ctx context.Context, name string, columns []string, next func() ([]any, error)) (count int64, err error) {
	places := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	statement, err := f.tx.Tx.PrepareContext(ctx, "INSERT INTO "+name+" ("+strings.Join(columns, ", ")+") VALUES ("+places+")")
	if err != nil {
		return 0, explain(err)
	}
	defer statement.Close()
	for {
		row, err := next()
		if err != nil || row == nil {
			return count, err
		}
		if _, err := statement.ExecContext(ctx, row...); err != nil {
			return count, explain(err)
		}
		count++
	}
}

// copyIn uses PostgreSQL's COPY on the transaction's own connection.
func (f *Filling) copyIn(ctx context.Context, name string, columns []string, next func() ([]any, error)) (count int64, err error) {
	source := &copySource{next: next}
	for !source.ended && err == nil {
		source.left = fillBatch
		err = f.conn.Raw(func(driver any) error {
			connection, ok := driver.(*stdlib.Conn)
			if !ok {
				return fmt.Errorf("the connection is a %T", driver)
			}
			copied, err := connection.Conn().CopyFrom(ctx, pgx.Identifier{name}, columns, source)
			count += copied
			return err
		})
		err = firstError(source.err, err)
	}
	return count, explain(err)
}

// copySource gives a batch of rows to CopyFrom.
type copySource struct {
	next  func() ([]any, error)
	row   []any
	err   error
	left  int
	ended bool
}

// Next goes to the next row of the batch.
func (c *copySource) Next() bool {
	if c.left--; c.left < 0 {
		return false
	}
	c.row, c.err = c.next()
	c.ended = c.row == nil || c.err != nil
	return !c.ended
}

// Values returns the row.
func (c *copySource) Values() ([]any, error) { return c.row, nil }

// Err returns what ended the rows.
func (c *copySource) Err() error { return c.err }

// Append writes an act of the filling itself to the audit log, after the entries that came in.
// The audit key must be known by then (UseAuditKey).
func (f *Filling) Append(ctx context.Context, entry audit.Entry) error {
	return f.store.audit(ctx, f.tx, entry)
}
