package cli_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/legacy/legacytest"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

const oldTOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

var oldKey = secret.NewText("the old system took any text")

// oldSystem makes an old database with an administrator, a trader with a second factor, and a
// user who was disabled.
func oldSystem(t *testing.T, address secret.Text) *legacytest.Database {
	t.Helper()
	old := legacytest.Make(t, address)
	made := time.Date(2024, 5, 6, 7, 8, 9, 123456000, time.UTC)
	user := "username, email, password_hash, totp_secret, is_2fa_enabled, is_active, is_admin, created_at, last_login"
	old.Insert(t, "users", user, "root", "root@example.org", legacytest.HashPBKDF2(t, "the old admin password", "salt1"), nil, false, true, true, made, nil)
	old.Insert(t, "users", user, "Anna", "anna@example.org", legacytest.HashScrypt(t, "the old trader password", "salt2"), oldTOTP, true, true, false, made.AddDate(0, 0, 1), made.AddDate(0, 1, 0))
	old.Insert(t, "users", user, "gone", "gone@example.org", legacytest.HashPBKDF2(t, "the old other password", "salt3"), nil, false, false, nil, made.AddDate(0, 0, 2), nil)
	account := "user_id, name, api_key_encrypted, secret_key_encrypted, is_paper, is_active, created_at"
	for i, name := range []string{"first", "<b>second</b>"} {
		old.Insert(t, "accounts", account, 2, name, legacytest.Encrypt(t, oldKey, fmt.Sprint("PKOLD", i)), legacytest.Encrypt(t, oldKey, fmt.Sprint("old secret", i)[4:]), i == 0, i == 1, made)
	}
	for _, symbol := range []string{"TSLA", "AAPL", "toolong7"} {
		old.Insert(t, "watchlists", "user_id, symbol, name", 2, symbol, "Name of "+symbol)
	}
	old.Insert(t, "settings", "user_id, timeframe, lookback_days, rsi_enabled, rsi_period, rsi_overbought, rsi_oversold, sma_short_period, sma_long_period, position_size_pct, max_positions, allow_short, schedule_enabled, schedule_cron, signal_mode, signal_min_agree",
		2, "1Day", 90, false, 9, 80.5, 20, 200, 50, 7.5, 3, true, true, "30 9 * * 1-5", "any", 3)
	entry := "user_id, action, resource_type, resource_id, details, ip_address, user_agent, timestamp"
	old.Insert(t, "audit_logs", entry, 2, "account_create", "account", "1", `{"name": "first"}`, "10.0.0.9", "Firefox", made.AddDate(0, 0, 3))
	old.Insert(t, "audit_logs", entry, nil, "login_failed", nil, nil, `{"username": "root"}`, "10.0.0.66", "curl", made.AddDate(0, 0, 4))
	for range 600 {
		old.Insert(t, "audit_logs", entry, 1, "login", nil, nil, nil, "10.0.0.9", "Firefox", made.AddDate(0, 0, 5))
	}
	return old
}

type importReport struct {
	Users []struct {
		Username string   `json:"username"`
		What     string   `json:"what"`
		Role     string   `json:"role"`
		Accounts []string `json:"accounts"`
		Symbols  int      `json:"symbols"`
		Notes    []string `json:"notes"`
	} `json:"users"`
	AuditEntries int `json:"audit_entries"`
}

func (r importReport) what() (list []string) {
	for _, user := range r.Users {
		list = append(list, user.Username+" "+user.What)
	}
	return list
}

func TestUsersOfTheOldSystemSignInHere(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		from, to, key := address(t), address(t), secret.GenerateKey()
		old := oldSystem(t, from)
		before := oldContent(t, from, old)
		sh := newShell(t, "DATABASE_URL="+to.Reveal(), "ENCRYPTION_KEY="+key.Reveal(), "SECRET_KEY="+key.Reveal())
		sh.write(t, "old.env", "ENCRYPTION_KEY="+`"`+oldKey.Reveal()+`"`+"\n")
		command := []string{"import", "flask-db", from.Reveal(), "--old-env", "old.env"}
		dry := parsed[importReport](t, sh, append(command, "--dry-run")...)
		everybody := []string{"root import", "Anna import", "gone import"}
		if got := dry.what(); !slices.Equal(got, everybody) || dry.AuditEntries != 602 {
			t.Fatalf("dry run: %v, %d entries", got, dry.AuditEntries)
		}
		if strings.Contains(to.Reveal(), "sqlite") {
			if _, err := os.Stat(strings.TrimPrefix(to.Reveal(), "sqlite:///")); err == nil {
				t.Error("the dry run made the database")
			}
		}
		done := parsed[importReport](t, sh, command...)
		if got := done.what(); !slices.Equal(got, everybody) || done.AuditEntries != 602 {
			t.Fatalf("import: %v, %d entries", got, done.AuditEntries)
		}
		anna := done.Users[1]
		if anna.Role != "trader" || done.Users[0].Role != "admin" || len(anna.Accounts) != 2 || anna.Symbols != 2 {
			t.Errorf("%+v", anna)
		}
		if notes := strings.Join(anna.Notes, "\n"); !strings.Contains(notes, "SMA") || !strings.Contains(notes, "toolong7") || !strings.Contains(notes, "Automation is off") {
			t.Errorf("notes of Anna:\n%s", notes)
		}
		again := parsed[importReport](t, sh, command...)
		if got := again.what(); !slices.Equal(got, []string{"root present", "Anna present", "gone present"}) || again.AuditEntries != 0 {
			t.Errorf("a second run: %v, %d entries", got, again.AuditEntries)
		}
		sh.run(t, "audit", "verify")
		checkImported(t, to, key)
		signInImported(t, sh)
		if after := oldContent(t, from, old); after != before {
			t.Error("the old database was changed")
		}
	})
}

// oldContent is what the old database holds: the file's bytes, or all rows.
func oldContent(t *testing.T, address secret.Text, old *legacytest.Database) string {
	t.Helper()
	if file, ok := strings.CutPrefix(address.Reveal(), "sqlite:///"); ok {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(filepath.Dir(file))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		return fmt.Sprint(hex.EncodeToString(sum[:]), len(entries))
	}
	var rows string
	err := old.QueryRowContext(t.Context(), "SELECT (SELECT md5(string_agg(u::text, ',' ORDER BY id)) FROM users u) || (SELECT md5(string_agg(l::text, ',' ORDER BY id)) FROM audit_logs l)").Scan(&rows)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// checkImported opens what was sealed and reads what came.
func checkImported(t *testing.T, address, key secret.Text) {
	t.Helper()
	ring, err := secret.NewKeyring(key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Prepare(t.Context(), ring, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	s.UseAuditKey(ring.Derive(secret.AuditLabel))
	anna, err := s.UserByLogin(t.Context(), "anna")
	if err != nil || anna.CreatedAt.Format(time.RFC3339) != "2024-05-07T07:08:09Z" || anna.LastLogin.IsZero() {
		t.Fatalf("%+v, %v", anna, err)
	}
	accounts, err := s.ListAccounts(t.Context(), anna.ID)
	if err != nil || len(accounts) != 2 {
		t.Fatalf("%v, %v", accounts, err)
	}
	safe := app.KeySafe{Keyring: ring, Users: s}
	for _, account := range accounts {
		number := map[string]string{"first": "0", "<b>second</b>": "1"}[account.Name]
		id, secretKey, err := safe.Open(t.Context(), account)
		if err != nil || id.Reveal() != "PKOLD"+number || secretKey.Reveal() != "secret"+number || account.Paper != (number == "0") || account.Active != (number == "1") || account.Automated {
			t.Errorf("account %s: %q %v", account.Name, id.Reveal(), err)
		}
	}
	settings, err := s.UserSettings(t.Context(), anna.ID)
	if err != nil || settings.RSI.Enabled || settings.RSI.Period != 9 || settings.RSI.Overbought != 80.5 || settings.SMA.LongPeriod != 200 ||
		settings.PositionSizePct.String() != "7.5" || settings.Schedule.Cron != "30 9 * * 1-5" || string(settings.SignalMode) != "any" || !settings.AllowShort {
		t.Errorf("settings %+v, %v", settings, err)
	}
	list, err := s.Watchlist(t.Context(), anna.ID)
	if err != nil || len(list) != 2 || list[0].Symbol != "TSLA" || list[0].Name != "Name of TSLA" {
		t.Errorf("watchlist %v, %v", list, err)
	}
	links, err := s.AuditLinks(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	created := 0
	for _, link := range links {
		if link.Action == "account_created" && link.Details["imported"] != nil && link.ActorName == "Anna" && link.At.Year() == 2024 && link.Address == "10.0.0.9" {
			created++
		}
	}
	if created != 1 {
		t.Errorf("%d old entries account_created of Anna", created)
	}
}

// signInImported signs in with the old passwords and the authenticator app that they had.
func signInImported(t *testing.T, sh *shell) {
	t.Helper()
	address := sh.serve(t, "dashboard-secure", "--port", "0", "--no-scheduler")
	root := visit(t, address)
	root.must("POST", "/api/auth/login", map[string]any{"username": "root", "password": "the old admin password"}, nil)
	var answer struct {
		Requires bool `json:"requires_2fa"`
	}
	anna := visit(t, address)
	anna.must("POST", "/api/auth/login", map[string]any{"username": "anna@example.org", "password": "the old trader password"}, &answer)
	if !answer.Requires {
		t.Fatal("Anna's second factor was not asked for")
	}
	if status := anna.call("POST", "/api/auth/verify-2fa", map[string]any{"token": "000000"}, nil); status != 401 {
		t.Errorf("a wrong code: status %d", status)
	}
	code, err := totp.GenerateCode(oldTOTP, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	anna.must("POST", "/api/auth/verify-2fa", map[string]any{"token": code}, nil)
	var accounts []struct {
		Name string `json:"name"`
	}
	anna.must("GET", "/api/accounts", nil, &accounts)
	if len(accounts) != 2 {
		t.Errorf("accounts %v", accounts)
	}
	if status := visit(t, address).call("POST", "/api/auth/login", map[string]any{"username": "gone", "password": "the old other password"}, nil); status != 401 && status != 403 {
		t.Errorf("a user who was disabled: status %d", status)
	}
}

func TestABadImportIsOneSentenceAndChangesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	place := func(name string) secret.Text { return secret.NewText("sqlite:///" + filepath.Join(folder, name)) }
	oldSystem(t, place("old.db"))
	whole, err := os.ReadFile(filepath.Join(folder, "old.db"))
	if err != nil {
		t.Fatal(err)
	}
	key := secret.GenerateKey().Reveal()
	sh := newShell(t, "ENCRYPTION_KEY="+key, "SECRET_KEY="+key)
	storetest.Open(t, place("foreign.db"), store.Options{})
	for name, content := range map[string][]byte{"cut.db": whole[:len(whole)/2], "noise.db": bytes.Repeat([]byte("noise"), 5000), "empty.db": nil} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sh.write(t, "right", oldKey.Reveal())
	sh.write(t, "wrong", "some other text\n")
	for _, test := range []struct{ database, key, says string }{
		{"old.db", "wrong", "opens none of the 2 stored keys"},
		{"old.db", "", "--old-env FILE"},
		{"cut.db", "right", "damaged, cut off"},
		{"noise.db", "right", "damaged, cut off"},
		{"empty.db", "right", "is not a database of the Python system"},
		{"foreign.db", "right", "is not a database of the Python system"},
		{"missing.db", "right", "There is no old database"},
	} {
		arguments := []string{"import", "flask-db", place(test.database).Reveal()}
		if test.key != "" {
			arguments = append(arguments, "--old-key-file", test.key)
		}
		said := sh.refuse(t, arguments...)
		if !strings.Contains(said, test.says) || strings.Count(said, "alpaca-trader:") != 1 || strings.Contains(said, "some other text") {
			t.Errorf("%s with %s: %s", test.database, test.key, said)
		}
	}
	if state := parsed[databaseState](t, sh, "db", "status"); state.Users != 0 {
		t.Errorf("something was imported: %+v", state)
	}
}

func TestWhoCannotComeIsNamedAndTheOthersCome(t *testing.T) {
	t.Parallel()
	key := secret.GenerateKey().Reveal()
	sh := newShell(t, "ENCRYPTION_KEY="+key, "SECRET_KEY="+key)
	oldSystem(t, secret.NewText("sqlite:///"+filepath.Join(sh.folder, "old.db")))
	sh.write(t, "right", oldKey.Reveal())
	sh.run(t, "users", "create", "--username", "ANNA", "--email", "other@example.org", "--link")
	said := sh.refuse(t, "import", "flask-db", "sqlite:///old.db", "--old-key-file", "right")
	if !strings.Contains(said, "1 of 3 users cannot be imported") {
		t.Error(said)
	}
	if state := parsed[databaseState](t, sh, "db", "status"); state.Users != 3 {
		t.Errorf("%+v", state)
	}
}

const oldAccountsFile = `accounts:
  - name: Paper
    api_key: PKFILE
    secret_key: filesecret
    paper: true
    active: true
  - {name: Live, api_key: AKFILE, secret_key: livesecret, paper: false}
`

func TestFilesOfTheOldSystemBecomeAUsers(t *testing.T) {
	t.Parallel()
	key := secret.GenerateKey().Reveal()
	sh := newShell(t, "ENCRYPTION_KEY="+key, "SECRET_KEY="+key)
	sh.run(t, "users", "create", "--username", "anna", "--email", "anna@example.org", "--link")
	sh.write(t, "old/config/settings.yaml", "indicators:\n  rsi:\n    period: 7\nexecution:\n  max_positions: 3\n")
	sh.write(t, "old/config/watchlist.yaml", "watchlist:\n  - {symbol: AAPL, name: Apple}\n  - MSFT\n")
	sh.write(t, "old/config/accounts.yaml", oldAccountsFile)
	sh.write(t, "old/.env", "SECRET_KEY=very-secret-old\nFLASK_ENV=production\nGUNICORN_BIND=0.0.0.0:8000\nGUNICORN_WORKERS=4\nALPACA_SECRET_KEY=hush-hush\nLOG_LEVEL=DEBUG\n")
	type report struct {
		Settings string   `json:"settings"`
		Symbols  []string `json:"symbols"`
		Accounts []string `json:"accounts"`
		Env      []string `json:"env"`
	}
	command := []string{"import", "yaml", "--user", "anna", "--dir", "old"}
	for _, dry := range []bool{true, false} {
		arguments := command
		if dry {
			arguments = append(slices.Clone(command), "--dry-run")
		}
		got := parsed[report](t, sh, arguments...)
		if got.Settings != "import" || !slices.Equal(got.Symbols, []string{"AAPL", "MSFT"}) || !slices.Equal(got.Accounts, []string{"Paper", "Live"}) ||
			!slices.Equal(got.Env, []string{"APP_ENV=production", "BIND=0.0.0.0:8000", "LOG_LEVEL=DEBUG"}) {
			t.Fatalf("dry run %v: %+v", dry, got)
		}
	}
	if again := parsed[report](t, sh, command...); again.Settings != "present" || len(again.Symbols)+len(again.Accounts) != 0 {
		t.Errorf("again: %+v", again)
	}
	text := string(sh.run(t, command...))
	for _, hidden := range []string{"very-secret-old", "hush-hush", "filesecret"} {
		if strings.Contains(text, hidden) {
			t.Errorf("%s is printed", hidden)
		}
	}
	sh.write(t, "old/config/accounts.yaml", oldAccountsFile+"  - name: Half\n    api_ke")
	if said := sh.refuse(t, command...); !strings.Contains(said, "accounts.yaml:") || strings.Contains(said, "filesecret") {
		t.Errorf("a half-written file: %s", said)
	}
	sh.write(t, "old/config/accounts.yaml", "accounts: [{name: x, api_key: y}]")
	if said := sh.refuse(t, command...); !strings.Contains(said, "lacks its name, api_key or secret_key") {
		t.Errorf("half an account: %s", said)
	}
	if said := sh.refuse(t, "import", "yaml", "--user", "nobody", "--dir", "old/config"); !strings.Contains(said, "has neither config/settings.yaml") {
		t.Errorf("an empty folder: %s", said)
	}
}
