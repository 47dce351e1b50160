package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// servingSuffix names the file beside an SQLite database whose lock says that a server runs on it.
const servingSuffix = ".serving"

// servingPatience is how long a server that is just ending is waited for, in milliseconds.
const servingPatience = 3000

// Serve makes this process the one server of an SQLite database until Close; a fault of kind Conflict
// when there is another. The lock is the operating system's: it ends with the process, however it
// ends. On PostgreSQL several servers share the work, and in memory there is nobody else: both
// always succeed. Commands do not ask; they may run beside a server. The first server on a file, which
// may be a copy of another one, looks whether it is whole (Intact).
func (s *Store) Serve(ctx context.Context) error {
	if s.file == "" {
		return nil
	}
	path := s.file + servingSuffix
	_, err := os.Stat(path)
	first := errors.Is(err, fs.ErrNotExist)
	if err := makePrivateFile(path); err != nil {
		return fmt.Errorf("make the lock of the database file: %w", err)
	}
	name := (&url.URL{Scheme: "file", Opaque: url.PathEscape(path)}).String()
	lock, err := sql.Open("sqlite", fmt.Sprintf("%s?_pragma=busy_timeout(%d)", name, servingPatience))
	if err != nil {
		return fmt.Errorf("open the lock of the database file: %w", err)
	}
	held, err := lock.Conn(ctx)
	if err == nil {
		_, err = held.ExecContext(ctx, "BEGIN EXCLUSIVE")
	}
	switch {
	case err == nil:
		s.endServing = func() error { return firstError(held.Close(), lock.Close()) }
		if !first {
			return nil
		}
		if err := s.Intact(ctx); err != nil {
			return firstError(err, os.Remove(path)) // the next one looks too
		}
		return nil
	case sqliteCode(err) != sqliteBusy:
		return fmt.Errorf("lock the database file %s: %w", path, firstError(err, lock.Close()))
	default:
		return fault.Because(firstError(err, lock.Close()), fault.Conflict, "Another server runs on the database file %s, and SQLite serves one at a time. Stop it first, or let several servers share PostgreSQL (docs/SCALING.md). Commands such as status, halt and explain may run beside a server.", s.file)
	}
}
