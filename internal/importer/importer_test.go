package importer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/importer"
	"github.com/jcap24/alpaca-trader/internal/legacy"
	"github.com/jcap24/alpaca-trader/internal/legacy/legacytest"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/flaskdb"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// failing is a store that goes away after some writes.
type failing struct {
	*store.Store
	left int
}

var errAway = errors.New("the database went away")

func (f *failing) ImportUser(ctx context.Context, source string, n legacy.Newcomer) (bool, error) {
	if f.left--; f.left < 0 {
		return false, errAway
	}
	return f.Store.ImportUser(ctx, source, n)
}

func (f *failing) ImportEntries(ctx context.Context, source string, after, upTo int64, entries []audit.Entry) error {
	if f.left--; f.left < 0 {
		return errAway
	}
	return f.Store.ImportEntries(ctx, source, after, upTo, entries)
}

func TestAnInterruptedImportIsTakenUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		from := address(t)
		old := legacytest.Make(t, from)
		made := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
		const users, entries = 4, 1200
		for i := range users {
			name := fmt.Sprintf("user%d", i)
			old.Insert(t, "users", "username, email, password_hash, is_active, created_at", name, name+"@example.org", legacytest.HashPBKDF2(t, "p", "s"), true, made)
		}
		for i := range entries {
			old.Insert(t, "audit_logs", "user_id, action, timestamp", 1+i%users, "login", made.Add(time.Duration(i)*time.Second))
		}
		s := storetest.Open(t, address(t), store.Options{})
		ring, err := secret.NewKeyring(secret.GenerateKey())
		check(t, err)
		opened, err := flaskdb.Open(t.Context(), from)
		check(t, err)
		defer func() { _ = opened.Close() }()
		runs := 0
		for ; ; runs++ {
			i := importer.Importer{Store: &failing{s, 2}, Keyring: ring, Clock: clock.System(), Log: slog.New(slog.DiscardHandler)}
			_, err := i.Database(t.Context(), opened, nil)
			if err == nil {
				break
			}
			if !errors.Is(err, errAway) || runs > 10 {
				t.Fatal(err)
			}
		}
		if runs != 3 { // four users and three parts of the log, two at a time
			t.Errorf("it took %d interruptions", runs)
		}
		checkOnce(t, s, users, entries)
	})
}

// checkOnce finds every user and every old entry exactly once.
func checkOnce(t *testing.T, s *store.Store, users, entries int) {
	t.Helper()
	if count, err := s.CountUsers(t.Context()); err != nil || count != users {
		t.Errorf("%d users: %v", count, err)
	}
	links, err := s.AuditLinks(t.Context(), 0, 10_000)
	check(t, err)
	var times []time.Time
	for _, link := range links {
		if link.Details["imported"] != nil {
			times = append(times, link.At)
			if link.ActorName == "" {
				t.Errorf("entry %d has lost its actor", link.Sequence)
			}
		}
	}
	if len(times) != entries || !slices.IsSortedFunc(times, time.Time.Compare) {
		t.Errorf("%d old entries, in order: %v", len(times), slices.IsSortedFunc(times, time.Time.Compare))
	}
	if broken, problem := audit.Verify(storetest.AuditKey, links); broken != 0 {
		t.Error(problem)
	}
}

func TestAnUnreadableSecondFactorKeepsOnlyItsUserOut(t *testing.T) {
	t.Parallel()
	from := storetest.SQLite(t)
	old := legacytest.Make(t, from)
	for name, totpSecret := range map[string]string{"anna": "no base32!", "bert": ""} {
		old.Insert(t, "users", "username, email, password_hash, totp_secret, is_2fa_enabled, created_at",
			name, name+"@example.org", legacytest.HashPBKDF2(t, "p", "s"), totpSecret, name == "anna", time.Now())
	}
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	ring, err := secret.NewKeyring(secret.GenerateKey())
	check(t, err)
	opened, err := flaskdb.Open(t.Context(), from)
	check(t, err)
	defer func() { _ = opened.Close() }()
	report, err := importer.Importer{Store: s, Keyring: ring, Clock: clock.System(), Log: slog.New(slog.DiscardHandler)}.Database(t.Context(), opened, nil)
	check(t, err)
	what := map[string]string{}
	for _, user := range report.Users {
		what[user.Username] = user.What
	}
	if what["anna"] != importer.Refused || what["bert"] != importer.Import || report.Refused() != 1 {
		t.Errorf("%v", what)
	}
	if count, err := s.CountUsers(t.Context()); err != nil || count != 1 {
		t.Errorf("%d users: %v", count, err)
	}
}

func TestManyImportAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		from := address(t)
		old := legacytest.Make(t, from)
		old.Insert(t, "users", "username, email, password_hash, created_at", "anna", "anna@example.org", legacytest.HashScrypt(t, "p", "s"), time.Now())
		s := storetest.Open(t, address(t), store.Options{})
		ring, err := secret.NewKeyring(secret.GenerateKey())
		check(t, err)
		results := make(chan error)
		for range 4 {
			go func() {
				opened, err := flaskdb.Open(t.Context(), from)
				if err != nil {
					results <- err
					return
				}
				defer func() { _ = opened.Close() }()
				_, err = importer.Importer{Store: s, Keyring: ring, Clock: clock.System(), Log: slog.New(slog.DiscardHandler)}.Database(t.Context(), opened, nil)
				results <- err
			}()
		}
		for range 4 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if page, err := s.ListUsers(t.Context(), auth.UserQuery{}); err != nil || len(page.Users) != 1 {
			t.Errorf("%d users: %v", len(page.Users), err)
		}
	})
}
