package witness

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// mail sends the newest checkpoint, again and again until it arrives. A newer one takes the place
// of one that waits: it says all that the older one did.
type mail struct {
	post func(ctx context.Context, note string) error
	log  *slog.Logger

	mu      sync.Mutex
	waiting string
	came    chan struct{} // holds a value when something waits
}

const (
	firstPause   = time.Second
	longestPause = 5 * time.Minute
)

func newMail(post func(context.Context, string) error, log *slog.Logger) *mail {
	return &mail{post: post, log: log, came: make(chan struct{}, 1)}
}

// put makes the note the one to send; it never waits.
func (m *mail) put(note string) {
	m.mu.Lock()
	m.waiting = note
	m.mu.Unlock()
	select {
	case m.came <- struct{}{}:
	default:
	}
}

func (m *mail) newest() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.waiting
}

// deliver sends until the context ends.
func (m *mail) deliver(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.came:
		}
		m.insist(ctx)
	}
}

// insist tries until one note has arrived, with longer and longer pauses.
func (m *mail) insist(ctx context.Context) {
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, longestPause) {
		err := m.post(ctx, m.newest())
		if err == nil {
			return
		}
		m.log.Warn("send audit checkpoint", "cause", err, "again_in", pause)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}
