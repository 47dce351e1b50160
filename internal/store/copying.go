package store

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Copied says how far a copy has come.
type Copied struct {
	Table    string
	Rows     int64
	Verified bool // read again from the new database and found equal, row by row
}

// CopyTo copies every row of the snapshot into the other database, which must be empty and of the
// same schema, reads all of it again and compares it row by row, and only then commits: there is a
// whole copy or none. progress is told of every table, once copied and once compared.
func (n *Snapshot) CopyTo(ctx context.Context, other *Store, progress func(Copied)) error {
	tables, err := n.Tables(ctx)
	if err != nil {
		return err
	}
	return other.Fill(ctx, func(f *Filling) error {
		for _, table := range tables {
			rows, err := n.copyTable(ctx, f, table)
			if err != nil {
				return fmt.Errorf("copy table %s: %w", table.Name, err)
			}
			progress(Copied{table.Name, rows, false})
		}
		for _, table := range tables {
			rows, err := n.compareTable(ctx, f, table)
			if err != nil {
				return err
			}
			progress(Copied{table.Name, rows, true})
		}
		return nil
	})
}

func (n *Snapshot) copyTable(ctx context.Context, f *Filling, table Table) (int64, error) {
	rows, err := n.Read(ctx, table)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	names := make([]string, len(table.Columns))
	for i, column := range table.Columns {
		names[i] = column.Name
	}
	return f.Insert(ctx, table.Name, names, rows.Next)
}

// compareTable reads both tables in the same order.
func (n *Snapshot) compareTable(ctx context.Context, f *Filling, table Table) (count int64, err error) {
	want, err := n.Read(ctx, table)
	if err != nil {
		return 0, err
	}
	defer want.Close()
	target, err := f.Table(ctx, table.Name)
	if err != nil {
		return 0, err
	}
	target.Columns = table.Columns // in the same order, whatever the order of migrations was
	got, err := f.Read(ctx, target)
	if err != nil {
		return 0, err
	}
	defer got.Close()
	for {
		wanted, err := want.Next()
		if err != nil {
			return count, err
		}
		found, err := got.Next()
		if err != nil {
			return count, err
		}
		if wanted == nil && found == nil {
			return count, nil
		}
		if count++; !equalRows(wanted, found) {
			return count, fault.New(fault.Internal, "Row %d of the table %s did not arrive as it was. Nothing was changed.", count, table.Name)
		}
	}
}

func equalRows(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		left, isBytes := a[i].([]byte)
		if right, both := b[i].([]byte); isBytes && both {
			if !bytes.Equal(left, right) {
				return false
			}
			continue
		}
		if isBytes || !equalValues(a[i], b[i]) {
			return false
		}
	}
	return true
}

// equalValues compares values that are not bytes; a number that is none equals itself.
func equalValues(a, b any) bool {
	x, ok := a.(float64)
	if y, both := b.(float64); ok && both && x != x {
		return y != y
	}
	if _, bytes := b.([]byte); bytes {
		return false
	}
	return a == b
}
