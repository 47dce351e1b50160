package store

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jcap24/alpaca-trader/internal/audit"
)

const recordColumns = "sequence, at, actor, actor_name, session, address, user_agent, action, target, details, previous_hash, hash"

// Places of the columns in recordColumns: two numbers, then seven words, the details, two hashes.
const (
	firstWord     = 2
	recordWords   = 7
	detailsColumn = firstWord + recordWords
	beforeColumn  = detailsColumn + 1
	hashColumn    = beforeColumn + 1
	recordWidth   = hashColumn + 1
)

// ScanAudit visits the entries from first to last in order, in parts, so that no read lasts long.
// A record is valid until visit returns; an error of visit ends the scan and comes back. It asks the
// drivers themselves, because a log of a million entries is read in seconds.
func (s *Store) ScanAudit(ctx context.Context, first, last int64, visit func(*audit.Record) error) error {
	scan := s.scanSQLite
	if s.pool != nil {
		scan = s.scanPostgres
	}
	for first <= last {
		upTo := min(last, first+scanned-1)
		query := fmt.Sprintf("SELECT "+recordColumns+" FROM audit_entries WHERE sequence BETWEEN %d AND %d ORDER BY sequence", first, upTo)
		if err := scan(ctx, query, visit); err != nil {
			return err
		}
		first = upTo + 1
	}
	return nil
}

const scanned = 5000 // entries in one read

// recordScan makes records out of columns and keeps words that come again.
type recordScan struct {
	record audit.Record
	words  [recordWords]string
}

// numbered begins a record; its words are already read.
func (r *recordScan) numbered(sequence, at int64) {
	w := &r.words
	r.record.Entry = audit.Entry{
		Sequence: sequence, At: time.UnixMicro(at).UTC(), Actor: w[0], ActorName: w[1], Session: w[2],
		Address: w[3], UserAgent: w[4], Action: audit.Action(w[5]), Target: w[6],
	}
}

// everyBinary asks PostgreSQL for numbers of eight bytes in network order, and for bytes as they are.
var everyBinary = []int16{pgx.BinaryFormatCode}

func (s *Store) scanPostgres(ctx context.Context, query string, visit func(*audit.Record) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return explain(err)
	}
	defer conn.Release()
	rows := conn.Conn().PgConn().ExecParams(ctx, query, nil, nil, nil, everyBinary)
	var scan recordScan
	for rows.NextRow() && err == nil {
		if err = scan.binary(rows.Values()); err == nil {
			err = visit(&scan.record)
		}
	}
	_, end := rows.Close()
	return firstError(err, explain(end))
}

func (r *recordScan) binary(columns [][]byte) error {
	if len(columns) != recordWidth || len(columns[0]) != 8 || len(columns[1]) != 8 {
		return errors.New("read audit entry: unexpected columns")
	}
	for i := range r.words {
		if text := columns[firstWord+i]; string(text) != r.words[i] { // most entries resemble the one before
			r.words[i] = string(text)
		}
	}
	r.numbered(int64(binary.BigEndian.Uint64(columns[0])), int64(binary.BigEndian.Uint64(columns[1])))
	r.record.DetailsText, r.record.PreviousHash, r.record.Hash = columns[detailsColumn], columns[beforeColumn], columns[hashColumn]
	return nil
}

func (s *Store) scanSQLite(ctx context.Context, query string, visit func(*audit.Record) error) error {
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return explain(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.Raw(func(raw any) error {
		asking, ok := raw.(driver.QueryerContext)
		if !ok {
			return errors.New("read audit entries: the driver takes no questions")
		}
		rows, err := asking.QueryContext(ctx, query, nil)
		if err != nil {
			return explain(err)
		}
		defer func() { _ = rows.Close() }()
		return scanRows(rows, visit)
	})
}

func scanRows(rows driver.Rows, visit func(*audit.Record) error) error {
	var scan recordScan
	columns := make([]driver.Value, recordWidth)
	for {
		err := rows.Next(columns)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return explain(err)
		}
		scan.values(columns)
		if err := visit(&scan.record); err != nil {
			return err
		}
	}
}

// values reads a row whatever types somebody put into it: SQLite keeps them as they are. A time that
// is not a number becomes the zero time, which no entry has, so that the entry's hash does not fit.
func (r *recordScan) values(columns []driver.Value) {
	sequence, _ := columns[0].(int64) // the rows were chosen by it
	for i := range r.words {
		text, ok := columns[firstWord+i].(string)
		if !ok {
			text = string(plainBytes(columns[firstWord+i]))
		}
		r.words[i] = text
	}
	at, dated := columns[1].(int64)
	if r.numbered(sequence, at); !dated {
		r.record.At = time.Time{}
	}
	r.record.DetailsText, r.record.PreviousHash, r.record.Hash = plainBytes(columns[detailsColumn]), plainBytes(columns[beforeColumn]), plainBytes(columns[hashColumn])
}

func plainBytes(column driver.Value) []byte {
	switch column := column.(type) {
	case []byte:
		return column
	case string:
		return []byte(column)
	case nil:
		return nil
	}
	return fmt.Append(nil, column)
}
