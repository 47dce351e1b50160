package flaskdb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/legacy"
)

// Entries returns up to limit entries of the old audit log after the one of the id, oldest first.
func (d *Database) Entries(ctx context.Context, after int64, limit int) ([]legacy.Entry, error) {
	if exists, err := d.has(ctx, "audit_logs"); err != nil || !exists {
		return nil, err
	}
	rows, err := d.read(ctx, fmt.Sprintf("SELECT * FROM audit_logs WHERE id > %d ORDER BY id LIMIT %d", after, limit))
	if err != nil {
		return nil, err
	}
	entries := make([]legacy.Entry, 0, len(rows))
	for _, row := range rows {
		id, err := strconv.ParseInt(row["id"], 10, 64)
		if err != nil {
			return nil, d.explain(fmt.Errorf("read audit entry: id %q", row["id"]))
		}
		entries = append(entries, legacy.Entry{
			ID: id, UserID: row["user_id"], Action: row["action"],
			Resource: strings.Trim(row["resource_type"]+":"+row["resource_id"], ":"), Details: row["details"],
			Address: row["ip_address"], UserAgent: row["user_agent"], At: timeOf(row["timestamp"]),
		})
	}
	return entries, nil
}

func (d *Database) has(ctx context.Context, table string) (bool, error) {
	query := "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '" + table + "'"
	if d.isPostgres() {
		query = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = '" + table + "'"
	}
	var count int
	err := d.tx.QueryRowContext(ctx, query).Scan(&count)
	return count > 0, d.explain(err)
}

// table returns all rows of a table, none when it is not there.
func (d *Database) table(ctx context.Context, name, order string) ([]legacy.Row, error) {
	exists, err := d.has(ctx, name)
	if err != nil || !exists {
		return nil, err
	}
	return d.read(ctx, "SELECT * FROM "+name+" ORDER BY "+order)
}

// read returns rows by column name: whatever the types of a version were, as text.
func (d *Database) read(ctx context.Context, query string) ([]legacy.Row, error) {
	rows, err := d.tx.QueryContext(ctx, query)
	if err != nil {
		return nil, d.explain(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, d.explain(err)
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	var found []legacy.Row
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, d.explain(err)
		}
		row := legacy.Row{}
		for i, name := range names {
			if values[i] != nil {
				row[name] = text(values[i])
			}
		}
		found = append(found, row)
	}
	return found, d.explain(rows.Err())
}

// text writes a value as Row has it.
func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time: // the old program wrote UTC without saying so
		return v.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(value)
}

// timeOf reads a time in UTC, whichever way the old database wrote it; the zero time when it is none.
func timeOf(written string) time.Time {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999"} {
		if at, err := time.Parse(form, written); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}
