// Package storetest is the one suite that the store passes on SQLite and on PostgreSQL.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// PostgresVariable names the environment variable with the address of a PostgreSQL server on which
// schemas may be made and dropped.
const PostgresVariable = "TEST_POSTGRES_URL"

// AuditKey is the key of the audit chain in tests.
var AuditKey = bytes.Repeat([]byte{0xa5}, 32)

// SessionKey is the key of browser sessions in tests.
var SessionKey = bytes.Repeat([]byte{0x5a}, 32)

const sqliteScheme = "sqlite:///"

// Address makes an empty database that ends with the test and returns its DATABASE_URL.
type Address func(t testing.TB) secret.Text

// SQLite is an empty file.
func SQLite(t testing.TB) secret.Text {
	t.Helper()
	return secret.NewText(sqliteScheme + filepath.Join(t.TempDir(), "test.db"))
}

var schemas atomic.Int64

// Postgres is an empty schema on the server that PostgresVariable names. Without one the test is
// skipped.
func Postgres(t testing.TB) secret.Text {
	t.Helper()
	server := os.Getenv(PostgresVariable)
	if server == "" {
		t.Skip("no PostgreSQL: " + PostgresVariable + " is not set")
	}
	schema := fmt.Sprintf("test_%d_%d", os.Getpid(), schemas.Add(1))
	onServer(t, server, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { onServer(t, server, "DROP SCHEMA "+schema+" CASCADE") })
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal("the address in " + PostgresVariable + " is not valid")
	}
	query := address.Query()
	query.Set("search_path", schema)
	address.RawQuery = query.Encode()
	return secret.NewText(address.String())
}

func onServer(t testing.TB, server, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	connection, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	defer connection.Close(ctx)
	if _, err := connection.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Open opens the database with the options and migrates it; it is closed with the test. A file of
// SQLite that is not there yet begins as a copy of one that this process has migrated before.
func Open(t testing.TB, url secret.Text, options store.Options) *store.Store {
	t.Helper()
	if err := beginMigrated(url); err != nil {
		t.Fatal(err)
	}
	options.URL = url
	if options.AuditKey == nil {
		options.AuditKey = AuditKey
	}
	s, err := store.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return s
}

// beginMigrated makes the file of an SQLite database that does not exist.
func beginMigrated(url secret.Text) error {
	file, isFile := strings.CutPrefix(url.Reveal(), sqliteScheme)
	if _, err := os.Stat(file); !isFile || file == ":memory:" || !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	content, err := migratedFile()
	if err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o600)
}

// migratedFile is an SQLite database of this program's version without any rows of users.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "alpaca-trader-storetest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "migrated.db")
	s, err := store.Open(context.Background(), store.Options{URL: secret.NewText(sqliteScheme + file), AuditKey: AuditKey})
	if err != nil {
		return nil, err
	}
	err = s.Migrate(context.Background(), slog.New(slog.DiscardHandler))
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// Each runs the test on both databases.
func Each(t *testing.T, test func(t *testing.T, address Address)) {
	t.Helper()
	for name, address := range map[string]Address{"SQLite": SQLite, "PostgreSQL": Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, address)
		})
	}
}
