package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// tableOf is a table and the columns by which its rows are put in order.
type tableOf struct {
	name string
	key  []string
}

// tables are all tables whose rows make up an installation, each after those that it refers to. A
// copy and a backup hold them all; the queue's own tables (river_*) can be lost, and the schema's
// version is written by the migrations.
var tables = []tableOf{
	{"installation", []string{"id"}},
	{"installation_keys", []string{"name"}},
	{"installation_settings", []string{"id"}},
	{"users", []string{"id"}},
	{"user_keys", []string{"user_id"}},
	{"settings", []string{"user_id"}},
	{"brokerage_accounts", []string{"id"}},
	{"account_strategies", []string{"account_id"}},
	{"watchlist", []string{"user_id", "symbol"}},
	{"sessions", []string{"token"}},
	{"pending_sign_ins", []string{"id"}},
	{"known_devices", []string{"user_id", "token_hash"}},
	{"sign_in_failures", []string{"account", "source"}},
	{"totp_secrets", []string{"user_id"}},
	{"recovery_codes", []string{"user_id", "mark"}},
	{"code_tries", []string{"user_id"}},
	{"passkeys", []string{"id"}},
	{"spent_challenges", []string{"hash"}},
	{"api_tokens", []string{"id"}},
	{"invites", []string{"id"}},
	{"password_links", []string{"user_id"}},
	{"bars", []string{"feed", "symbol", "timeframe", "start_at"}},
	{"leases", []string{"account_id"}},
	{"watchers", []string{"holder"}},
	{"watches", []string{"account_id"}},
	{"standings", []string{"account_id"}},
	{"cycles", []string{"id"}},
	{"decisions", []string{"cycle_id", "position"}},
	{"intents", []string{"id"}},
	{"orders", []string{"account_id", "client_order_id"}},
	{"order_legs", []string{"account_id", "broker_order_id"}},
	{"fills", []string{"account_id", "execution_id"}},
	{"baselines", []string{"account_id", "symbol"}},
	{"holdings", []string{"account_id", "symbol"}},
	{"reconciliations", []string{"account_id"}},
	{"imports", []string{"source", "kind", "old_id"}},
	{"audit_head", []string{"id"}},
	{"audit_entries", []string{"sequence"}},
	{"audit_checkpoints", []string{"size"}},
	{"audit_archives", []string{"last_sequence"}},
}

// TableNames are the names of all tables that a copy and a backup hold, in the order of their rows.
func TableNames() []string {
	names := make([]string, len(tables))
	for i, table := range tables {
		names[i] = table.name
	}
	return names
}

// Table is a table as it is in one database.
type Table struct {
	Name    string
	Columns []Column
	key     []string
}

// Column is a column and what its values are.
type Column struct {
	Name string
	Kind Kind
}

// Kind is what the values of a column are: int64, float64, string, []byte or bool, and nil for NULL.
type Kind string

// The kinds of columns. Money is text in SQLite and NUMERIC in PostgreSQL: digits in either.
const (
	Integer Kind = "integer"
	Real    Kind = "real"
	Words   Kind = "text"
	Bytes   Kind = "bytes"
	Truth   Kind = "boolean"
)

// kinds are the databases' names for column types.
var kinds = map[string]Kind{
	"integer": Integer, "bigint": Integer, "double precision": Real, "text": Words, "numeric": Words,
	"blob": Bytes, "bytea": Bytes, "boolean": Truth,
}

// queryer is a connection or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// describe reads the table's columns; one that the database does not have, because its schema is
// of an earlier version, has none.
func (s *Store) describe(ctx context.Context, from queryer, of tableOf) (Table, error) {
	query := "SELECT name, lower(type) FROM pragma_table_info('" + of.name + "') ORDER BY cid"
	if s.pool != nil {
		query = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '" +
			of.name + "' ORDER BY ordinal_position"
	}
	table := Table{Name: of.name, key: of.key}
	rows, err := from.QueryContext(ctx, query)
	if err != nil {
		return table, explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var column Column
		var written string
		if err := rows.Scan(&column.Name, &written); err != nil {
			return table, explain(err)
		}
		if column.Kind = kinds[written]; column.Kind == "" {
			return table, fmt.Errorf("column %s.%s has the type %s, which is not known", of.name, column.Name, written)
		}
		table.Columns = append(table.Columns, column)
	}
	return table, explain(rows.Err())
}

// names are the column's names with commas between.
func (t Table) names() string {
	names := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		names[i] = column.Name
	}
	return strings.Join(names, ", ")
}

// ordered is the SQL that reads all rows in the order of the table's key, the same in both
// databases: text is compared by its bytes.
func (s *Store) ordered(t Table) string {
	order := make([]string, len(t.key))
	for i, name := range t.key {
		order[i] = name
		if s.pool != nil && t.kind(name) == Words {
			order[i] += ` COLLATE "C"`
		}
	}
	return "SELECT " + t.names() + " FROM " + t.Name + " ORDER BY " + strings.Join(order, ", ")
}

func (t Table) kind(name string) Kind {
	for _, column := range t.Columns {
		if column.Name == name {
			return column.Kind
		}
	}
	return ""
}

// Rows reads a table's rows one after the other.
type Rows struct {
	rows    *sql.Rows
	columns []Column
	values  []any
	into    []any
}

func (s *Store) readTable(ctx context.Context, from queryer, t Table) (*Rows, error) {
	rows, err := from.QueryContext(ctx, s.ordered(t))
	if err != nil {
		return nil, explain(err)
	}
	r := &Rows{rows: rows, columns: t.Columns, values: make([]any, len(t.Columns)), into: make([]any, len(t.Columns))}
	for i := range r.values {
		r.into[i] = &r.values[i]
	}
	return r, nil
}

// Next returns the next row, which is valid until Next is called again; nil after the last one.
func (r *Rows) Next() ([]any, error) {
	if !r.rows.Next() {
		return nil, explain(r.rows.Err())
	}
	if err := r.rows.Scan(r.into...); err != nil {
		return nil, explain(err)
	}
	for i, column := range r.columns {
		value, ok := column.Kind.plain(r.values[i])
		if !ok {
			return nil, fault.New(fault.Internal, "The database holds a value in %s that does not belong there.", column.Name)
		}
		r.values[i] = value
	}
	return r.values, nil
}

// Close ends the reading.
func (r *Rows) Close() error { return r.rows.Close() }

// plain gives a value the one type of its column's kind.
func (k Kind) plain(value any) (any, bool) {
	switch v := value.(type) {
	case nil:
		return nil, true
	case int64:
		if k == Truth {
			return v != 0, true
		}
		return v, k == Integer
	case float64:
		return v, k == Real
	case bool:
		return v, k == Truth
	case string:
		if k == Bytes { // SQLite keeps '' of a migration as it was written
			return []byte(v), true
		}
		return v, k == Words
	case []byte:
		if k == Words {
			return string(v), true
		}
		if v == nil { // no bytes are not NULL
			v = []byte{}
		}
		return v, k == Bytes
	}
	return nil, false
}
