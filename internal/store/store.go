// Package store keeps everything that must survive a restart, on SQLite or PostgreSQL, with one
// set of SQL. One file a noun. It implements app.Store, engine.Journal, market.BarStore and, by
// Sessions, the session store of scs.
//
// Every write is one transaction: all of it is there after a crash, or none. Every query on a
// user's rows takes the user id.
package store

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Options say which database to open and what it needs to know.
type Options struct {
	URL         secret.Text   // DATABASE_URL: sqlite:///file, sqlite:////file, sqlite:///:memory:, postgres(ql)://...
	Clock       clock.Clock   // times of rows; the system's clock when nil. Leases use the database's own.
	AuditKey    []byte        // key of the audit chain: Keyring.Derive(secret.AuditLabel)
	LeaseLength time.Duration // 20 s when zero
	Hook        bun.QueryHook // sees every statement; nil for none. Statements hold sealed values and hashes: never log them
}

// usualLease is how long a dead process keeps its accounts; a live one renews far more often.
const usualLease = 20 * time.Second

// Store is one open database. It is safe for concurrent use.
type Store struct {
	write    *bun.DB // SQLite: the one write connection; PostgreSQL: the pool
	read     *bun.DB // SQLite: read-only connections; PostgreSQL: the pool
	pool     *pgxpool.Pool
	file     string // of an SQLite database on disk
	dialect  dialect
	clock    clock.Clock
	auditKey []byte
	lease    time.Duration
	group    *actGroup // acts that wait for a shared commit
	cycling  *actGroup // what cycles write, that does; one at a time, so that two never wait for each other's leases
	claims   *actGroup // claims of orders, that do
	growth   auditGrowth
	observe  func(took time.Duration, err error) // told of write transactions; nil: nobody is

	unwritable atomic.Bool // the last write failed because of the disk

	endServing func() error // gives back the lock of the one server; nil: this process is none
	shown      string       // which database this is, for sentences: without user and password

	gatherings
}

// dialect is what differs between the two databases beyond column types.
type dialect struct {
	name      string
	now       string // SQL: microseconds since 1970 on the database's clock
	forUpdate string // SQL: locks the selected rows for the transaction; SQLite has one writer anyway
	forShare  string // SQL: keeps the selected rows as they are until the transaction ends
}

// forUpdateOf is forUpdate for the rows of one of several tables.
func (d dialect) forUpdateOf(table string) string {
	if d.forUpdate == "" {
		return ""
	}
	return d.forUpdate + " OF " + table
}

// Open connects to the database within seconds, or returns a fault that says what is wrong in one
// sentence, without the password. It changes nothing; Prepare or Migrate comes next.
func Open(ctx context.Context, options Options) (*Store, error) {
	address, err := parseAddress(options.URL)
	if err != nil {
		return nil, err
	}
	s := &Store{clock: options.Clock, auditKey: options.AuditKey, lease: options.LeaseLength, growth: newAuditGrowth(), shown: address.shown}
	if s.clock == nil {
		s.clock = clock.System()
	}
	if s.lease == 0 {
		s.lease = usualLease
	}
	connect := s.openSQLite
	if address.postgres != "" {
		connect = s.openPostgres
	}
	if err := connect(ctx, address); err != nil {
		return nil, err
	}
	s.gatherings = s.newGatherings()
	if options.Hook != nil {
		s.write, s.read = s.write.WithQueryHook(options.Hook), s.read.WithQueryHook(options.Hook)
	}
	return s, nil
}

// Close ends all connections. A transaction that is not committed is undone.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read.DB != s.write.DB {
		err = firstError(err, s.read.Close())
	}
	if s.pool != nil {
		s.pool.Close()
	}
	if s.endServing != nil {
		err = firstError(err, s.endServing())
	}
	return err
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return explain(s.read.PingContext(ctx)) }

// Pool is the PostgreSQL pool, for the job queue; nil on SQLite.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Writer is the write side of the database, for the job queue on SQLite: one connection.
func (s *Store) Writer() *sql.DB { return s.write.DB }

// Observe has every write transaction told with its length, the wait for its connection included. It
// is called before the store is used.
func (s *Store) Observe(told func(took time.Duration, err error)) { s.observe = told }

// transact runs change in one write transaction. Whatever it returns or however it is interrupted,
// the database holds all of its changes or none. change must not use s.write itself.
func (s *Store) transact(ctx context.Context, change func(ctx context.Context, tx bun.Tx) error) error {
	began := s.clock.Now()
	err := s.wrote(s.write.RunInTx(ctx, nil, change))
	if s.observe != nil {
		s.observe(s.clock.Now().Sub(began), err)
	}
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil { // undone, because the context ended before the commit
		return ctx.Err()
	}
	return explain(err)
}

// mustChange turns "no row was changed" into the fault.
func mustChange(result sql.Result, err error, otherwise *fault.Error) error {
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); err != nil || changed == 0 {
		return firstError(err, otherwise)
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
