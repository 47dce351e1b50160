package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func TestCheckpointsAreKeptBesideTheDatabaseUnlessSaidOtherwise(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for given, want := range map[string]string{
		"":                                       "alpaca_trader.audit.checkpoints",
		"DATABASE_URL=sqlite:///data/x.db":       "data/alpaca_trader.audit.checkpoints",
		"DATABASE_URL=postgresql://u:p@host/x":   "alpaca_trader.audit.checkpoints",
		"AUDIT_CHECKPOINT_FILE=../outside/notes": "../outside/notes",
	} {
		cfg, err := config.Load(config.Source{Environ: environ(given), Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(dir, want); cfg.Audit.File != want {
			t.Errorf("%q: %s, want %s", given, cfg.Audit.File, want)
		}
	}
}

func TestTheCheckpointWebhookIsEncrypted(t *testing.T) {
	t.Parallel()
	for given, good := range map[string]bool{
		"https://example.org/hook?token=abc": true, "http://127.0.0.1:9000/hook": true, "http://localhost/hook": true,
		"http://example.org/hook": false, "ftp://example.org": false, "example.org": false, "https://": false,
	} {
		cfg, err := config.Load(config.Source{Environ: environ("AUDIT_CHECKPOINT_WEBHOOK=" + given), Dir: t.TempDir()})
		if good && (err != nil || cfg.Audit.Webhook.Reveal() != given) {
			t.Errorf("%s: %q, %v", given, cfg.Audit.Webhook.Reveal(), err)
		}
		if !good && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "AUDIT_CHECKPOINT_WEBHOOK")) {
			t.Errorf("%s: %v", given, err)
		}
	}
}

func environ(setting string) []string {
	if setting == "" {
		return nil
	}
	return []string{setting}
}
