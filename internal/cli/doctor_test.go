package cli_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// clinic is an installation in good health, but for the administrator's second factor.
type clinic struct {
	*shell
	file string
}

// newClinic makes an installation.
func newClinic(t *testing.T) *clinic {
	t.Helper()
	answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(answers.Close)
	sh := newShell(t)
	for name, value := range map[string]string{
		"APP_ENV": "production", "SECRET_KEY": secret.GenerateKey().Reveal(), "ENCRYPTION_KEY": secret.GenerateKey().Reveal(),
		"DATABASE_URL": "sqlite:///trader.db", "PUBLIC_URL": "https://trader.example.com", "TRUSTED_PROXIES": "127.0.0.1",
		"BACKUP_EVERY": "24h", "BACKUP_TO": "safe", "ALPACA_PAPER_URL": answers.URL,
	} {
		sh.environ = append(sh.environ, name+"="+value)
	}
	sh.run(t, "create-admin", "--username", "root", "--email", "root@example.org", "--link")
	sh.run(t, "backup", "create")
	return &clinic{sh, filepath.Join(sh.folder, "trader.db")}
}

// another is a clinic with the same files and keys.
func (c *clinic) another(t *testing.T) *clinic {
	t.Helper()
	folder := t.TempDir()
	err := filepath.WalkDir(c.folder, func(from string, entry fs.DirEntry, err error) error {
		if err != nil || from == c.folder {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		to := filepath.Join(folder, strings.TrimPrefix(from, c.folder))
		if entry.IsDir() {
			return os.Mkdir(to, info.Mode().Perm())
		}
		content, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return os.WriteFile(to, content, info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
	return &clinic{&shell{program: c.program, folder: folder, environ: c.environ}, filepath.Join(folder, "trader.db")}
}

// with returns the clinic with more settings.
func (c *clinic) with(settings ...string) *clinic {
	return &clinic{&shell{program: c.program, folder: c.folder, environ: append(append([]string{}, c.environ...), settings...)}, c.file}
}

type finding struct {
	Check    string `json:"check"`
	Severity string `json:"severity"`
	Says     string `json:"says"`
	Do       string `json:"do"`
}

// examine returns the findings by check, and whether the exit code was 0.
func (c *clinic) examine(t *testing.T, flags ...string) (found map[string]finding, well bool) {
	t.Helper()
	command := c.command(t.Context(), append([]string{"doctor", "--json"}, flags...)...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var list []finding
	if json.Unmarshal(stdout.Bytes(), &list) != nil {
		t.Fatalf("doctor: %v\n%s%s", err, stdout.String(), stderr.String())
	}
	found = map[string]finding{}
	for _, f := range list {
		if (f.Do == "") != (f.Severity == "ok") {
			t.Errorf("%+v says what to do, or does not", f)
		}
		found[f.Check] = f
	}
	return found, err == nil
}

func (c *clinic) open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: secret.NewText("sqlite:///" + c.file)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (c *clinic) change(t *testing.T, statements ...string) {
	t.Helper()
	s := c.open(t)
	for _, statement := range statements {
		if _, err := s.Writer().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheDoctorFindsNothingCriticalWhereNothingIs(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	found, well := c.examine(t)
	mayWarn := []string{"administrators", "registration", "disk", "backup disk"} // the last two are of this machine
	for check, f := range found {
		if f.Severity == "critical" || f.Severity == "warning" && !slices.Contains(mayWarn, check) {
			t.Errorf("%+v", f)
		}
	}
	if !well || len(found) < 18 {
		t.Errorf("%d findings, well: %v", len(found), well)
	}
	if _, well := c.examine(t, "--strict"); well {
		t.Error("--strict overlooks warnings")
	}
	text := string(c.run(t, "doctor", "--offline"))
	for _, pair := range c.environ {
		if name, value, _ := strings.Cut(pair, "="); strings.HasSuffix(name, "_KEY") && strings.Contains(text, value) {
			t.Errorf("%s is printed", name)
		}
	}
}

func TestTheDoctorFindsEachPlantedFault(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	late := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().UTC().Add(-10*time.Minute).Format(http.TimeFormat))
	}))
	t.Cleanup(late.Close)
	healthy := newClinic(t)
	for name, test := range map[string]struct {
		settings []string
		plant    func(t *testing.T, c *clinic)
		check    string
		severity string
	}{
		"development":          {settings: []string{"APP_ENV=development"}, check: "mode", severity: "warning"},
		"debug log":            {settings: []string{"LOG_LEVEL=debug"}, check: "log level", severity: "warning"},
		"password left":        {settings: []string{"ADMIN_USERNAME=root", "ADMIN_EMAIL=r@example.org", "ADMIN_PASSWORD=correct horse battery"}, check: "admin password", severity: "warning"},
		"library's variable":   {settings: []string{"APCA_API_KEY_ID=x"}, check: "broker variables", severity: "critical"},
		"no keys":              {settings: []string{"SECRET_KEY=", "ENCRYPTION_KEY="}, check: "keys", severity: "critical"},
		"weak key":             {settings: []string{"SECRET_KEY=change-me"}, check: "keys", severity: "critical"},
		"old key":              {settings: []string{"ENCRYPTION_KEYS_OLD=" + secret.GenerateKey().Reveal()}, check: "old keys", severity: "note"},
		"another key":          {settings: []string{"ENCRYPTION_KEY=" + secret.GenerateKey().Reveal()}, check: "key fits", severity: "critical"},
		"plain http":           {settings: []string{"PUBLIC_URL=", "BIND=0.0.0.0:5000"}, check: "tls", severity: "critical"},
		"allowed plain http":   {settings: []string{"PUBLIC_URL=", "ALLOW_PLAIN_HTTP=true"}, check: "tls", severity: "critical"},
		"no proxies":           {settings: []string{"TRUSTED_PROXIES="}, check: "proxies", severity: "warning"},
		"database in the open": {settings: []string{"DATABASE_URL=postgresql://ann:secret@192.0.2.1/trader?sslmode=require&connect_timeout=1"}, check: "connections", severity: "critical"},
		"counts in the open":   {settings: []string{"RATE_LIMIT_STORAGE=redis://192.0.2.1:6379/0"}, check: "connections", severity: "critical"},
		"proxy elsewhere":      {settings: []string{"TRUSTED_PROXIES=192.0.2.1"}, check: "connections", severity: "critical"},
		"metrics for others":   {settings: []string{"METRICS_BIND=0.0.0.0:9464"}, check: "connections", severity: "critical"},
		"own network":          {settings: []string{"METRICS_BIND=0.0.0.0:9464", "PRIVATE_NETWORK=true"}, check: "connections", severity: "note"},
		"everybody a proxy":    {settings: []string{"TRUSTED_PROXIES=0.0.0.0/1"}, check: "proxies", severity: "critical"},
		"everybody with IPv6":  {settings: []string{"TRUSTED_PROXIES=127.0.0.1, 2000::/3"}, check: "proxies", severity: "critical"},
		"no schedule":          {settings: []string{"BACKUP_EVERY="}, check: "backup schedule", severity: "warning"},
		"no backup":            {settings: []string{"BACKUP_TO=elsewhere"}, check: "backups", severity: "critical"},
		"half a bucket":        {settings: []string{"BACKUP_TO=s3://bucket"}, check: "backups", severity: "critical"},
		"broker away":          {settings: []string{"ALPACA_PAPER_URL=" + gone.URL}, check: "broker", severity: "critical"},
		"clock wrong":          {settings: []string{"ALPACA_PAPER_URL=" + late.URL}, check: "clock", severity: "critical"},
		"no database":          {settings: []string{"DATABASE_URL=sqlite:///missing.db"}, check: "database", severity: "warning"},
		"admin without factor": {check: "administrators", severity: "warning"},
		"open registration":    {check: "registration", severity: "warning"},
		"SQLite in production": {check: "database", severity: "note"},
		"others read .env":     {plant: func(t *testing.T, c *clinic) { c.write(t, ".env", "# open") }, check: "file modes", severity: "critical"},
		"keys in clear":        {plant: func(t *testing.T, c *clinic) { c.write(t, "config/accounts.yaml", "accounts: []") }, check: "plain keys", severity: "critical"},
		"file is no database":  {plant: func(t *testing.T, c *clinic) { overwrite(t, c.file) }, check: "database", severity: "critical"},
		"damaged file":         {plant: func(t *testing.T, c *clinic) { damage(t, c.file) }, check: "database file", severity: "critical"},
		"migration missing":    {plant: func(t *testing.T, c *clinic) { c.change(t, "DELETE FROM goose_db_version WHERE version_id > 6") }, check: "migrations", severity: "warning"},
		"newer database": {plant: func(t *testing.T, c *clinic) {
			c.change(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (900, 1)")
		}, check: "migrations", severity: "critical"},
		"no administrator":      {plant: func(t *testing.T, c *clinic) { c.change(t, "UPDATE users SET disabled = TRUE") }, check: "administrators", severity: "warning"},
		"newest backup is old":  {plant: ageBackups, check: "backups", severity: "critical"},
		"database for everyone": {plant: func(t *testing.T, c *clinic) { chmod(t, c.file) }, check: "file modes", severity: "critical"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := healthy.another(t).with(test.settings...)
			if test.plant != nil {
				test.plant(t, c)
			}
			found, well := c.examine(t)
			if f := found[test.check]; f.Severity != test.severity || f.Do == "" {
				t.Errorf("%s: %+v", test.check, f)
			}
			if well != (test.severity != "critical") {
				t.Errorf("exit code 0: %v", well)
			}
		})
	}
}

func overwrite(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// damage overwrites the root page of a table, which only a look at the whole file finds.
func damage(t *testing.T, file string) {
	t.Helper()
	(&clinic{file: file}).change(t, "PRAGMA wal_checkpoint(TRUNCATE)")
	database, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	info, err := database.Stat()
	if err == nil {
		_, err = database.WriteAt(make([]byte, 4096), info.Size()-4096)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, file string) {
	t.Helper()
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
}

// ageBackups gives the backup the name of one of last year.
func ageBackups(t *testing.T, c *clinic) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(c.folder, "safe", "*.backup"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	parts := strings.Split(names[0], "-")
	parts[len(parts)-2] = "20250101T000000Z"
	if err := os.Rename(names[0], strings.Join(parts, "-")); err != nil {
		t.Fatal(err)
	}
}

func TestSettingsSayWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	key := secret.GenerateKey().Reveal()
	sh := newShell(t, "ENCRYPTION_KEY="+key, "GUNICORN_BIND=127.0.0.1:8000", "SECRET_KEY_FILE=secret")
	sh.write(t, "secret", key+key)
	sh.write(t, ".env", "LOG_LEVEL=debug\nALPACA_API_KEY=PKHIDDEN\nALPACA_SECRET_KEY=hidden\n")
	type origin struct {
		Name  string `json:"name"`
		Value string `json:"value"`
		From  string `json:"from"`
		As    string `json:"as"`
	}
	found := map[string]origin{}
	for _, o := range parsed[[]origin](t, sh, "config", "show") {
		found[o.Name] = o
	}
	for _, want := range []origin{
		{"ENCRYPTION_KEY", "(secret)", "environment", "ENCRYPTION_KEY"},
		{"SECRET_KEY", "(secret)", "environment", "SECRET_KEY_FILE"},
		{"BIND", "127.0.0.1:8000", "environment", "GUNICORN_BIND"},
		{"LOG_LEVEL", "debug", ".env", "LOG_LEVEL"},
		{"ALPACA_API_KEY", "(secret)", ".env", "ALPACA_API_KEY"},
		{"ALPACA_PAPER", "true", "default", ""},
		{"PUBLIC_URL", "", "unset", ""},
	} {
		if got := found[want.Name]; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	text := string(sh.run(t, "config", "show"))
	if strings.Contains(text, key) || strings.Contains(text, "hidden") || strings.Contains(text, "PKHIDDEN") {
		t.Errorf("a secret is printed:\n%s", text)
	}
}

func TestCompletionsForEveryShell(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	for shell, says := range map[string]string{"bash": "__start_alpaca-trader", "zsh": "#compdef alpaca-trader", "fish": "complete -c alpaca-trader", "powershell": "Register-ArgumentCompleter"} {
		if text := string(sh.run(t, "completion", shell)); !strings.Contains(text, says) {
			t.Errorf("%s: %d bytes", shell, len(text))
		}
	}
	if said := sh.refuse(t, "completion", "tcsh"); !strings.Contains(said, "bash, zsh, fish and powershell") {
		t.Error(said)
	}
	if text := string(sh.run(t, "__complete", "backup", "")); !strings.Contains(text, "restore") {
		t.Errorf("completions of backup: %s", text)
	}
}
