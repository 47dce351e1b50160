package flaskdb_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/legacy/legacytest"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store/flaskdb"
)

// FuzzFile: a file that is damaged, cut off or no database is read or refused in a sentence. Bytes
// of a good one are changed, because anything else is refused at its first ones.
func FuzzFile(f *testing.F) {
	file := filepath.Join(f.TempDir(), "old.db")
	old := legacytest.Make(f, secret.NewText("sqlite:///"+file))
	old.Insert(f, "users", "username, email, password_hash, is_admin, created_at", "ann", "ann@example.com", "hash", true, "2026-03-02 14:30:00")
	old.Insert(f, "accounts", "user_id, name, api_key_encrypted, secret_key_encrypted", 1, "paper", "x", "y")
	old.Insert(f, "audit_logs", "user_id, action, timestamp", 1, "login", "2026-03-02 14:30:00")
	if err := old.Close(); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(len(good)), uint16(0), []byte{})
	f.Add(uint32(5000), uint16(16), []byte{0xff})
	f.Add(uint32(len(good)), uint16(100), []byte("\r\x00\x00\x00\xff\xff"))
	f.Fuzz(func(t *testing.T, length uint32, at uint16, changed []byte) {
		content := append([]byte{}, good[:int(length)%(len(good)+1)]...)
		if int(at) < len(content) {
			copy(content[at:], changed)
		}
		damaged := filepath.Join(t.TempDir(), "old.db")
		if err := os.WriteFile(damaged, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := readAll(t, damaged); err != nil {
			var known *fault.Error
			if !errors.As(err, &known) {
				t.Errorf("an error without a kind: %v", err)
			}
		}
	})
}

func readAll(t *testing.T, file string) error {
	database, err := flaskdb.Open(t.Context(), secret.NewText("sqlite:///"+file))
	if err != nil {
		return err
	}
	defer func() { _ = database.Close() }()
	if _, err := database.Read(t.Context()); err != nil {
		return err
	}
	_, err = database.Entries(t.Context(), 0, 10)
	return err
}
