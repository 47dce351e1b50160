package store_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// TestOneServerOnAFile: a second server is refused while the first one runs, commands are not.
func TestOneServerOnAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "test.db")
	open := func() *store.Store {
		database, err := store.Open(t.Context(), store.Options{URL: secret.NewText("sqlite:///" + file)})
		if err != nil {
			t.Fatal(err)
		}
		return database
	}
	first, second := open(), open()
	if err := first.Serve(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := second.Serve(t.Context())
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Public(err), file) || !strings.Contains(fault.Public(err), "PostgreSQL") {
		t.Errorf("a second server: %v", err)
	}
	if err := second.Ping(t.Context()); err != nil {
		t.Errorf("a command beside the server: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.Serve(t.Context()); err != nil {
		t.Errorf("after the first one ended: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}
