package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

const (
	keyFileName    = "alpaca_trader.keys"
	shortestSecret = 32 // characters of SECRET_KEY and ENCRYPTION_KEY
	largestKeyFile = 4 << 10
)

// Keys are the two keys of an installation.
type Keys struct{ SecretKey, EncryptionKey secret.Text }

// GenerateKeys makes two new keys of 32 random bytes each, as hexadecimal digits.
func GenerateKeys() Keys {
	return Keys{SecretKey: secret.GenerateKey(), EncryptionKey: secret.GenerateKey()}
}

// Dotenv returns the keys as two lines for `.env`.
func (k Keys) Dotenv() string {
	return fmt.Sprintf("SECRET_KEY=%s\nENCRYPTION_KEY=%s\n", k.SecretKey.Reveal(), k.EncryptionKey.Reveal())
}

// WithKeys returns the configuration with both keys present and strong enough. Production refuses
// to go on without them. Development takes what is missing from the key file and makes that file
// when it does not exist; of several processes that start together, all get the same keys.
func (c Config) WithKeys() (Config, error) {
	if missing := c.missingKeys(); len(missing) > 0 {
		if c.Mode == Production {
			return Config{}, fault.New(fault.Invalid, "Production needs %s; make keys once with `alpaca-trader keys generate` and put them into the environment or .env.", strings.Join(missing, " and "))
		}
		keys, err := loadOrMakeKeys(c.keyFile)
		if err != nil {
			return Config{}, err
		}
		c.fillKeys(keys)
	}
	if err := c.checkEncryptionKeys(); err != nil {
		return Config{}, err
	}
	if c.Mode == Production {
		return c, c.checkKeyStrength()
	}
	return c, nil
}

// checkEncryptionKeys reads the keys that are given themselves; what a key service keeps is read
// when it is opened.
func (c Config) checkEncryptionKeys() error {
	if !secret.InService(c.EncryptionKey) {
		if _, err := secret.ParseKey(c.EncryptionKey); err != nil {
			return err
		}
	}
	for i, key := range c.OldKeys {
		if _, err := secret.ParseKey(key); err != nil && !secret.InService(key) {
			return fault.New(fault.Invalid, "Key %d of ENCRYPTION_KEYS_OLD cannot be read: each is 64 hexadecimal digits or base64, separated by commas.", i+1)
		}
	}
	return nil
}

func (c Config) missingKeys() []string {
	var names []string
	if c.SecretKey.IsEmpty() {
		names = append(names, "SECRET_KEY")
	}
	if c.EncryptionKey.IsEmpty() {
		names = append(names, "ENCRYPTION_KEY")
	}
	return names
}

func (c *Config) fillKeys(keys Keys) {
	if c.SecretKey.IsEmpty() {
		c.SecretKey = keys.SecretKey
	}
	if c.EncryptionKey.IsEmpty() {
		c.EncryptionKey = keys.EncryptionKey
	}
}

// placeholders begin the example values of the upgrade guide, its sample files and this project.
var placeholders = []string{"your-", "your_", "change-me", "changeme", "replace-", "dev-secret", "dev_secret", "secret-key", "example"}

func (c Config) checkKeyStrength() error {
	for _, key := range []struct {
		name  string
		value secret.Text
	}{{"SECRET_KEY", c.SecretKey}, {"ENCRYPTION_KEY", c.EncryptionKey}} {
		if !secret.InService(key.value) && weak(key.value.Reveal()) {
			return fault.New(fault.Invalid, "%s is an example or too weak for production; make one with `alpaca-trader keys generate`.", key.name)
		}
	}
	if c.SecretKey.Reveal() == c.EncryptionKey.Reveal() {
		return fault.New(fault.Invalid, "SECRET_KEY and ENCRYPTION_KEY are the same; make two with `alpaca-trader keys generate`.")
	}
	return nil
}

// weak reports whether a key is short, a known placeholder, or made of very few characters.
func weak(key string) bool {
	if len(key) < shortestSecret {
		return true
	}
	lower := strings.ToLower(key)
	for _, placeholder := range placeholders {
		if strings.HasPrefix(lower, placeholder) {
			return true
		}
	}
	distinct := map[rune]bool{}
	for _, r := range key {
		distinct[r] = true
	}
	return len(distinct) < 8
}

func loadOrMakeKeys(path string) (Keys, error) {
	keys, err := readKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if err := writeKeyFile(path, GenerateKeys()); err != nil && !errors.Is(err, fs.ErrExist) {
		return Keys{}, fault.Because(err, fault.Unavailable, "%s cannot be made: %s; make its folder writable, or set SECRET_KEY and ENCRYPTION_KEY.", path, reason(err))
	}
	return readKeyFile(path)
}

// readKeyFile returns the keys of the file, an error that wraps fs.ErrNotExist when there is none.
func readKeyFile(path string) (Keys, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Keys{}, fmt.Errorf("find keys: %w", err)
	}
	if err != nil {
		return Keys{}, fault.Because(err, fault.Unavailable, "%s cannot be read: %s.", path, reason(err))
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return Keys{}, fault.New(fault.Invalid, "%s can be read by others (mode %04o); run `chmod 600 %s` and consider its keys known.", path, mode, path)
	}
	text, err := readLimited(path, largestKeyFile)
	if err != nil {
		return Keys{}, fault.Because(err, fault.Unavailable, "%s cannot be read: %s.", path, reason(err))
	}
	return parseKeys(path, text)
}

func parseKeys(path string, text []byte) (Keys, error) {
	values, err := ParseDotenv(text)
	if err != nil || values["SECRET_KEY"] == "" || values["ENCRYPTION_KEY"] == "" {
		return Keys{}, fault.New(fault.Invalid, "%s does not hold SECRET_KEY and ENCRYPTION_KEY; restore it from a backup, because stored broker keys open with it alone.", path)
	}
	return Keys{secret.NewText(values["SECRET_KEY"]), secret.NewText(values["ENCRYPTION_KEY"])}, nil
}

// writeKeyFile makes the file whole or not at all, and never replaces one: the finished temporary
// file gets its name by a link, which fails with fs.ErrExist when another process was first.
func writeKeyFile(path string, keys Keys) (err error) {
	draft, err := os.CreateTemp(filepath.Dir(path), ".draft-*.keys") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	_, writeErr := draft.WriteString("# Made by alpaca-trader in development. Keep it, and keep it secret.\n" + keys.Dotenv())
	if err := errors.Join(writeErr, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return os.Link(draft.Name(), path)
}
