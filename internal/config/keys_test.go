package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/config"
)

const goodKeys = "SECRET_KEY=0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0\n" +
	"ENCRYPTION_KEY=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"

func loadIn(t *testing.T, dir string, environ ...string) config.Config {
	t.Helper()
	cfg, err := config.Load(config.Source{Environ: environ, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestDevelopmentMakesKeysOnceBesideTheDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "rows"), 0o700); err != nil {
		t.Fatal(err)
	}
	cfg := loadIn(t, dir, "DATABASE_URL=sqlite:///rows/a.db")
	first, err := cfg.WithKeys()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "rows", "alpaca_trader.keys"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("key file: %v, %v", info, err)
	}
	second, err := cfg.WithKeys()
	if err != nil || second.EncryptionKey != first.EncryptionKey || second.SecretKey != first.SecretKey {
		t.Errorf("the second start has other keys, %v", err)
	}
	left, _ := os.ReadDir(filepath.Join(dir, "rows"))
	if len(left) != 1 {
		t.Errorf("files left behind: %v", left)
	}
}

func TestConcurrentStartsAgreeOnKeys(t *testing.T) {
	t.Parallel()
	cfg := loadIn(t, t.TempDir())
	const starts = 16
	var group sync.WaitGroup
	got := make([]string, starts)
	for i := range starts {
		group.Go(func() {
			if with, err := cfg.WithKeys(); err == nil {
				got[i] = with.EncryptionKey.Reveal()
			}
		})
	}
	group.Wait()
	for i := range got {
		if got[i] == "" || got[i] != got[0] {
			t.Fatalf("start %d has other keys than start 0", i)
		}
	}
}

func TestGivenKeyWinsOverKeyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "alpaca_trader.keys"), goodKeys)
	cfg, err := loadIn(t, dir, "SECRET_KEY=mine").WithKeys()
	if err != nil || cfg.SecretKey.Reveal() != "mine" || !strings.HasPrefix(cfg.EncryptionKey.Reveal(), "0011") {
		t.Errorf("secret %q, %v", cfg.SecretKey.Reveal(), err)
	}
}

func TestUnsafeOrBrokenKeyFileIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"readable by others": {goodKeys, 0o644, "chmod 600"},
		"half":               {"SECRET_KEY=x\n", 0o600, "restore"},
		"not a key":          {"SECRET_KEY=x\nENCRYPTION_KEY=short\n", 0o600, "ENCRYPTION_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "alpaca_trader.keys")
			write(t, path, c.text)
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := loadIn(t, dir).WithKeys()
			wantFault(t, err, c.want)
		})
	}
}

func TestKeyFolderThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	_, err := loadIn(t, t.TempDir(), "DATABASE_URL=sqlite:///nowhere/a.db").WithKeys()
	wantFault(t, err, "nowhere", "no such file")
}

func TestProductionRefusesMissingAndWeakKeys(t *testing.T) {
	t.Parallel()
	strong := config.GenerateKeys()
	secretKey, encryptionKey := strong.SecretKey.Reveal(), strong.EncryptionKey.Reveal()
	for name, c := range map[string]struct{ secret, encryption, want string }{
		"both missing":       {"", "", "SECRET_KEY and ENCRYPTION_KEY"},
		"one missing":        {secretKey, "", "needs ENCRYPTION_KEY"},
		"guide's example":    {"your-secret-key-here-generate-with-python-secrets", encryptionKey, "SECRET_KEY"},
		"guide's encryption": {secretKey, "your-encryption-key-here", "ENCRYPTION_KEY"},
		"short":              {"s3cret", encryptionKey, "SECRET_KEY"},
		"monotonous":         {strings.Repeat("ab", 32), encryptionKey, "SECRET_KEY"},
		"the same twice":     {encryptionKey, encryptionKey, "the same"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := loadIn(t, dir, "APP_ENV=production", "SECRET_KEY="+c.secret, "ENCRYPTION_KEY="+c.encryption).WithKeys()
			wantFault(t, err, c.want, "keys generate")
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("production wrote %v", left)
			}
		})
	}
	if _, err := loadIn(t, t.TempDir(), "APP_ENV=production", "SECRET_KEY="+secretKey, "ENCRYPTION_KEY="+encryptionKey).WithKeys(); err != nil {
		t.Error(err)
	}
}
