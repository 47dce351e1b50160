package store_test

import (
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// A disk that refuses a write is known from then on, until a write succeeds.
func TestADiskThatRefusesWritesIsKnownUntilOneSucceeds(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	refuse := func(statement string) {
		t.Helper()
		if _, err := s.Writer().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	refuse("PRAGMA query_only = TRUE")
	if err := s.CheckWrites(t.Context()); err != nil {
		t.Errorf("a look wrote before any write had failed: %v", err)
	}
	if err := s.SetNextRun(t.Context(), "account", time.Now()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a refused write: %v", err)
	}
	for range 2 {
		if err := s.CheckWrites(t.Context()); !fault.Is(err, fault.Unavailable) {
			t.Errorf("while writes are refused: %v", err)
		}
	}
	refuse("PRAGMA query_only = FALSE")
	if err := s.CheckWrites(t.Context()); err != nil {
		t.Errorf("there is room again: %v", err)
	}
}
