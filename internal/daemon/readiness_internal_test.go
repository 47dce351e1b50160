package daemon

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
)

// pretendedStore answers what the test says.
type pretendedStore struct {
	silent     error
	full       error
	uncompared int
	asked      int
}

func (s *pretendedStore) Ping(context.Context) error { s.asked++; return s.silent }

func (s *pretendedStore) CheckWrites(context.Context) error { return s.full }

func (s *pretendedStore) Uncompared(context.Context, time.Time) (int, error) {
	return s.uncompared, nil
}

// TestReadinessHasReasons: the database, its disk, the comparison at the start, and the stop; later drift is no
// reason, and the database is asked once a second at most.
func TestReadinessHasReasons(t *testing.T) {
	t.Parallel()
	held := clock.NewHeld(time.Date(2026, 3, 2, 14, 30, 0, 0, time.UTC))
	database := &pretendedStore{silent: errors.New("gone"), uncompared: 2}
	ready := &readiness{store: database, started: held.Now(), trades: true, log: slog.New(slog.DiscardHandler), clock: held}
	want := func(sentences ...string) {
		t.Helper()
		if got := ready.Reasons(t.Context()); !slices.Equal(got, sentences) {
			t.Errorf("%q, want %q", got, sentences)
		}
	}
	want("The database does not answer.")
	database.silent = nil
	want("The database does not answer.") // known for a second
	if database.asked != 1 {
		t.Errorf("asked %d times", database.asked)
	}
	held.Advance(readyAge)
	want("Automated accounts have not been compared with their brokers yet.")
	held.Advance(readyAge)
	database.uncompared = 0
	want()
	held.Advance(readyAge)
	database.uncompared = 1 // drift, found later
	want()
	held.Advance(readyAge)
	database.full = errors.New("no space left")
	want("The database cannot be written: its disk is full or fails.")
	held.Advance(readyAge)
	database.full = nil
	want()
	held.Advance(readyAge)
	ready.space = func() (int64, bool) { return fullDisk - 1, true }
	want("The database cannot be written: its disk is full or fails.")
	held.Advance(readyAge)
	ready.space = func() (int64, bool) { return fullDisk, true }
	want()
	held.Advance(readyAge)
	database.silent = errors.New("gone")
	want("The database does not answer.")
	ready.stop()
	want("The server is stopping.")
}

// TestReadinessWithoutScheduler: who serves pages only waits for nobody's comparison.
func TestReadinessWithoutScheduler(t *testing.T) {
	t.Parallel()
	ready := &readiness{store: &pretendedStore{uncompared: 3}, log: slog.New(slog.DiscardHandler), clock: clock.System()}
	if got := ready.Reasons(t.Context()); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
