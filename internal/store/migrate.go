package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// columnTypes are the words of the migrations that stand for a different type in each database.
// SQLite's NUMERIC turns money into floating point, so that money is text there.
var columnTypes = map[string]map[string]string{
	sqliteDialect.name:   {"MONEY": "TEXT", "BYTES": "BLOB"},
	postgresDialect.name: {"MONEY": "NUMERIC", "BYTES": "BYTEA"},
}

// Migrate brings the database's schema to the program's version and logs what it did. A database
// of a newer program is a fault and stays untouched. Several processes may migrate at once.
func (s *Store) Migrate(ctx context.Context, logger *slog.Logger) error {
	provider, err := s.migrationProvider()
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := s.migrate(ctx, provider, logger)
		if err == nil || attempt == migrationAttempts || fault.Is(err, fault.Conflict) || ctx.Err() != nil {
			return explain(err)
		}
		if !wait(ctx, migrationPause) { // on SQLite another process may have been at it
			return ctx.Err()
		}
	}
}

const (
	migrationAttempts = 4
	migrationPause    = 250 * time.Millisecond
)

func (s *Store) migrate(ctx context.Context, provider *goose.Provider, logger *slog.Logger) error {
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if have > want {
		return fault.New(fault.Conflict, "The database was made by a newer version of alpaca-trader (schema %d, this program knows %d). Install the newer program, or restore an older backup.", have, want)
	}
	if have == want {
		return nil
	}
	results, err := provider.Up(ctx)
	for _, result := range results {
		logger.Info("database migrated", "schema", result.Source.Version, "of", want, "took", result.Duration.Round(time.Millisecond))
	}
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

func (s *Store) migrationProvider() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	name := goose.DialectSQLite3
	if s.pool != nil {
		name = goose.DialectPostgres
		id, err := s.migrationLock()
		if err != nil {
			return nil, err
		}
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(id), lock.WithLockTimeout(1, 60))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(name, s.write.DB, typedFiles{files, columnTypes[s.dialect.name]}, options...)
}

// migrationLock is the number on which processes that migrate the same tables wait for each other:
// one for each schema, because installations that share a database do not meet.
func (s *Store) migrationLock() (int64, error) {
	var schema string
	if err := s.write.DB.QueryRow("SELECT COALESCE(current_schema(), '')").Scan(&schema); err != nil {
		return 0, fmt.Errorf("ask for the schema: %w", err)
	}
	sum := sha256.Sum256([]byte("alpaca-trader migration " + schema))
	return int64(binary.BigEndian.Uint64(sum[:8])), nil
}

// typedFiles are the migrations with the database's own column types.
type typedFiles struct {
	fs.FS
	types map[string]string
}

var columnType = regexp.MustCompile(`\b(MONEY|BYTES)\b`)

// Open opens a migration with its types filled in.
func (f typedFiles) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return file, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	typed := columnType.ReplaceAllStringFunc(string(text), func(word string) string { return f.types[word] })
	return typedFile{file, strings.NewReader(typed)}, nil
}

type typedFile struct {
	fs.File
	text io.Reader
}

// Read reads the text with its types filled in.
func (f typedFile) Read(buffer []byte) (int, error) { return f.text.Read(buffer) }

// wait returns false when the context ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
