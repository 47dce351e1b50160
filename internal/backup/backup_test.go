package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/backup"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

var quiet = slog.New(slog.DiscardHandler)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ringOf(t testing.TB, key secret.Text) *secret.Keyring {
	t.Helper()
	ring, err := secret.NewKeyring(key)
	check(t, err)
	return ring
}

// house is an installation with users, a second factor, a session and an order's journal.
type house struct {
	backup.Maker
	key  secret.Text
	user auth.User
}

func newHouse(t *testing.T, address storetest.Address, shelf backup.Shelf) *house {
	t.Helper()
	h := traderHouse(t, address, shelf)
	for _, statement := range []string{
		"INSERT INTO leases (account_id, holder, epoch, expires_at) VALUES ('an account', 'somebody', 7, 1)",
		"INSERT INTO baselines (account_id, symbol, qty, reason, at) VALUES ('an account', 'AAPL', '1.50', 'first look', 1)",
		"INSERT INTO reconciliations (account_id, checked_at, passed, in_a_row, drift) VALUES ('an account', 1, TRUE, 0, '[]')",
	} {
		_, err := h.Store.Writer().ExecContext(t.Context(), statement)
		check(t, err)
	}
	return h
}

// traderHouse is a house in which nothing was traded yet.
func traderHouse(t *testing.T, address storetest.Address, shelf backup.Shelf) *house {
	t.Helper()
	h := &house{key: secret.GenerateKey()}
	s := storetest.Open(t, address(t), store.Options{})
	h.Maker = backup.Maker{Store: s, Keyring: ringOf(t, h.key), Shelf: shelf, Clock: clock.System(), Log: quiet}
	check(t, s.Prepare(t.Context(), h.Keyring, quiet))
	s.UseAuditKey(h.Keyring.Derive(secret.AuditLabel))
	for i := range 20 {
		h.user = h.register(t, fmt.Sprintf("user%d", i))
	}
	account := trade.BrokerageAccount{ID: "an account", UserID: h.user.ID, Name: "paper", Paper: true, Automated: true, SealedKey: []byte{1}, SealedSecret: []byte{2}}
	_, err := s.CreateAccount(t.Context(), account, audit.Entry{Action: audit.AccountCreated})
	check(t, err)
	for _, statement := range []string{
		"INSERT INTO totp_secrets (user_id, id, sealed, enabled, last_step, created_at) VALUES ('" + h.user.ID + "', 'x', '', TRUE, 5, 1)",
		"INSERT INTO sessions (token, user_id, data, address, user_agent, created_at, seen_at, expires_at) VALUES ('t', '" + h.user.ID + "', '', '', '', 1, 1, 1)",
	} {
		_, err := s.Writer().ExecContext(t.Context(), statement)
		check(t, err)
	}
	return h
}

func (h *house) register(t testing.TB, name string) auth.User {
	t.Helper()
	user := auth.User{ID: uuid.NewString(), Username: name, Email: name + "@example.org", PasswordHash: "$argon2id$"}
	user, err := h.Store.CreateUser(t.Context(), user, h.Keyring.NewDataKey(user.ID), trade.DefaultSettings(), audit.Entry{Action: audit.Register})
	check(t, err)
	return user
}

// read returns the bytes of a backup.
func (h *house) read(t *testing.T, name string) []byte {
	t.Helper()
	from, err := h.Shelf.Get(t.Context(), name)
	check(t, err)
	defer func() { _ = from.Close() }()
	content, err := io.ReadAll(from)
	check(t, err)
	return content
}

// restore restores the bytes into a new database.
func restore(t *testing.T, content []byte, key secret.Text, target *store.Store, options backup.RestoreOptions) (backup.Checked, error) {
	t.Helper()
	opened, err := backup.Open(bytes.NewReader(content))
	if err != nil {
		return backup.Checked{}, err
	}
	check(t, target.MigrateTo(t.Context(), opened.Head.Schema, quiet))
	if options.Progress == nil {
		options.Progress = func(backup.Restoring) {}
	}
	m := backup.Maker{Store: target, Keyring: ringOf(t, key), Clock: clock.System(), Log: quiet}
	return m.Restore(t.Context(), opened, options)
}

func emptyAt(t *testing.T, address storetest.Address) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: address(t)})
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func count(t *testing.T, s *store.Store, query string) (n int64) {
	t.Helper()
	check(t, s.Writer().QueryRowContext(t.Context(), query).Scan(&n))
	return n
}

func TestABackupRestoresIntoEitherDatabase(t *testing.T) {
	t.Parallel()
	for from, source := range map[string]storetest.Address{"SQLite": storetest.SQLite, "PostgreSQL": storetest.Postgres} {
		for to, target := range map[string]storetest.Address{"SQLite": storetest.SQLite, "PostgreSQL": storetest.Postgres} {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t, source, backup.Folder{Path: filepath.Join(t.TempDir(), "shelf")})
				made, err := h.Create(t.Context())
				check(t, err)
				content := h.read(t, made.Name)
				if bytes.Contains(content, []byte("user7@example.org")) || int64(len(content)) != made.Size {
					t.Error("the backup shows what is in it, or has another size")
				}
				opened, err := backup.Open(bytes.NewReader(content))
				check(t, err)
				checked, err := opened.Verify(t.Context(), ringOf(t, h.key))
				check(t, err)
				if checked.Problem != nil || checked.Rows != made.Rows || checked.Entries != 21 || checked.Tables != len(store.TableNames()) {
					t.Errorf("checked %+v, made %+v", checked, made)
				}
				restored := emptyAt(t, target)
				if _, err := restore(t, content, h.key, restored, backup.RestoreOptions{Name: made.Name}); err != nil {
					t.Fatal(err)
				}
				h.checkRestored(t, restored)
				if _, err := restore(t, content, h.key, emptyAt(t, target), backup.RestoreOptions{}); err != nil {
					t.Errorf("the same backup a second time: %v", err)
				}
				opened, err = backup.Open(bytes.NewReader(content))
				check(t, err)
				if _, err := (backup.Maker{Store: restored, Keyring: ringOf(t, h.key), Clock: clock.System()}).Restore(t.Context(), opened, backup.RestoreOptions{Progress: func(backup.Restoring) {}}); !fault.Is(err, fault.Conflict) {
					t.Errorf("onto a full database: %v", err)
				}
			})
		}
	}
}

// checkRestored looks for what must be there, and for what must not.
func (h *house) checkRestored(t *testing.T, s *store.Store) {
	t.Helper()
	ring := ringOf(t, h.key)
	check(t, s.CheckKeys(t.Context(), ring))
	user, err := s.UserByLogin(t.Context(), h.user.Email)
	if err != nil || user.SessionEpoch != h.user.SessionEpoch+1 {
		t.Errorf("%+v, %v", user, err)
	}
	for _, table := range []string{"sessions", "leases", "reconciliations", "known_devices"} {
		if n := count(t, s, "SELECT COUNT(*) FROM "+table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
	if step, now := count(t, s, "SELECT last_step FROM totp_secrets"), time.Now().Unix()/30; step < now-20 || step > now {
		t.Errorf("codes count from step %d, and now is %d", step, now)
	}
	links, err := s.AuditLinks(t.Context(), 0, 1000)
	check(t, err)
	if broken, problem := audit.Verify(ring.Derive(secret.AuditLabel), links); broken != 0 || len(links) != 22 || links[21].Action != audit.BackupRestored {
		t.Errorf("%d entries: %d %s", len(links), broken, problem)
	}
}

func TestADamagedBackupChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite, backup.Folder{Path: t.TempDir()})
	made, err := h.Create(t.Context())
	check(t, err)
	content := h.read(t, made.Name)
	changed := func(place int) []byte {
		copied := bytes.Clone(content)
		copied[place] ^= 1
		return copied
	}
	for name, test := range map[string]struct {
		content []byte
		key     secret.Text
		says    string
	}{
		"cut":            {content[:len(content)-1], h.key, "damaged or cut off"},
		"half":           {content[:len(content)/2], h.key, "damaged or cut off"},
		"longer":         {append(bytes.Clone(content), 0), h.key, "damaged or cut off"},
		"changed body":   {changed(len(content) - 100), h.key, "damaged or cut off"},
		"changed head":   {changed(len("alpaca-trader backup 1\n") + 10), h.key, "."},
		"another key":    {content, secret.GenerateKey(), "another ENCRYPTION_KEY"},
		"something else": {[]byte("PK\x03\x04 a zip file"), h.key, "not a backup"},
		"nothing":        {nil, h.key, "not a backup"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, address storetest.Address) {
				target := emptyAt(t, address)
				_, err := restore(t, test.content, test.key, target, backup.RestoreOptions{})
				if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), test.says) {
					t.Errorf("it said %v", err)
				}
				if empty, err := target.Empty(t.Context()); err != nil || !empty {
					t.Errorf("something is in the database: %v", err)
				}
			})
		})
	}
}

func TestATamperedLogIsNotRestoredUnasked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite, backup.Folder{Path: t.TempDir()})
	_, err := h.Store.Writer().ExecContext(t.Context(), "UPDATE audit_entries SET address = '1.2.3.4' WHERE sequence = 9")
	check(t, err)
	made, err := h.Create(t.Context())
	check(t, err)
	content := h.read(t, made.Name)
	target := emptyAt(t, storetest.SQLite)
	if _, err := restore(t, content, h.key, target, backup.RestoreOptions{}); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Public(err), "Entry 9") {
		t.Errorf("it said %v", err)
	}
	checked, err := restore(t, content, h.key, target, backup.RestoreOptions{AcceptLog: true})
	if err != nil || checked.Problem == nil {
		t.Errorf("accepted: %v", err)
	}
}

// fullDisk fails after some bytes, as a disk does.
type fullDisk struct {
	backup.Folder
	left int
}

func (f *fullDisk) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	return f.Folder.Put(ctx, name, func(to io.Writer) error { return write(&shortWriter{to, f.left}) })
}

type shortWriter struct {
	to   io.Writer
	left int
}

func (w *shortWriter) Write(bytes []byte) (int, error) {
	if w.left -= len(bytes); w.left < 0 {
		return 0, &os.PathError{Op: "write", Path: "shelf", Err: syscall.ENOSPC}
	}
	return w.to.Write(bytes)
}

func TestAFullDiskLeavesNoBackup(t *testing.T) {
	t.Parallel()
	folder := backup.Folder{Path: t.TempDir()}
	h := newHouse(t, storetest.SQLite, folder)
	_, err := h.Create(t.Context())
	check(t, err)
	h.Shelf = &fullDisk{folder, 3000}
	if _, err := h.Create(t.Context()); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Public(err), "is full") {
		t.Errorf("it said %v", err)
	}
	entries, err := os.ReadDir(folder.Path)
	if err != nil || len(entries) != 1 {
		t.Errorf("on the shelf: %v, %v", entries, err)
	}
}

func TestABucketKeepsBackups(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(gofakes3.New(s3mem.New(), gofakes3.WithAutoBucket(true)).Server())
	t.Cleanup(server.Close)
	config := backup.BucketConfig{Endpoint: strings.TrimPrefix(server.URL, "http://"), Plain: true, Region: "us-east-1", Bucket: "safe", Prefix: "a/b", KeyID: secret.NewText("id"), Secret: secret.NewText("hush")}
	shelf, err := backup.NewBucket(config)
	check(t, err)
	h := newHouse(t, storetest.SQLite, shelf)
	made, err := h.Create(t.Context())
	check(t, err)
	list, err := shelf.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Name != made.Name || list[0].Size != made.Size {
		t.Fatalf("made %+v, listed %v, %v", made, list, err)
	}
	if _, err := restore(t, h.read(t, made.Name), h.key, emptyAt(t, storetest.SQLite), backup.RestoreOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := shelf.Get(t.Context(), "alpaca-trader-other"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a backup that is not there: %v", err)
	}
	if err := shelf.Put(t.Context(), "broken", func(to io.Writer) error {
		_, _ = to.Write(make([]byte, 1<<20))
		return errors.New("the database went away")
	}); err == nil || !strings.Contains(err.Error(), "went away") {
		t.Errorf("a writer that failed: %v", err)
	}
	check(t, shelf.Delete(t.Context(), made.Name))
	if list, err := shelf.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	server.Close()
	if _, err := h.Create(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a store that is gone: %v", err)
	}
}

func TestWhichBackupsStay(t *testing.T) {
	t.Parallel()
	var list []backup.Kept
	newest := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) // a Monday
	for hours := 0; hours < 24*400; hours += 12 {
		at := newest.Add(-time.Duration(hours) * time.Hour)
		list = append(list, backup.Kept{Name: at.Format(time.RFC3339), At: at})
	}
	rest := backup.Retention{Daily: 3, Weekly: 2, Monthly: 3}.Superfluous(list)
	var stay []string
	for _, kept := range list {
		if !slices.ContainsFunc(rest, func(r backup.Kept) bool { return r.Name == kept.Name }) {
			stay = append(stay, kept.At.Format("01-02T15"))
		}
	}
	if want := []string{"11-23T12", "11-22T12", "11-21T12", "10-31T12", "09-30T12"}; !slices.Equal(stay, want) {
		t.Errorf("%v stay, want %v", stay, want)
	}
	if rest := (backup.Retention{}).Superfluous(list[:2]); len(rest) != 1 || rest[0].Name != list[1].Name {
		t.Errorf("of two, with nothing to keep: %v", rest)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("alpaca-trader backup 1\n{\"id\":\"x\"}\n"))
	f.Add([]byte{})
	key := secret.GenerateKey()
	f.Fuzz(func(t *testing.T, content []byte) {
		opened, err := backup.Open(bytes.NewReader(content))
		if err != nil {
			return
		}
		if _, err := opened.Verify(t.Context(), ringOf(t, key)); err == nil {
			t.Error("it verifies")
		}
	})
}
