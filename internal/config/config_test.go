package config_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// load reads the variables, with the text of a .env file when it is not empty.
func load(t *testing.T, dotenv string, environ ...string) (config.Config, error) {
	t.Helper()
	dir := t.TempDir()
	if dotenv != "" {
		write(t, filepath.Join(dir, ".env"), dotenv)
	}
	return config.Load(config.Source{Environ: environ, Dir: dir})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantFault fails unless err is one public sentence that holds each of the parts.
func wantFault(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one about %q", parts)
	}
	public := fault.Public(err)
	if strings.Contains(public, "on our side") || strings.Contains(public, "\n") {
		t.Errorf("not one public sentence: %q", public)
	}
	for _, part := range parts {
		if !strings.Contains(public, part) {
			t.Errorf("error %q does not say %q", public, part)
		}
	}
}

func TestNothingSetGivesTheDefaults(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	file, sqlite := cfg.DatabaseFile()
	if cfg.Mode != config.Development || cfg.Bind != "127.0.0.1:5000" || cfg.LogLevel != slog.LevelInfo || !cfg.TradingEnabled {
		t.Errorf("defaults: %+v", cfg)
	}
	if !sqlite || filepath.Base(file) != "alpaca_trader.db" || !filepath.IsAbs(file) {
		t.Errorf("database file %q", file)
	}
	if !cfg.Alpaca.Paper || cfg.Alpaca.TradingURL(true) != "https://paper-api.alpaca.markets" || cfg.Alpaca.TradingURL(false) != "https://api.alpaca.markets" {
		t.Errorf("broker addresses: %+v", cfg.Alpaca)
	}
	if cfg.Admin.Wanted() {
		t.Error("an administrator is wanted although none was named")
	}
}

func TestEnvironmentWinsOverDotenv(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, "LOG_LEVEL=error\nexport FLASK_ENV=production # as before\nPORT='8000'\n", "LOG_LEVEL=debug")
	if err != nil {
		t.Fatal(err)
	}
	if cfg.LogLevel != slog.LevelDebug || cfg.Mode != config.Production || cfg.Bind != "127.0.0.1:8000" {
		t.Errorf("level %v, mode %v, bind %v", cfg.LogLevel, cfg.Mode, cfg.Bind)
	}
}

func TestEverySettingComesFromAFileToo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "password"), "correct horse\n")
	cfg, err := config.Load(config.Source{Dir: dir, Environ: []string{
		"ADMIN_PASSWORD_FILE=password", "ADMIN_USERNAME=ada", "ADMIN_EMAIL=ada@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Admin.Password.Reveal(); got != "correct horse" {
		t.Errorf("password %q", got)
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		dotenv  string
		environ []string
		want    []string
	}{
		"mode":                {"", []string{"APP_ENV=staging"}, []string{"APP_ENV", "production or development"}},
		"alias is named":      {"", []string{"FLASK_ENV=staging"}, []string{"FLASK_ENV"}},
		"aliases differ":      {"", []string{"APP_ENV=production", "FLASK_ENV=development"}, []string{"APP_ENV", "FLASK_ENV", "differ"}},
		"value and file":      {"", []string{"SECRET_KEY=a", "SECRET_KEY_FILE=b"}, []string{"SECRET_KEY_FILE", "both"}},
		"missing file":        {"", []string{"SECRET_KEY_FILE=nowhere"}, []string{"SECRET_KEY_FILE", "nowhere", "no such file"}},
		"port and bind":       {"", []string{"BIND=0.0.0.0:80", "PORT=81"}, []string{"BIND", "PORT", "only one"}},
		"port":                {"", []string{"PORT=http"}, []string{"PORT", "0 to 65535"}},
		"bind":                {"", []string{"GUNICORN_BIND=unix:/run/x"}, []string{"GUNICORN_BIND", "HOST:PORT"}},
		"level":               {"", []string{"LOG_LEVEL=loud"}, []string{"LOG_LEVEL", "debug"}},
		"flag":                {"", []string{"ALPACA_PAPER=maybe"}, []string{"ALPACA_PAPER", "true or false"}},
		"database":            {"", []string{"DATABASE_URL=mysql://root:hunter2@db/x"}, []string{"DATABASE_URL", "postgresql://"}},
		"database name":       {"", []string{"DATABASE_URL=postgresql://localhost"}, []string{"DATABASE_URL", "name"}},
		"database in memory":  {"", []string{"DATABASE_URL=sqlite:///:memory:"}, []string{"DATABASE_URL", "file"}},
		"plain http":          {"", []string{"ALPACA_DATA_URL=http://broker.example"}, []string{"ALPACA_DATA_URL", "https://"}},
		"credentials in URL":  {"", []string{"ALPACA_PAPER_URL=https://a:b@broker.example"}, []string{"ALPACA_PAPER_URL", "password"}},
		"query in URL":        {"", []string{"ALPACA_LIVE_URL=https://broker.example?x=1"}, []string{"ALPACA_LIVE_URL", "query"}},
		"other scheme":        {"", []string{"ALPACA_LIVE_URL=ftp://broker.example"}, []string{"ALPACA_LIVE_URL", "https://"}},
		"no host":             {"", []string{"ALPACA_LIVE_URL=broker.example"}, []string{"ALPACA_LIVE_URL"}},
		"public address":      {"", []string{"PUBLIC_URL=trader.example.com"}, []string{"PUBLIC_URL", "https://trader.example.com"}},
		"public path":         {"", []string{"PUBLIC_URL=https://example.com/trader"}, []string{"PUBLIC_URL", "only scheme and name"}},
		"public plain http":   {"", []string{"PUBLIC_URL=http://trader.example.com"}, []string{"PUBLIC_URL", "https://"}},
		"public IP address":   {"", []string{"PUBLIC_URL=https://192.0.2.1"}, []string{"PUBLIC_URL", "name"}},
		"half a key pair":     {"", []string{"ALPACA_API_KEY=PK1"}, []string{"ALPACA_API_KEY", "ALPACA_SECRET_KEY"}},
		"half a data account": {"", []string{"DATA_ACCOUNT_SECRET=hush"}, []string{"DATA_ACCOUNT_SECRET is set but DATA_ACCOUNT_KEY is not"}},
		"half an admin":       {"", []string{"ADMIN_USERNAME=ada"}, []string{"ADMIN_EMAIL and ADMIN_PASSWORD", "missing"}},
		"short password":      {"", []string{"ADMIN_PASSWORD=secret1"}, []string{"ADMIN_PASSWORD", "at least 8"}},
		"e-mail":              {"", []string{"ADMIN_EMAIL=Ada <ada@example.com>"}, []string{"ADMIN_EMAIL"}},
		"broken dotenv":       {"A=1\nhunter2 is my password\nB=2\n", nil, []string{".env:2"}},
		"open quote":          {"A=1\nSECRET_KEY=\"hunter2\nB=2\n", nil, []string{".env"}},
		"too large a dotenv":  {"A=" + strings.Repeat("x", 70_000), nil, []string{".env", "64 KiB"}},
		"user name too short": {"", []string{"ADMIN_USERNAME=a"}, []string{"ADMIN_USERNAME", "3 to 80"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, c.dotenv, c.environ...)
			wantFault(t, err, c.want...)
			if strings.Contains(fmt.Sprint(err), "hunter2") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestAddressesKeepNoTrailingSlashAndAllowThisMachine(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"http://127.0.0.1:8787":     "http://127.0.0.1:8787",
		"http://localhost:8787/":    "http://localhost:8787",
		"http://[::1]:1":            "http://[::1]:1",
		"https://broker.example/x/": "https://broker.example/x",
	} {
		cfg, err := load(t, "", "ALPACA_PAPER_URL="+given)
		if err != nil || cfg.Alpaca.PaperURL != want {
			t.Errorf("%s became %q, %v", given, cfg.Alpaca.PaperURL, err)
		}
	}
}

func TestThePublicAddressIsAnOrigin(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"https://Trader.Example.com/":     "https://trader.example.com",
		"https://trader.example.com:443":  "https://trader.example.com",
		"https://trader.example.com:8443": "https://trader.example.com:8443",
		"http://localhost:80":             "http://localhost",
		"http://localhost:5000":           "http://localhost:5000",
	} {
		cfg, err := load(t, "", "PUBLIC_URL="+given)
		if err != nil || cfg.PublicURL != want || cfg.Secure() != strings.HasPrefix(want, "https") {
			t.Errorf("%s became %q, %v", given, cfg.PublicURL, err)
		}
	}
}

func TestOldSettingsAreNoted(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, "GUNICORN_WORKERS=4\n")
	if err != nil || len(cfg.Notes) != 1 || !strings.Contains(cfg.Notes[0], "GUNICORN_WORKERS") {
		t.Errorf("notes %q, %v", cfg.Notes, err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, "", "SECRET_KEY=hunter2", "DATABASE_URL=postgresql://u:hunter2@h/db",
		"ADMIN_USERNAME=ada", "ADMIN_EMAIL=ada@example.com", "ADMIN_PASSWORD=hunter2hunter2")
	if err != nil {
		t.Fatal(err)
	}
	if printed := fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg); strings.Contains(printed, "hunter2") {
		t.Errorf("a secret is printed: %s", printed)
	}
}

func TestBrokerSDKVariablesAreRefused(t *testing.T) {
	t.Parallel()
	environ := []string{"APCA_API_SECRET_KEY=x", "APCA_API_KEY_ID=y", "APCA_EMPTY=", "HOME=/"}
	wantFault(t, config.RefuseBrokerSDKVariables(environ), "APCA_API_KEY_ID and APCA_API_SECRET_KEY", "unset")
	if err := config.RefuseBrokerSDKVariables([]string{"ALPACA_API_KEY=x"}); err != nil {
		t.Error(err)
	}
}

func TestEverySettingIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/CONFIGURATION.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range config.Settings() {
		if row := tableRow(s); !strings.Contains(string(page), row) {
			t.Errorf("docs/CONFIGURATION.md lacks the row of %s:\n%s", s.Name, row)
		}
		if !s.Ignored && !strings.Contains(string(example), s.Name+"=") {
			t.Errorf(".env.example lacks %s", s.Name)
		}
	}
}

// tableRow is a setting's line in docs/CONFIGURATION.md.
func tableRow(s config.Setting) string {
	names := "`" + s.Name + "`"
	for _, alias := range s.Aliases {
		names += ", `" + alias + "`"
	}
	value := "-"
	switch {
	case s.Required:
		value = "required in production"
	case s.Default != "":
		value = "`" + s.Default + "`"
	}
	return "| " + names + " | " + value + " | " + s.Description + " |\n"
}

func FuzzDotenv(f *testing.F) {
	for _, seed := range []string{"A=1\n", "export A='b c'\n", "A: b", "A=\"$B\nC\"", "=", "\xff", "A=${A}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := config.ParseDotenv(text); err != nil {
			wantFault(t, err, ".env")
		}
	})
}
