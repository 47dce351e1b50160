package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver

	"github.com/jcap24/alpaca-trader/internal/fault"
)

var sqliteDialect = dialect{name: "SQLite", now: "CAST(unixepoch('subsec') * 1000000 AS BIGINT)"}

// openSQLite opens one write connection and several that only read. Write-ahead logging lets them
// read while one writes; synchronous FULL makes a commit survive the loss of power; a command-line
// job in another process waits its turn up to the busy time-out.
func (s *Store) openSQLite(ctx context.Context, at address) error {
	s.dialect, s.group = sqliteDialect, newActGroup(1)
	s.cycling, s.claims = s.group, s.group // one writer
	if at.memory {
		s.write = openSQLiteConnections("file::memory:", 1, url.Values{})
		s.read = s.write
		return sqliteProblem(s.write.PingContext(ctx), at)
	}
	if err := makePrivateFile(at.file); err != nil {
		return sqliteProblem(err, at)
	}
	s.file = at.file
	name := (&url.URL{Scheme: "file", Opaque: url.PathEscape(at.file)}).String()
	s.write = openSQLiteConnections(name, 1, url.Values{"_txlock": {"immediate"}})
	if _, err := s.write.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return sqliteProblem(firstError(err, s.write.Close()), at)
	}
	s.read = openSQLiteConnections(name, max(2, runtime.NumCPU()), url.Values{"_pragma": {"query_only(1)"}})
	if err := s.read.PingContext(ctx); err != nil {
		return sqliteProblem(firstError(err, s.Close()), at)
	}
	return nil
}

func openSQLiteConnections(name string, limit int, options url.Values) *bun.DB {
	for _, pragma := range []string{"busy_timeout(10000)", "synchronous(FULL)", "foreign_keys(1)"} {
		options.Add("_pragma", pragma)
	}
	connections, err := sql.Open("sqlite", name+"?"+options.Encode())
	if err != nil {
		panic(err) // only when the driver is not linked
	}
	connections.SetMaxOpenConns(limit)
	connections.SetMaxIdleConns(limit)
	return bun.NewDB(connections, sqlitedialect.New())
}

// makePrivateFile makes the file and its folder where they are missing, readable by their owner
// alone; SQLite gives its -wal and -shm files the same mode.
func makePrivateFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	if err := file.Chmod(0o600); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

func sqliteProblem(err error, at address) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return fault.Because(err, fault.Unavailable, "The database file %s may not be opened: permission denied. Give its owner's rights to this user, or name another file in DATABASE_URL.", at.shown)
	case sqliteCode(err) == sqliteNotADatabase:
		return fault.Because(err, fault.Unavailable, "The file %s is not a SQLite database. Name another file in DATABASE_URL.", at.shown)
	default:
		return fault.Because(err, fault.Unavailable, "The database file %s cannot be opened. Check that the path in DATABASE_URL is right and the disk is not full.", at.shown)
	}
}
