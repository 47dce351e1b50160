package jobs

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
)

// Soon is a cycle that will be due before the next tick.
type Soon struct {
	Due
	At time.Time // when, by this machine's clock
}

// alarm enqueues cycles at the moment at which they are due. The process that has made the last tick
// has it set, until about the next: so one process rings for a slot, and what is lost with that
// process is found by the next tick.
type alarm struct {
	enqueue func(ctx context.Context, due []Due) error
	log     *slog.Logger

	mu      sync.Mutex
	waiting []Soon // earliest first
	timer   *time.Timer
	ended   bool
	ringing sync.WaitGroup
}

// set puts these in the place of what waits.
func (a *alarm) set(soon []Soon) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = slices.SortedFunc(slices.Values(soon), func(one, other Soon) int { return one.At.Compare(other.At) })
	a.arm()
}

// arm waits for the earliest. The lock is held.
func (a *alarm) arm() {
	if a.timer != nil {
		a.timer.Stop()
	}
	if len(a.waiting) == 0 || a.ended {
		return
	}
	a.timer = time.AfterFunc(a.waiting[0].At.Sub(clock.System().Now()), a.ring)
}

// ring enqueues what is due, and waits for the rest. What cannot be enqueued is left to the next
// tick.
func (a *alarm) ring() {
	due, ok := a.take()
	if !ok {
		return
	}
	defer a.ringing.Done()
	ctx, cancel := context.WithTimeout(context.Background(), tickTimeout)
	defer cancel()
	if err := a.enqueue(ctx, due); err != nil {
		a.log.Warn("cycles not begun at their moment; the next tick begins them", "cycles", len(due), "error", err)
	}
}

// take removes what is due; false when the alarm has ended.
func (a *alarm) take() ([]Due, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return nil, false
	}
	a.ringing.Add(1)
	now, count := clock.System().Now(), 0
	var due []Due
	for ; count < len(a.waiting) && !a.waiting[count].At.After(now); count++ {
		due = append(due, a.waiting[count].Due)
	}
	a.waiting = a.waiting[count:]
	a.arm()
	return due, true
}

// end lets nothing ring any more, and waits for what rings.
func (a *alarm) end() {
	a.mu.Lock()
	a.ended = true
	a.arm()
	a.mu.Unlock()
	a.ringing.Wait()
}
