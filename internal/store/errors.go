package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// SQLite's result codes (sqlite.org/rescode.html) that have a meaning here.
const (
	sqliteBusy         = 5
	sqliteReadOnly     = 8
	sqliteIOError      = 10
	sqliteCorrupt      = 11
	sqliteFull         = 13
	sqliteCannotOpen   = 14
	sqliteNotADatabase = 26
	sqlitePrimaryKey   = 1555
	sqliteUnique       = 2067
)

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

func postgresCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// isTaken reports whether err says that a unique value exists already.
func isTaken(err error) bool {
	code := sqliteCode(err)
	return code == sqliteUnique || code == sqlitePrimaryKey || postgresCode(err) == "23505"
}

// taken turns a violated uniqueness into the fault and leaves other errors as they are.
func taken(err error, otherwise *fault.Error) error {
	if isTaken(err) {
		return otherwise
	}
	return err
}

// missing turns "no such row" into a fault of kind NotFound with the sentence.
func missing(err error, sentence string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "%s", sentence)
	}
	return explain(err)
}

// explain gives an error of a database that does not work its meaning. Faults and a context's end
// pass through.
func explain(err error) error {
	var known *fault.Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case isFull(err):
		return fault.Because(err, fault.Unavailable, "The database's disk is full or cannot be written. Nothing was changed.")
	case sqliteCode(err)&0xff == sqliteCorrupt:
		return fault.Because(err, fault.Conflict, "The database file is damaged, or was copied while a server wrote to it. Restore a backup (docs/BACKUP.md).")
	case isAway(err):
		return fault.Because(err, fault.Unavailable, "The database does not answer. Try again in a moment.")
	}
	return err
}

// isFull reports whether the disk is full, fails, or may only be read; PostgreSQL says the last of a
// server that follows another.
func isFull(err error) bool {
	code := sqliteCode(err) & 0xff
	class := postgresCode(err)
	return code == sqliteFull || code == sqliteIOError || code == sqliteReadOnly || class == "53100" || class == "25006"
}

// isAway reports whether the database is gone, restarting, busy or out of connections.
func isAway(err error) bool {
	var connecting *pgconn.ConnectError
	code := sqliteCode(err) & 0xff
	class := postgresCode(err)
	return code == sqliteBusy || code == sqliteCannotOpen ||
		errors.As(err, &connecting) || errors.Is(err, sql.ErrConnDone) || pgconn.SafeToRetry(err) ||
		strings.HasPrefix(class, "08") || strings.HasPrefix(class, "57P") || class == "53300" ||
		isBrokenConnection(err)
}
