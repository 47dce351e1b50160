package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// TestLogsHaveTheirPlace: a file in production, beside the database; elsewhere only one that is named.
func TestLogsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		environ []string
		file    string // from the folder of the start; empty: none
		chosen  bool
	}{
		"development": {nil, "", false},
		"production":  {[]string{"APP_ENV=production", "DATABASE_URL=sqlite:///data/a.db"}, "data/logs/alpaca_trader.log", false},
		"named":       {[]string{"LOG_FILE=my.log"}, "my.log", true},
		"off":         {[]string{"APP_ENV=production", "LOG_FILE=off"}, "", false},
	} {
		folder := t.TempDir()
		cfg, err := config.Load(config.Source{Dir: folder, Environ: test.environ})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := ""
		if test.file != "" {
			want = filepath.Join(folder, filepath.FromSlash(test.file))
		}
		if cfg.Logs.File != want || cfg.Logs.Chosen != test.chosen {
			t.Errorf("%s: %q, chosen %t; want %q", name, cfg.Logs.File, cfg.Logs.Chosen, want)
		}
		if cfg.Logs.Format != config.TextLogs || cfg.Logs.MaxMegabytes != 20 || cfg.Logs.Keep != 10 {
			t.Errorf("%s: %+v", name, cfg.Logs)
		}
	}
}

// TestWrongLogSettings: each is refused by its name.
func TestWrongLogSettings(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"LOG_FORMAT=xml", "LOG_MAX_SIZE_MB=0", "LOG_MAX_SIZE_MB=many", "LOG_KEEP=-1", "METRICS_BIND=9464"} {
		name, _, _ := strings.Cut(setting, "=")
		_, err := config.Load(config.Source{Dir: t.TempDir(), Environ: []string{setting}})
		if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(fault.Public(err), name+" ") {
			t.Errorf("%s: %v", setting, err)
		}
	}
}
