package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/cli"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func newEnvironment(t *testing.T, environ ...string) (*cli.Environment, *bytes.Buffer) {
	t.Helper()
	stderr := new(bytes.Buffer)
	source := config.Source{Environ: environ, Dir: t.TempDir()}
	return cli.NewEnvironment(source, strings.NewReader(""), new(bytes.Buffer), stderr), stderr
}

func TestLogsFollowLogLevelAndNoteOldSettings(t *testing.T) {
	t.Parallel()
	env, stderr := newEnvironment(t, "LOG_LEVEL=warning", "GUNICORN_WORKERS=4")
	if _, err := env.Config(); err != nil {
		t.Fatal(err)
	}
	env.Logger.Info("quiet")
	env.Logger.Warn("loud")
	if logged := stderr.String(); strings.Contains(logged, "quiet") || !strings.Contains(logged, "loud") {
		t.Errorf("logged %q", logged)
	}
	env, stderr = newEnvironment(t, "GUNICORN_WORKERS=4")
	if _, err := env.Config(); err != nil || !strings.Contains(stderr.String(), "GUNICORN_WORKERS is set and has no effect") {
		t.Errorf("logged %q, %v", stderr, err)
	}
}

func TestOnlyConfigWithKeysWritesAFile(t *testing.T) {
	t.Parallel()
	env, _ := newEnvironment(t)
	if _, err := env.Config(); err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(env.Source.Dir, "alpaca_trader.keys")
	if _, err := os.Stat(keys); err == nil {
		t.Error("Config made keys")
	}
	if cfg, err := env.ConfigWithKeys(); err != nil || cfg.KeyFile() != keys {
		t.Errorf("key file %q, %v", cfg.KeyFile(), err)
	}
	if _, err := os.Stat(keys); err != nil {
		t.Error(err)
	}
}

func TestFilesThatNobodyNamedMayBeMissing(t *testing.T) {
	t.Parallel()
	env, _ := newEnvironment(t)
	if settings, err := env.Strategy(); err != nil || settings.SignalMode != trade.DefaultFileSettings().SignalMode {
		t.Errorf("%+v, %v", settings, err)
	}
	if list, err := env.Watchlist(); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}
