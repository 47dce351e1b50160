package app

import (
	"context"
	"sync"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// live keeps one watcher for each user who has a live page open.
type live struct {
	app     *App
	ctx     context.Context // ends with the App
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	watchers map[string]*watcher
}

func newLive(a *App) *live {
	ctx, cancel := context.WithCancel(context.Background())
	return &live{app: a, ctx: ctx, cancel: cancel, watchers: make(map[string]*watcher)}
}

func (l *live) close() {
	l.mu.Lock()
	l.cancel()
	l.mu.Unlock()
	l.running.Wait()
}

// join returns the user's watcher, started if this is the first feed.
func (l *live) join(userID string) (*watcher, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return nil, fault.New(fault.Unavailable, "The server is stopping. Try again shortly.")
	}
	w := l.watchers[userID]
	if w == nil {
		ctx, cancel := context.WithCancel(l.ctx)
		w = newWatcher(l.app, userID, cancel)
		l.watchers[userID] = w
		l.running.Go(func() { w.run(ctx) })
	}
	w.feeds++
	return w, nil
}

// leave stops the watcher when this was its last feed.
func (l *live) leave(w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.feeds--; w.feeds == 0 {
		w.cancel()
		delete(l.watchers, w.userID)
	}
}

// Poke has the user's live pages read everything again now.
func (a *App) Poke(userID string) {
	a.live.mu.Lock()
	defer a.live.mu.Unlock()
	if w := a.live.watchers[userID]; w != nil {
		w.wake()
	}
}

// Watching returns how many users have a live page open.
func (a *App) Watching() int {
	a.live.mu.Lock()
	defer a.live.mu.Unlock()
	return len(a.live.watchers)
}

// feedCapacity is how many events a slow page may be behind before it is sent everything anew.
const feedCapacity = 64

// Feed is one live page's stream of events. One goroutine at a time may use it.
type Feed struct {
	live         *live
	watcher      *watcher
	subscription *event.Subscription
	pending      []event.Event
	close        sync.Once
}

// Watch starts a live feed: first everything that is known, then what changes. Close it.
func (a *App) Watch(p auth.Principal) (*Feed, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	subscription := a.Bus.Subscribe(p.UserID, feedCapacity)
	w, err := a.live.join(p.UserID)
	if err != nil {
		subscription.Close()
		return nil, err
	}
	return &Feed{live: a.live, watcher: w, subscription: subscription, pending: w.known()}, nil
}

// Next waits for the next event. Cycles of other accounts than the active one are left out. The
// error is the context's.
func (f *Feed) Next(ctx context.Context) (event.Event, error) {
	for {
		if len(f.pending) == 0 {
			if err := f.wait(ctx); err != nil {
				return event.Event{}, err
			}
			continue
		}
		first := f.pending[0]
		f.pending = f.pending[1:]
		cycle, isCycle := first.Data.(trade.Cycle)
		if !isCycle {
			return first, nil
		}
		return event.Event{Kind: event.Cycle, Data: f.live.app.reportCycle(ctx, cycle)}, nil
	}
}

// wait takes the next published event; after a loss, everything that is known comes first.
func (f *Feed) wait(ctx context.Context) error {
	next, lost, err := f.subscription.Next(ctx)
	if err != nil {
		return err
	}
	if lost {
		f.pending = f.watcher.known()
	}
	if f.concerns(next) {
		f.pending = append(f.pending, next)
	}
	return nil
}

// concerns reports whether the event belongs to what the page shows. A cycle that has run changes
// orders and positions, so they are read again at once.
func (f *Feed) concerns(next event.Event) bool {
	cycle, isCycle := next.Data.(trade.Cycle)
	if !isCycle {
		return true
	}
	f.watcher.keep(cycle)
	return f.watcher.follows(cycle)
}

// Close ends the feed; calling it again does nothing.
func (f *Feed) Close() {
	f.close.Do(func() {
		f.subscription.Close()
		f.live.leave(f.watcher)
	})
}
