package cli_test

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// opened opens the database with the key.
func opened(t *testing.T, url, key secret.Text) (*store.Store, *secret.Keyring) {
	t.Helper()
	ring, err := secret.NewKeyring(key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Prepare(t.Context(), ring, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	s.UseAuditKey(ring.Derive(secret.AuditLabel))
	return s, ring
}

// sealedUser makes a user with an automated account and an authenticator app.
func sealedUser(t *testing.T, s *store.Store, ring *secret.Keyring) (auth.User, trade.BrokerageAccount) {
	t.Helper()
	user := auth.User{ID: uuid.NewString(), Username: "alice", Email: "alice@example.org", PasswordHash: "x"}
	user, err := s.CreateUser(t.Context(), user, ring.NewDataKey(user.ID), trade.DefaultSettings(), audit.Entry{Action: audit.Register})
	if err != nil {
		t.Fatal(err)
	}
	account := trade.BrokerageAccount{ID: uuid.NewString(), UserID: user.ID, Name: "paper", Paper: true, Automated: true}
	if err := (app.KeySafe{Keyring: ring, Users: s}).Seal(t.Context(), &account, secret.NewText("PKALICE"), secret.NewText("hush")); err != nil {
		t.Fatal(err)
	}
	if account, err = s.CreateAccount(t.Context(), account, audit.Entry{Action: audit.AccountCreated}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutTOTPSecret(t.Context(), auth.TOTPSecret{ID: uuid.NewString(), UserID: user.ID, Sealed: []byte("sealed")}); err != nil {
		t.Fatal(err)
	}
	return user, account
}

// keyed returns shells on the database whose ENCRYPTION_KEY is the one they are asked for with.
func keyed(t *testing.T, url secret.Text) func(key secret.Text) *shell {
	return func(key secret.Text) *shell {
		return newShell(t, "DATABASE_URL="+url.Reveal(), "SECRET_KEY=0123456789abcdef0123456789abcdef", "ENCRYPTION_KEY="+key.Reveal(),
			"AUDIT_CHECKPOINT_FILE="+filepath.Join(t.TempDir(), "checkpoints"))
	}
}

// leave closes the store and returns whose it was.
func leave(t *testing.T, s *store.Store) store.Installation {
	t.Helper()
	installation, err := s.Installation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return installation
}

func TestALostKeyIsReplaced(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		lost, newer, url := secret.GenerateKey(), secret.GenerateKey(), address(t)
		s, ring := opened(t, url, lost)
		user, account := sealedUser(t, s, ring)
		installation := leave(t, s)
		with := keyed(t, url)
		with(lost).run(t, "audit", "verify")
		if said := with(lost).fail(t, "keys", "reset", "--confirm", installation.ID); !strings.Contains(said, "nothing is lost") {
			t.Errorf("with the right key: %s", said)
		}
		sh := with(newer)
		for _, arguments := range [][]string{{"keys", "reset"}, {"keys", "reset", "--confirm", "yes"}} {
			if said := sh.fail(t, arguments...); !strings.Contains(said, installation.ID) || strings.Count(said, "\n") != 1 {
				t.Errorf("%v: %s", arguments, said)
			}
		}
		with(lost).run(t, "audit", "verify") // nothing was changed

		report := decode[struct{ Users, Accounts, Factors int }](t, sh.run(t, "keys", "reset", "--confirm", installation.ID, "--json"))
		if report.Users != 1 || report.Accounts != 1 || report.Factors != 1 {
			t.Errorf("the report says %+v", report)
		}
		sh.run(t, "audit", "verify")
		s, ring = opened(t, url, newer)
		checkAfterReset(t, s, ring, user, account)
		if said := with(lost).fail(t, "keys", "rotate"); !strings.Contains(said, "ENCRYPTION_KEY") {
			t.Errorf("the lost key, found again: %s", said)
		}
		if said := sh.fail(t, "keys", "reset", "--confirm", installation.ID); !strings.Contains(said, "nothing is lost") {
			t.Errorf("twice: %s", said)
		}
	})
}

// checkAfterReset looks at what went, what stays, and that new keys can be entered.
func checkAfterReset(t *testing.T, s *store.Store, ring *secret.Keyring, user auth.User, account trade.BrokerageAccount) {
	t.Helper()
	safe := app.KeySafe{Keyring: ring, Users: s}
	kept, err := s.AccountByName(t.Context(), user.ID, account.Name)
	if err != nil || kept.Automated || kept.Name != "paper" {
		t.Fatalf("the account is %+v, %v", kept, err)
	}
	if _, _, err := safe.Open(t.Context(), kept); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), "Enter them again") {
		t.Errorf("its keys: %v", err)
	}
	if _, err := s.TOTPSecret(t.Context(), user.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the authenticator: %v", err)
	}
	if _, err := s.UserSettings(t.Context(), user.ID); err != nil {
		t.Errorf("the settings: %v", err)
	}
	links, err := s.AuditLinks(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var actions []audit.Action
	for _, link := range links {
		actions = append(actions, link.Action)
	}
	if len(actions) < 3 || actions[0] != audit.Register || actions[1] != audit.AccountCreated || actions[2] != audit.KeysReset {
		t.Errorf("the log has %v", actions)
	}
	if err := safe.Seal(t.Context(), &kept, secret.NewText("PKNEW"), secret.NewText("new")); err != nil {
		t.Errorf("new keys: %v", err)
	}
}

// TestALostKeyIsReplacedAfterAnArchive: what was archived under the lost key is stood for by one receipt,
// and the log goes on behind it.
func TestALostKeyIsReplacedAfterAnArchive(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		lost, newer, url := secret.GenerateKey(), secret.GenerateKey(), address(t)
		s, ring := opened(t, url, lost)
		sealedUser(t, s, ring)
		installation := leave(t, s)
		with := keyed(t, url)
		archive := filepath.Join(t.TempDir(), "old.archive")
		with(lost).run(t, "audit", "archive", "--before", "2999-01-01", "--output", archive)
		sh := with(newer)
		sh.run(t, "keys", "reset", "--confirm", installation.ID)
		sh.run(t, "users", "end-sessions", "alice")
		type verified struct {
			OK       bool  `json:"ok"`
			Archived int64 `json:"archived"`
			Entries  int64 `json:"entries"`
		}
		if report := decode[verified](t, sh.run(t, "audit", "verify", "--json")); !report.OK || report.Archived < 2 || report.Entries < 2 {
			t.Errorf("after the reset: %+v", report)
		}
		if said := sh.fail(t, "audit", "verify", "--archive", archive); said == "" {
			t.Error("an archive of the lost key is opened")
		}
	})
}
