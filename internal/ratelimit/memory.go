package ratelimit

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
)

// countedKeys is how many keys are remembered; the least recently seen are forgotten.
const countedKeys = 65536

// Memory counts in this process. What it counted is gone after a restart.
type Memory struct {
	clock clock.Clock

	mu    sync.Mutex
	keys  map[string]*list.Element
	order *list.List // of *counted, most recently seen first
}

// counted is one key: for each window, when its whole count will be there again.
type counted struct {
	key  string
	full map[time.Duration]time.Time
}

// NewMemory returns a counter without counts.
func NewMemory(c clock.Clock) *Memory {
	return &Memory{clock: c, keys: make(map[string]*list.Element), order: list.New()}
}

// Take is that of Counter; it never fails.
func (m *Memory) Take(_ context.Context, key string, rates auth.Rates) (Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, known := m.clock.Now(), m.find(key)
	result := Result{Allowed: true}
	for _, rate := range rates {
		full := later(known.full[rate.Window], now)
		if wait := full.Add(step(rate)).Sub(now) - capacity(rate); wait > 0 {
			result.Allowed, result.RetryAfter = false, max(result.RetryAfter, wait)
		}
	}
	for _, rate := range rates {
		full := later(known.full[rate.Window], now)
		if result.Allowed {
			full = full.Add(step(rate))
			known.full[rate.Window] = full
		}
		result.Windows = append(result.Windows, windowOf(rate, full.Sub(now)))
	}
	return result, nil
}

// find returns the key's counts, new ones when it was not seen before or too long ago.
func (m *Memory) find(key string) *counted {
	if element, ok := m.keys[key]; ok {
		m.order.MoveToFront(element)
		return element.Value.(*counted)
	}
	if m.order.Len() >= countedKeys {
		oldest := m.order.Remove(m.order.Back()).(*counted)
		delete(m.keys, oldest.key)
	}
	known := &counted{key, make(map[time.Duration]time.Time, 2)}
	m.keys[key] = m.order.PushFront(known)
	return known
}

// step is the time in which one request comes back; capacity the time in which all do.
func step(rate auth.Rate) time.Duration {
	return (rate.Window / time.Duration(rate.Count)).Truncate(time.Microsecond)
}

func capacity(rate auth.Rate) time.Duration { return step(rate) * time.Duration(rate.Count) }

// windowOf describes a rate whose whole count is there again after the time.
func windowOf(rate auth.Rate, untilFull time.Duration) Window {
	return Window{rate, int((capacity(rate) - untilFull) / step(rate)), untilFull}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
