package daemon

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
)

// readiness knows why the server should get no requests yet, or no more: it stops, its database
// does not answer or cannot be written, or automated accounts have not been compared with their
// brokers since the start. The last holds back at the start only: drift that is found later is shown on the pages, which
// somebody must reach to look at it.
type readiness struct {
	store interface {
		Ping(context.Context) error
		CheckWrites(context.Context) error
		Uncompared(ctx context.Context, since time.Time) (int, error)
	}
	space    func() (free int64, known bool) // on the database's disk, in bytes; nil: it is not this machine's
	started  time.Time
	trades   bool // this process runs cycles
	log      *slog.Logger
	clock    clock.Clock
	stopping atomic.Bool

	mu       sync.Mutex // one look at the database at a time
	settled  bool       // the accounts have been compared
	lookedAt time.Time
	reasons  []string // of the last look
}

// spaceOf looks at the disk of the database's file; nil where there is none.
func spaceOf(cfg config.Config) func() (int64, bool) {
	file, ok := cfg.DatabaseFile()
	if !ok {
		return nil
	}
	return func() (int64, bool) { return freeSpace(filepath.Dir(file)) }
}

// stop says that no more requests should come.
func (r *readiness) stop() { r.stopping.Store(true) }

// fullDisk is how many free bytes are none: a commit needs more.
const fullDisk = 1 << 20

const (
	readyPatience = 2 * time.Second
	readyAge      = time.Second // anybody may ask, so the database is not asked more often
)

// Reasons returns one sentence for each reason; nothing when the server is ready.
func (r *readiness) Reasons(ctx context.Context) []string {
	if r.stopping.Load() {
		return []string{"The server is stopping."}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.clock.Now(); r.lookedAt.IsZero() || now.Sub(r.lookedAt) >= readyAge {
		r.reasons, r.lookedAt = r.look(context.WithoutCancel(ctx)), now
	}
	return r.reasons
}

func (r *readiness) look(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	if err := r.store.Ping(ctx); err != nil {
		return []string{r.silent(err)}
	}
	if r.full(ctx) {
		return []string{"The database cannot be written: its disk is full or fails."}
	}
	if r.settled || !r.trades {
		return nil
	}
	uncompared, err := r.store.Uncompared(ctx, r.started)
	switch {
	case err != nil:
		return []string{r.silent(err)}
	case uncompared > 0:
		r.log.Debug("not ready: accounts are not compared yet", "accounts", uncompared)
		return []string{"Automated accounts have not been compared with their brokers yet."}
	}
	r.settled = true
	r.log.Info("ready")
	return nil
}

// full reports whether writes fail. It writes only where one has failed before.
func (r *readiness) full(ctx context.Context) bool {
	if r.space != nil {
		if free, known := r.space(); known && free < fullDisk {
			r.log.Warn("not ready: the database's disk is full", "free bytes", free)
			return true
		}
	}
	err := r.store.CheckWrites(ctx)
	if err != nil {
		r.log.Warn("not ready: the database cannot be written", "cause", err)
	}
	return err != nil
}

func (r *readiness) silent(err error) string {
	r.log.Warn("not ready: the database does not answer", "cause", err)
	return "The database does not answer."
}
