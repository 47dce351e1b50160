package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

var postgresDialect = dialect{
	name:      "PostgreSQL",
	now:       "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
	forUpdate: " FOR UPDATE",
	forShare:  " FOR SHARE",
}

const (
	connectPatience = 5 * time.Second
	usualPool       = 10 // connections; pool_max_conns in DATABASE_URL overrides it
	// frozenPatience is how long a process may hold a transaction open without a word, in
	// milliseconds: one that is stopped in the middle would otherwise keep its locks, the head of
	// the audit among them, and nobody else could trade. It is shorter than a lease.
	frozenPatience = "15000"
	// unhurried is for transactions that wait for others than the database between their statements.
	unhurried = "SET LOCAL idle_in_transaction_session_timeout = 0"
)

// openPostgres opens one pool for bun and the job queue.
func (s *Store) openPostgres(ctx context.Context, at address) error {
	s.dialect, s.group = postgresDialect, newActGroup(groupsAtOnce)
	s.cycling, s.claims = newActGroup(1), newActGroup(1)
	config, err := pgxpool.ParseConfig(at.postgres)
	if err != nil { // the error may repeat the password: it ends here
		return fault.New(fault.Invalid, "DATABASE_URL is not a valid PostgreSQL address. %s", addressAdvice)
	}
	tune(config)
	if !strings.Contains(at.postgres, "pool_max_conns") {
		config.MaxConns = usualPool
	}
	s.pool, err = pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return postgresProblem(err, at)
	}
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	if err := s.pool.Ping(ctx); err != nil {
		s.pool.Close()
		return postgresProblem(err, at)
	}
	s.write = bun.NewDB(stdlib.OpenDBFromPool(s.pool), pgdialect.New())
	s.read = s.write
	return nil
}

// tune sets what the store relies on. bun writes arguments into the SQL text, so that quotes must
// mean what the standard says and statements are not prepared; a commit waits for the disk; and a
// process that is frozen inside a transaction loses it.
func tune(config *pgxpool.Config) {
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnConfig.ConnectTimeout = connectPatience
	config.ConnConfig.RuntimeParams["standard_conforming_strings"] = "on"
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "on"
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = frozenPatience
	config.ConnConfig.RuntimeParams["application_name"] = "alpaca-trader"
}

func postgresProblem(err error, at address) error {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		switch answer.Code {
		case "28P01", "28000":
			return fault.Because(err, fault.Unavailable, "PostgreSQL at %s refuses the user or the password in DATABASE_URL.", at.shown)
		case "3D000":
			return fault.Because(err, fault.Unavailable, "PostgreSQL at %s has no such database. Create it, or correct DATABASE_URL.", at.shown)
		}
	}
	return fault.Because(err, fault.Unavailable, "PostgreSQL at %s does not answer. Check that it runs and that DATABASE_URL is right.", at.shown)
}
