package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
	"github.com/jcap24/alpaca-trader/internal/transit/transittest"
)

// vault is a database with sealed keys in it, and the shell whose commands work on it.
type vault struct {
	*shell
	file     string
	accounts []trade.BrokerageAccount
}

// open opens the database with the keys, the writing one first.
func (v *vault) open(t *testing.T, keys ...secret.Text) (*store.Store, *secret.Keyring) {
	t.Helper()
	ring, err := secret.NewKeyring(keys[0], keys[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{URL: secret.NewText("sqlite:///" + v.file)})
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

// newVault makes a database of some users under the key; every tenth has a brokerage account.
func newVault(t *testing.T, key secret.Text, users int) *vault {
	t.Helper()
	sh := newShell(t)
	v := &vault{shell: sh, file: filepath.Join(sh.folder, "keys.db")}
	s, ring := v.open(t, key)
	safe := app.KeySafe{Keyring: ring, Users: s}
	for i := range users {
		name := fmt.Sprintf("user%03d", i)
		user := auth.User{ID: uuid.NewString(), Username: name, Email: name + "@example.org", PasswordHash: "x"}
		if _, err := s.CreateUser(t.Context(), user, ring.NewDataKey(user.ID), trade.DefaultSettings(), audit.Entry{Action: audit.Register}); err != nil {
			t.Fatal(err)
		}
		if i%10 > 0 {
			continue
		}
		account := trade.BrokerageAccount{ID: uuid.NewString(), UserID: user.ID, Name: "paper", Paper: true}
		if err := safe.Seal(t.Context(), &account, secret.NewText("PK"+name), secret.NewText("secret of "+name)); err != nil {
			t.Fatal(err)
		}
		account, err := s.CreateAccount(t.Context(), account, audit.Entry{Action: audit.AccountCreated})
		if err != nil {
			t.Fatal(err)
		}
		v.accounts = append(v.accounts, account)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return v
}

// with returns the shell with these ENCRYPTION_KEYs and more settings.
func (v *vault) with(key, old string, settings ...string) *shell {
	return &shell{program: v.program, folder: v.folder, environ: append(append([]string{}, v.environ...), append(settings,
		"SECRET_KEY=0123456789abcdef0123456789abcdef", "DATABASE_URL=sqlite:///"+v.file, "ENCRYPTION_KEY="+key, "ENCRYPTION_KEYS_OLD="+old)...)}
}

// check opens every sealed key and verifies the audit chain.
func (v *vault) check(t *testing.T, keys ...secret.Text) {
	t.Helper()
	s, ring := v.open(t, keys...)
	safe := app.KeySafe{Keyring: ring, Users: s}
	for i, account := range v.accounts {
		id, key, err := safe.Open(t.Context(), account)
		if name := fmt.Sprintf("user%03d", 10*i); err != nil || id.Reveal() != "PK"+name || key.Reveal() != "secret of "+name {
			t.Fatalf("account %d: %v", i, err)
		}
	}
	links, err := s.AuditLinks(t.Context(), 0, 100000)
	if err != nil {
		t.Fatal(err)
	}
	var previous []byte
	for _, link := range links {
		if expected, err := audit.Chain(ring.Derive(secret.AuditLabel), previous, link.Entry); err != nil || !bytes.Equal(expected.Hash, link.Hash) {
			t.Fatalf("audit entry %d does not verify: %v", link.Sequence, err)
		}
		previous = link.Hash
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// left is how many data keys are not under the key.
func (v *vault) left(t *testing.T, key secret.Text, keys ...secret.Text) int {
	t.Helper()
	s, ring := v.open(t, append([]secret.Text{key}, keys...)...)
	defer s.Close()
	_, others, err := s.CountDataKeys(t.Context(), ring.Stamp())
	if err != nil {
		t.Fatal(err)
	}
	return others
}

// killMidway starts a rotation and kills it, as by a power cut, in the middle of the batch after
// the given number of whole ones: a trigger holds the process there.
func (v *vault) killMidway(t *testing.T, sh *shell, batches int, keys ...secret.Text) {
	t.Helper()
	s, ring := v.open(t, keys...)
	defer s.Close()
	left, err := s.OtherDataKeys(t.Context(), ring.Stamp(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	execute := func(statement string) {
		t.Helper()
		if _, err := s.Writer().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	execute("CREATE VIEW forever AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0")
	execute(fmt.Sprintf("CREATE TRIGGER wait AFTER UPDATE ON user_keys WHEN NEW.user_id = '%s' BEGIN SELECT COUNT(*) FROM forever; END", left[100*batches+50].UserID))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := sh.command(ctx, "keys", "rotate")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for seen := 0; seen < batches && lines.Scan(); {
		if strings.Contains(lines.Text(), "data keys moved") {
			seen++
		}
	}
	_ = command.Process.Kill()
	_ = command.Wait()
	execute("DROP TRIGGER wait")
	execute("DROP VIEW forever")
}

func TestARotationThatIsKilledIsTakenUp(t *testing.T) {
	t.Parallel()
	older, newer := secret.GenerateKey(), secret.GenerateKey()
	v := newVault(t, older, 900)
	both := v.with(newer.Reveal(), older.Reveal(), "RATE_LIMIT_REGISTER=1000/hour")
	address := both.serve(t, "dashboard-secure", "--port", "0", "--no-scheduler")
	for round, want := range []int{800, 600, 300} {
		v.killMidway(t, both, round+1, newer, older)
		v.check(t, newer, older)
		if left := v.left(t, newer, older); left != want {
			t.Errorf("killed after %d batches: %d keys are left, want %d", round+1, left, want)
		}
		registerAt(t, address, fmt.Sprint("during", round))
	}
	report := decode[struct {
		DataKeys  int `json:"data_keys"`
		Rewrapped int `json:"rewrapped"`
	}](t, both.run(t, "keys", "rotate", "--json"))
	if report.DataKeys != 903 || v.left(t, newer, older) != 0 {
		t.Errorf("at the end: %+v, %d left", report, v.left(t, newer, older))
	}
	registerAt(t, address, "afterwards")
	v.check(t, newer)
	if again := string(both.run(t, "keys", "rotate")); again != "All 904 data keys are under the present ENCRYPTION_KEY; 0 were moved now.\n" {
		t.Errorf("once more: %s", again)
	}
	s, _ := v.open(t, newer)
	links, err := s.AuditLinks(t.Context(), 0, 100000)
	if err != nil {
		t.Fatal(err)
	}
	rotations := 0
	for _, link := range links {
		if link.Action == audit.KeyRotated {
			rotations++
		}
	}
	if rotations != 1 {
		t.Errorf("the audit has %d rotations, want 1", rotations)
	}
}

func registerAt(t *testing.T, address, name string) {
	t.Helper()
	body := fmt.Sprintf(`{"username":%q,"email":"%s@example.org","password":"correct horse battery staple"}`, name, name)
	response, err := http.Post(address+"/api/auth/register", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusCreated {
		t.Fatalf("register %s: %s %s", name, response.Status, text)
	}
}

// What docs/KEYS.md says of a lost key.
func TestAWrongOrLostKeyOpensNothingAndWritesNothing(t *testing.T) {
	t.Parallel()
	key := secret.GenerateKey()
	v := newVault(t, key, 11)
	before, err := os.ReadFile(v.file)
	if err != nil {
		t.Fatal(err)
	}
	for name, sh := range map[string]*shell{
		"another key":           v.with(secret.GenerateKey().Reveal(), ""),
		"another, and more old": v.with(secret.GenerateKey().Reveal(), secret.GenerateKey().Reveal()),
		"no key":                v.with("", "", "APP_ENV=production"),
		"half a key":            v.with(key.Reveal()[:40], ""),
		"a broken old one":      v.with(key.Reveal(), "hunter2"),
	} {
		for _, arguments := range [][]string{{"keys", "rotate"}, {"dashboard-secure", "--port", "0"}} {
			said := sh.fail(t, arguments...)
			if strings.Count(said, "\n") != 1 || !strings.Contains(said, "ENCRYPTION_KEY") || strings.Contains(said, "hunter2") {
				t.Errorf("%s: %v said %q", name, arguments, said)
			}
		}
	}
	after, err := os.ReadFile(v.file)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the database was written: %v", err)
	}
	v.check(t, key)
}

// fail returns standard error of a program that must fail.
func (s *shell) fail(t *testing.T, arguments ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := s.command(ctx, arguments...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	if err := command.Run(); err == nil {
		t.Fatalf("alpaca-trader %s succeeded", strings.Join(arguments, " "))
	}
	return stderr.String()
}

func TestAKeyServiceKeepsTheKey(t *testing.T) {
	t.Parallel()
	engine, plain := transittest.Start(t, "hush"), secret.GenerateKey()
	v := newVault(t, plain, 11)
	first, second := engine.KeyAddress("first"), engine.KeyAddress("second")
	v.write(t, "token", "hush\n")
	token := "VAULT_TOKEN_FILE=token"

	if said := v.with(first, "", token).fail(t, "keys", "rotate"); !strings.Contains(said, "does not fit this database") {
		t.Errorf("without the present key: %s", said)
	}
	v.with(first, plain.Reveal(), token).run(t, "keys", "rotate")
	if said := v.with(plain.Reveal(), "").fail(t, "keys", "rotate"); !strings.Contains(said, "does not fit this database") {
		t.Errorf("with the old key: %s", said)
	}
	if again := string(v.with(first, "", token).run(t, "keys", "rotate")); !strings.Contains(again, "0 were moved") {
		t.Errorf("by the service alone: %s", again)
	}
	engine.Rotate("first")
	v.with(first, "", token).run(t, "keys", "rotate") // wraps under the service's newest version

	v.with(second, first, token).run(t, "keys", "rotate")
	v.with(second, first, token).run(t, "keys", "rotate") // the first keeps nothing any more
	back := secret.GenerateKey()
	v.with(back.Reveal(), second, token).run(t, "keys", "rotate")
	v.check(t, back)

	for name, sh := range map[string]*shell{
		"VAULT_TOKEN":    v.with(first, back.Reveal(), "VAULT_TOKEN=wrong"),
		"does not answ":  v.with("vault-transit+http://127.0.0.1:1/first", back.Reveal(), token),
		"not an address": v.with("aws-kms://key", back.Reveal(), token),
	} {
		if said := sh.fail(t, "keys", "rotate"); !strings.Contains(said, name) || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: %s", name, said)
		}
	}
	v.check(t, back)
}
