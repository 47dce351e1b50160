package store_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func ringOf(t *testing.T, keys ...secret.Text) *secret.Keyring {
	t.Helper()
	ring, err := secret.NewKeyring(keys[0], keys[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func prepared(t *testing.T, url secret.Text, ring *secret.Keyring) *store.Store {
	t.Helper()
	s := storetest.Open(t, url, store.Options{})
	if err := s.Prepare(t.Context(), ring, silent); err != nil {
		t.Fatal(err)
	}
	return s
}

func register(t testing.TB, s *store.Store, ring *secret.Keyring, name string) auth.User {
	t.Helper()
	user := auth.User{ID: uuid.NewString(), Username: name, Email: name + "@example.org", PasswordHash: "x"}
	user, err := s.CreateUser(t.Context(), user, ring.NewDataKey(user.ID), trade.DefaultSettings(), audit.Entry{Action: audit.Register})
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func TestARotationMovesEverythingOrSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		older, newer := secret.GenerateKey(), secret.GenerateKey()
		before, both, after := ringOf(t, older), ringOf(t, newer, older), ringOf(t, newer)
		url := address(t)
		s := prepared(t, url, before)
		for i := range 5 {
			register(t, s, before, fmt.Sprint("user", i))
		}
		if err := s.Prepare(t.Context(), both, silent); err != nil {
			t.Fatal(err)
		}
		register(t, s, both, "newcomer")
		if !bytes.Equal(both.Derive("x"), before.Derive("x")) {
			t.Error("derived keys differ with both keys")
		}
		if all, others, err := s.CountDataKeys(t.Context(), both.Stamp()); all != 6 || others != 5 || err != nil {
			t.Errorf("%d keys, %d to move, %v", all, others, err)
		}
		entry := audit.Entry{Action: audit.KeyRotated}
		if done, err := s.FinishRotation(t.Context(), both, "", entry); done || err != nil {
			t.Errorf("finished with 5 keys left: %v, %v", done, err)
		}
		keys, err := s.OtherDataKeys(t.Context(), both.Stamp(), "", 100)
		if err != nil || len(keys) != 5 {
			t.Fatal(len(keys), err)
		}
		move(t, s, both, keys[:4])
		if done, _ := s.FinishRotation(t.Context(), both, "", entry); done {
			t.Error("finished with a key left")
		}
		wantRefusal(t, s, after, "does not fit this database")
		move(t, s, both, keys) // four of them again: they stay as they are
		for range 2 {
			if done, err := s.FinishRotation(t.Context(), both, "", entry); !done || err != nil {
				t.Fatal(done, err)
			}
		}
		links, err := s.AuditLinks(t.Context(), 0, 100)
		if err != nil || len(links) != 7 || links[6].Action != audit.KeyRotated {
			t.Errorf("%d entries, %v", len(links), err)
		}
		if err := s.Prepare(t.Context(), after, silent); err != nil || !bytes.Equal(after.Derive("x"), before.Derive("x")) {
			t.Errorf("without the old key: %v", err)
		}
		wantRefusal(t, s, before, "does not fit this database")

		late := auth.User{ID: uuid.NewString(), Username: "late", Email: "late@example.org", PasswordHash: "x"}
		_, err = s.CreateUser(t.Context(), late, before.NewDataKey(late.ID), trade.DefaultSettings(), audit.Entry{Action: audit.Register})
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("a server that was not restarted wraps under the old key: %v", err)
		}
		back := ringOf(t, older, newer) // and back to the first key
		if keys, err = s.OtherDataKeys(t.Context(), back.Stamp(), "", 100); err != nil {
			t.Fatal(err)
		}
		move(t, s, back, keys)
		if done, err := s.FinishRotation(t.Context(), back, "", entry); !done || err != nil {
			t.Fatal(done, err)
		}
		register(t, s, before, "late")
		wantRefusal(t, s, after, "does not fit this database")
	})
}

func TestADataKeyUnderAKeyThatIsMissingIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		right := ringOf(t, secret.GenerateKey())
		s := prepared(t, address(t), right)
		register(t, s, ringOf(t, secret.GenerateKey()), "stranger")
		wantRefusal(t, s, right, "The keys of 1 users were stored under")
	})
}

func move(t *testing.T, s *store.Store, ring *secret.Keyring, keys []secret.WrappedKey) {
	t.Helper()
	rewrapped := make([][]byte, len(keys))
	for i, key := range keys {
		var err error
		if rewrapped[i], err = ring.Rewrap(key.UserID, key.Wrapped); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.ReplaceDataKeys(t.Context(), keys, rewrapped); err != nil {
		t.Fatal(err)
	}
}

func wantRefusal(t *testing.T, s *store.Store, ring *secret.Keyring, says string) {
	t.Helper()
	if err := s.Prepare(t.Context(), ring, silent); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), says) {
		t.Errorf("want a refusal that says %q, got %v", says, err)
	}
}

// A database of the version before has a canary and no key of its own.
func TestADatabaseOfTheVersionBeforeIsAdopted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		key := secret.GenerateKey()
		s := prepared(t, address(t), ringOf(t, key))
		if _, err := s.Writer().ExecContext(t.Context(), "DELETE FROM installation_keys"); err != nil {
			t.Fatal(err)
		}
		want := ringOf(t, key).Derive(secret.AuditLabel) // as the version before derived it
		for range 2 {
			ring := ringOf(t, key)
			if err := s.Prepare(t.Context(), ring, silent); err != nil || !bytes.Equal(ring.Derive(secret.AuditLabel), want) {
				t.Errorf("adopted with another audit key: %v", err)
			}
		}
	})
}

func TestProcessesThatStartTogetherShareOneKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		key, url := secret.GenerateKey(), address(t)
		derived, roots := make([][]byte, 6), make([][]byte, 6)
		stores := make([]*store.Store, len(derived))
		for i := range stores {
			s, err := store.Open(t.Context(), store.Options{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			stores[i] = s
		}
		var group sync.WaitGroup
		for i, s := range stores {
			ring := ringOf(t, key)
			group.Go(func() {
				if err := s.Prepare(t.Context(), ring, silent); err != nil {
					t.Error(err)
					return
				}
				derived[i] = ring.Derive(secret.AuditLabel)
				var err error
				if roots[i], err = s.CreateRootKey(t.Context(), "kms://one", fmt.Append(nil, i)); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for i := range derived {
			if !bytes.Equal(derived[i], derived[0]) || !bytes.Equal(roots[i], roots[0]) {
				t.Errorf("process %d has keys of its own", i)
			}
		}
	})
}
