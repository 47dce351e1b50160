package api

import (
	"context"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/jcap24/alpaca-trader/internal/clock"
)

// forgetful keeps a session that was signed out from coming back. Without it a request that was
// under way during the sign-out could store the session again when it ends.
type forgetful struct {
	scs.CtxStore
	clock clock.Clock

	mu   sync.Mutex
	gone map[string]time.Time // hashed token: when it was deleted
}

// rememberGone is longer than any request or check that loads a session and stores it later.
const rememberGone = 2 * time.Minute

func newForgetful(store scs.CtxStore, clock clock.Clock) *forgetful {
	return &forgetful{CtxStore: store, clock: clock, gone: make(map[string]time.Time)}
}

// DeleteCtx deletes the session for good.
func (f *forgetful) DeleteCtx(ctx context.Context, token string) error {
	f.mark(token)
	return f.CtxStore.DeleteCtx(ctx, token)
}

// CommitCtx stores the session unless it was deleted, before or meanwhile.
func (f *forgetful) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	if f.isGone(token) {
		return nil
	}
	if err := f.CtxStore.CommitCtx(ctx, token, data, expiry); err != nil {
		return err
	}
	if f.isGone(token) {
		return f.CtxStore.DeleteCtx(ctx, token)
	}
	return nil
}

func (f *forgetful) mark(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.Now()
	for old, at := range f.gone {
		if now.Sub(at) > rememberGone {
			delete(f.gone, old)
		}
	}
	f.gone[token] = now
}

func (f *forgetful) isGone(token string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, gone := f.gone[token]
	return gone
}
