package daemon

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/jobs"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// DatabaseState is what a database is, without anything secret.
type DatabaseState struct {
	Kind         string // SQLite or PostgreSQL
	Shown        string // file, or host and name
	Exists       bool   // false: a SQLite file that is not there yet
	Schema       store.Schema
	Installation store.Installation // empty before the first start
	Users        int
	Size         int64 // bytes
}

// ReadDatabase looks at the database of DATABASE_URL and changes nothing: a SQLite file that does
// not exist is not made.
func ReadDatabase(ctx context.Context, cfg config.Config) (state DatabaseState, err error) {
	if file, ok := cfg.DatabaseFile(); ok && !exists(file) {
		return DatabaseState{Kind: "SQLite", Shown: file}, nil
	}
	database, err := store.Open(ctx, store.Options{URL: cfg.DatabaseURL, Clock: clock.System()})
	if err != nil {
		return DatabaseState{}, err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	state = DatabaseState{Kind: database.Kind(), Shown: database.Shown(), Exists: true}
	if state.Schema, err = database.Schema(ctx); err != nil {
		return state, err
	}
	if state.Size, err = database.Size(ctx); err != nil || state.Schema.Have == 0 {
		return state, err
	}
	if state.Installation, err = database.Installation(ctx); err != nil {
		return state, err
	}
	state.Users, err = database.CountUsers(ctx)
	return state, err
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, fs.ErrNotExist)
}

// PrepareDatabase makes the database of DATABASE_URL ready, whether it is new or of an earlier
// version, as a server does at its start. A server that comes after it makes no table any more, so
// that its role in PostgreSQL may do without that right.
func PrepareDatabase(ctx context.Context, cfg config.Config, log *slog.Logger) (DatabaseState, error) {
	database, _, err := openStore(ctx, cfg, log)
	if err != nil {
		return DatabaseState{}, err
	}
	if err := errors.Join(migrateQueue(ctx, database, log), database.Close()); err != nil {
		return DatabaseState{}, err
	}
	return ReadDatabase(ctx, cfg)
}

func migrateQueue(ctx context.Context, database *store.Store, log *slog.Logger) error {
	if pool := database.Pool(); pool != nil {
		return jobs.Migrate(ctx, riverpgxv5.New(pool), log)
	}
	return jobs.Migrate(ctx, riversqlite.New(database.Writer()), log)
}

// ResetDatabase deletes everything that the program keeps in the database of DATABASE_URL and makes
// it new. confirm is asked with the database's own name first.
func ResetDatabase(ctx context.Context, cfg config.Config, log *slog.Logger, confirm func(name string) error) (DatabaseState, error) {
	database, err := store.Open(ctx, store.Options{URL: cfg.DatabaseURL, Clock: clock.System()})
	if err != nil {
		return DatabaseState{}, err
	}
	if err = confirm(database.Name()); err == nil {
		err = database.Reset(ctx)
	}
	if err := errors.Join(err, database.Close()); err != nil {
		return DatabaseState{}, err
	}
	return PrepareDatabase(ctx, cfg, log)
}

// CopyDatabase copies the database of DATABASE_URL into the empty one of the other configuration:
// whole and compared row by row, or not at all. The audit log of the copy is verified at the end.
func CopyDatabase(ctx context.Context, cfg, to config.Config, log *slog.Logger, progress func(store.Copied)) (report audit.Report, err error) {
	from, keyring, err := openStore(ctx, cfg, log)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	target, forget, err := openNew(ctx, to)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, forget(err)) }()
	schema, err := from.Schema(ctx)
	if err != nil {
		return report, err
	}
	if err := target.MigrateTo(ctx, schema.Have, log); err != nil {
		return report, err
	}
	if err := copyAll(ctx, from, target, progress); err != nil {
		return report, err
	}
	if err := target.CheckKeys(ctx, keyring); err != nil {
		return report, err
	}
	kept, err := newWitness(to, target, keyring, log)
	if err != nil {
		return report, err
	}
	return kept.VerifyWith(ctx)
}

func copyAll(ctx context.Context, from, target *store.Store, progress func(store.Copied)) error {
	snapshot, err := from.Snapshot(ctx)
	if err != nil {
		return err
	}
	return errors.Join(snapshot.CopyTo(ctx, target, progress), snapshot.Close())
}

// openNew opens a database that is to be filled. forget closes it; after an error it removes a
// SQLite file that was not there before.
func openNew(ctx context.Context, cfg config.Config) (database *store.Store, forget func(error) error, err error) {
	file, isFile := cfg.DatabaseFile()
	made := isFile && !exists(file)
	remove := func() error {
		var errs []error
		for _, ending := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(file + ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	}
	database, err = store.Open(ctx, store.Options{URL: cfg.DatabaseURL, Clock: clock.System()})
	if err != nil {
		if made {
			return nil, nil, errors.Join(err, remove())
		}
		return nil, nil, err
	}
	empty, err := database.Empty(ctx)
	if err == nil && !empty {
		err = fault.New(fault.Conflict, "The database %s is not empty. Name one that is new, or empty it with `alpaca-trader db reset`. Nothing was changed.", database.Shown())
	}
	forget = func(failed error) error {
		err := database.Close()
		if failed != nil && made {
			err = errors.Join(err, remove())
		}
		return err
	}
	if err != nil {
		return nil, nil, errors.Join(err, forget(err))
	}
	return database, forget, nil
}
