package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

const password = "pa55-w0rd-that-must-not-show"

var silent = slog.New(slog.DiscardHandler)

func open(t *testing.T, url string) (*store.Store, error) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: secret.NewText(url), AuditKey: storetest.AuditKey})
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

func TestAWrongAddressIsOneClearSentence(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "mysql://u:" + password + "@h/d", "sqlite://file.db", "sqlite:///", "sqlite:///file.db?mode=ro", password,
		"postgres://u:" + password + "@h:port/d", "postgresql://u:%zz" + password + "@h/d",
		"postgres://u:" + password + "@h/d?sslmode=wrong", "postgres://u:" + password + "@h/d?pool_max_conns=many",
	} {
		_, err := open(t, url)
		checkSentence(t, url, err, fault.Invalid)
	}
}

func checkSentence(t *testing.T, url string, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) || !strings.Contains(fault.Public(err), "DATABASE_URL") {
		t.Errorf("%s: %v", url, err)
	}
	if printed := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(printed, password) {
		t.Errorf("the password was printed: %s", printed)
	}
}

func TestAnUnreachableDatabaseIsSaidWithinSeconds(t *testing.T) {
	t.Parallel()
	silentServer, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silentServer.Close()
	folder := t.TempDir()
	text := filepath.Join(folder, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("This is no database. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{
		"postgres://u:" + password + "@127.0.0.1:1/d",
		"postgres://u:" + password + "@" + silentServer.Addr().String() + "/d",
		"sqlite:///" + folder,
		"sqlite:///" + text,
		"sqlite:///" + filepath.Join(text, "below-a-file.db"),
	} {
		began := time.Now()
		_, err := open(t, url)
		checkSentence(t, url, err, fault.Unavailable)
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s: said after %s", url, took)
		}
	}
}

func TestAMissingDatabaseIsSaid(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(storetest.Postgres(t).Reveal())
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/no_such_database"
	_, err = open(t, address.String())
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Public(err), "no such database") {
		t.Errorf("%v", err)
	}
}

func TestSQLiteFilesArePrivate(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "made folder", "odd name%20#1.db")
	s, err := open(t, "sqlite:///"+file)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context(), silent); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, file + "-wal", file + "-shm"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
}

func TestSQLiteKeepsItsPromises(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := s.Writer().QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v", pragma, got, err)
		}
	}
}

func TestMemoryIsADatabaseToo(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, secret.NewText("sqlite:///:memory:"), store.Options{})
	if err := s.Append(t.Context(), audit.Entry{Action: audit.Login}); err != nil {
		t.Error(err)
	}
	if links, err := s.AuditLinks(t.Context(), 0, 10); err != nil || len(links) != 1 {
		t.Errorf("%v, %v", links, err)
	}
}

func TestANewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s := storetest.Open(t, address(t), store.Options{})
		_, err := s.Writer().ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)")
		if err != nil {
			t.Fatal(err)
		}
		err = s.Migrate(t.Context(), silent)
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Public(err), "newer version") {
			t.Errorf("%v", err)
		}
	})
}

func TestSeveralProcessesMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		url := address(t).Reveal()
		var group sync.WaitGroup
		for range 4 {
			s, err := open(t, url)
			if err != nil {
				t.Fatal(err)
			}
			group.Go(func() {
				if err := s.Migrate(t.Context(), silent); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
}

func TestAWrongKeyWritesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s, err := open(t, address(t).Reveal())
		if err != nil {
			t.Fatal(err)
		}
		right, wrong := newKeyring(t), newKeyring(t)
		if err := s.Prepare(t.Context(), right, silent); err != nil {
			t.Fatal(err)
		}
		// As if this program knew one migration more than the database has.
		if _, err := s.Writer().ExecContext(t.Context(), "DELETE FROM goose_db_version WHERE version_id > 0"); err != nil {
			t.Fatal(err)
		}
		err = s.Prepare(t.Context(), wrong, silent)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), "does not fit this database") {
			t.Errorf("%v", err)
		}
		var versions int
		row := s.Writer().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM goose_db_version WHERE version_id > 0")
		if err := row.Scan(&versions); err != nil || versions != 0 {
			t.Errorf("the wrong key migrated: %d, %v", versions, err)
		}
	})
}

func newKeyring(t testing.TB) *secret.Keyring {
	t.Helper()
	ring, err := secret.NewKeyring(secret.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestACancelledContextOpensNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, url := range []string{"sqlite:///" + filepath.Join(t.TempDir(), "x.db"), "postgres://127.0.0.1:1/d"} {
		if _, err := store.Open(ctx, store.Options{URL: secret.NewText(url)}); err == nil {
			t.Errorf("%s opened", url)
		}
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("sqlite:///file.db")
	f.Add("postgres://u:p@h/d")
	f.Add("postgresql://u:%@h:1/d?x=y")
	f.Fuzz(func(t *testing.T, text string) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // the address is read, nobody is called
		address := "postgres://user:" + password + "@127.0.0.1:1/" + text
		_, err := store.Open(ctx, store.Options{URL: secret.NewText(address)})
		if err == nil || strings.Contains(fmt.Sprintf("%+v %#v", err, err), password) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
