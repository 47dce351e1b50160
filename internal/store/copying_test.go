package store_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// bothWays runs the test from each database to each.
func bothWays(t *testing.T, test func(t *testing.T, from, to storetest.Address)) {
	ways := map[string]storetest.Address{"SQLite": storetest.SQLite, "PostgreSQL": storetest.Postgres}
	for from, source := range ways {
		for to, target := range ways {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				test(t, source, target)
			})
		}
	}
}

// furnished is a database with an installation and some rows of most kinds.
func furnished(t *testing.T, address storetest.Address) (*store.Store, *secret.Keyring) {
	t.Helper()
	s := storetest.Open(t, address(t), store.Options{})
	ring, err := secret.NewKeyring(secret.GenerateKey())
	check(t, err)
	check(t, s.Prepare(t.Context(), ring, slog.New(slog.DiscardHandler)))
	s.UseAuditKey(ring.Derive(secret.AuditLabel))
	for _, name := range []string{"zoé", "Ana", "łukasz", "_bob"} {
		user := auth.User{ID: uuid.NewString(), Username: name, Email: name + "@example.org", PasswordHash: "$argon2id$"}
		user, err := s.CreateUser(t.Context(), user, ring.NewDataKey(user.ID), trade.DefaultSettings(), audit.Entry{Action: audit.Register})
		check(t, err)
		account := trade.BrokerageAccount{ID: uuid.NewString(), UserID: user.ID, Name: "paper 'one'", Paper: true, SealedKey: []byte{0, 1, 255}, SealedSecret: []byte("\x00")}
		_, err = s.CreateAccount(t.Context(), account, audit.Entry{Action: audit.AccountCreated, Details: map[string]any{"name": "„ü“"}})
		check(t, err)
		for _, symbol := range []string{"TSLA", "AAPL"} {
			check(t, s.AddSymbol(t.Context(), user.ID, trade.WatchedSymbol{Symbol: symbol}, audit.Entry{Action: audit.WatchlistAdd}))
		}
	}
	at := time.Date(2026, 3, 2, 14, 30, 0, 0, time.UTC)
	check(t, s.StoreBars(t.Context(), "iex", "AAPL", trade.Minutes5, []trade.Bar{{Start: at, End: at.Add(5 * time.Minute), Open: 0.1, High: 1e300, Low: 5e-324, Close: 1.0 / 3, Volume: 12345678.9}}))
	return s, ring
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func emptyAt(t *testing.T, address storetest.Address) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: address(t)})
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func copyInto(t *testing.T, from, to *store.Store, progress func(store.Copied)) error {
	t.Helper()
	snapshot, err := from.Snapshot(t.Context())
	check(t, err)
	defer func() { _ = snapshot.Close() }()
	return snapshot.CopyTo(t.Context(), to, progress)
}

func TestACopyIsEqualRowByRow(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, source, target storetest.Address) {
		from, ring := furnished(t, source)
		to := emptyAt(t, target)
		schema, err := from.Schema(t.Context())
		check(t, err)
		check(t, to.MigrateTo(t.Context(), schema.Have, slog.New(slog.DiscardHandler)))
		compared := map[string]int64{}
		check(t, copyInto(t, from, to, func(so store.Copied) {
			if so.Verified {
				compared[so.Table] = so.Rows
			}
		}))
		if compared["users"] != 4 || compared["watchlist"] != 8 || compared["bars"] != 1 || compared["audit_entries"] != 16 || len(compared) != len(store.TableNames()) {
			t.Errorf("compared %v", compared)
		}
		other, err := secret.NewKeyring(secret.GenerateKey())
		check(t, err)
		if err := to.CheckKeys(t.Context(), other); !fault.Is(err, fault.Invalid) {
			t.Errorf("the copy opens under another key: %v", err)
		}
		check(t, to.CheckKeys(t.Context(), ring))
		to.UseAuditKey(ring.Derive(secret.AuditLabel))
		check(t, to.Append(t.Context(), audit.Entry{Action: audit.Login}))
		links, err := to.AuditLinks(t.Context(), 0, 100)
		check(t, err)
		if broken, problem := audit.Verify(ring.Derive(secret.AuditLabel), links); broken != 0 || len(links) != 17 {
			t.Errorf("%d entries: %s", len(links), problem)
		}
		if err := copyInto(t, from, to, func(store.Copied) {}); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second copy on top of the first: %v", err)
		}
	})
}

func TestAnInterruptedCopyLeavesNothing(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, source, target storetest.Address) {
		from, _ := furnished(t, source)
		to := emptyAt(t, target)
		schema, err := from.Schema(t.Context())
		check(t, err)
		check(t, to.MigrateTo(t.Context(), schema.Have, slog.New(slog.DiscardHandler)))
		snapshot, err := from.Snapshot(t.Context())
		check(t, err)
		defer func() { _ = snapshot.Close() }()
		ctx, cancel := context.WithCancel(t.Context())
		err = snapshot.CopyTo(ctx, to, func(so store.Copied) {
			if so.Table == "watchlist" {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the interrupted copy said %v", err)
		}
		if empty, err := to.Empty(t.Context()); err != nil || !empty {
			t.Errorf("something was left: %v", err)
		}
		check(t, copyInto(t, from, to, func(store.Copied) {}))
	})
}

// A table that is in the schema and not in the list would be missing in every copy and backup.
func TestEveryTableIsCopied(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s := storetest.Open(t, address(t), store.Options{})
		query := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
		if s.Pool() != nil {
			query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
		}
		rows, err := s.Writer().QueryContext(t.Context(), query)
		check(t, err)
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var name string
			check(t, rows.Scan(&name))
			if name != "goose_db_version" && !slices.Contains(store.TableNames(), name) {
				t.Errorf("the table %s is not in the list of internal/store/tables.go", name)
			}
		}
		check(t, rows.Err())
	})
}

func TestResetLeavesNothingAndOthersAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s, ring := furnished(t, address)
		for _, statement := range []string{"CREATE TABLE notes (text TEXT)", "INSERT INTO notes VALUES ('of another program')"} {
			_, err := s.Writer().ExecContext(t.Context(), statement)
			check(t, err)
		}
		check(t, s.Reset(t.Context()))
		if empty, err := s.Empty(t.Context()); err != nil || !empty {
			t.Errorf("not empty: %v", err)
		}
		var kept int
		check(t, s.Writer().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM notes").Scan(&kept))
		if kept != 1 {
			t.Error("the table of another program was emptied")
		}
		check(t, s.Prepare(t.Context(), ring, slog.New(slog.DiscardHandler)))
		if count, err := s.CountUsers(t.Context()); err != nil || count != 0 {
			t.Errorf("%d users: %v", count, err)
		}
	})
}
