package ratelimit

import (
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
)

// restTime is how long a counter that failed is left alone, so that not every request waits for it.
const restTime = time.Second

// breaker remembers that something failed a moment ago.
type breaker struct {
	clock clock.Clock
	mu    sync.Mutex
	until time.Time
}

// open reports whether it may be tried.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.clock.Now().Before(b.until)
}

func (b *breaker) trip() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until = b.clock.Now().Add(restTime)
}
