// Package clock is the one door to the time of day. Everything else is given a Clock.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time. Implementations are safe for concurrent use.
type Clock interface{ Now() time.Time }

// System is the machine's clock, in UTC.
func System() Clock { return system{} }

type system struct{}

func (system) Now() time.Time { return time.Now().UTC() }

// Held is a clock that stands still until it is moved; simulations and tests use it.
type Held struct {
	mu  sync.Mutex
	now time.Time
}

// NewHeld returns a clock that stands at now.
func NewHeld(now time.Time) *Held { return &Held{now: now.UTC()} }

// Now returns the time at which the clock was last set.
func (h *Held) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// Set moves the clock to now, forward or back.
func (h *Held) Set(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = now.UTC()
}

// Advance moves the clock forward by d.
func (h *Held) Advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}
