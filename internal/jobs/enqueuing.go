package jobs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"github.com/jcap24/alpaca-trader/internal/clock"
)

// enqueuing puts cycles into the queue, each once. It is safe for concurrent use.
type enqueuing struct {
	insert func(ctx context.Context, jobs []river.InsertManyParams) error
	again  time.Duration // after which a cycle that is still due is enqueued anew

	mu   sync.Mutex
	done map[Due]time.Time // lately, by this process: the queue has them
}

// enqueuedAtOnce are enqueued in one statement; the first begin while the next are enqueued.
const enqueuedAtOnce = 1000

// cycles enqueues those that this process has not enqueued lately.
func (e *enqueuing) cycles(ctx context.Context, due []Due) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := clock.System().Now()
	maps.DeleteFunc(e.done, func(_ Due, at time.Time) bool { return now.Sub(at) >= e.again })
	due = slices.DeleteFunc(due, func(one Due) bool { _, known := e.done[one]; return known })
	for batch := range slices.Chunk(due, enqueuedAtOnce) {
		if err := e.insert(ctx, e.cyclesOf(batch)); err != nil {
			return fmt.Errorf("enqueue cycles: %w", err)
		}
		for _, one := range batch {
			e.done[one] = now
		}
	}
	return nil
}

func (e *enqueuing) cyclesOf(due []Due) []river.InsertManyParams {
	cycles := make([]river.InsertManyParams, 0, len(due))
	for _, one := range due {
		args := cycleArgs{AccountID: one.AccountID, Slot: one.Slot.UTC().Truncate(time.Microsecond)}
		cycles = append(cycles, river.InsertManyParams{Args: args, InsertOpts: cycleOptions(e.again)})
	}
	return cycles
}
