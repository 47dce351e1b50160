package daemon

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
)

// readiness knows why the server should get no requests yet, or no more: it stops, its database
// does not answer, or automated accounts have not been compared with their brokers since the start.
// The last holds back at the start only: drift that is found later is shown on the pages, which
// somebody must reach to look at it.
type readiness struct {
	store interface {
		Ping(context.Context) error
		Uncompared(ctx context.Context, since time.Time) (int, error)
	}
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

// stop says that no more requests should come.
func (r *readiness) stop() { r.stopping.Store(true) }

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

func (r *readiness) silent(err error) string {
	r.log.Warn("not ready: the database does not answer", "cause", err)
	return "The database does not answer."
}
