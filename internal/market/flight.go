package market

import (
	"context"
	"errors"
	"sync"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// flights lets those who need bars of one line at the same moment share the requests for them:
// one asks at a time, and while it does, what all others need is collected for the next.
type flights struct {
	mu    sync.Mutex
	lines map[line]*runway
}

// runway is one line's.
type runway struct {
	turn    chan struct{} // holds a token while somebody asks
	waiting *flight       // takes passengers; nil: the next one opens it
	users   int           // who hold the runway; it is dropped without any
}

// flight is one round of requests for everybody on it. Its pilot is who opened it: the source is
// the pilot's. Fields but done are guarded by flights.mu until it starts, and fixed once done is
// closed.
type flight struct {
	source Source
	wants  map[string]want
	done   chan struct{}
	got    map[string]*series
	err    error
}

// join gets the symbols in a flight of the line, own or somebody else's; fly asks the source. The
// series are of all symbols of the flight that have any.
func (f *flights) join(ctx context.Context, of line, source Source, wants map[string]want, fly func(context.Context, *flight)) (map[string]*series, error) {
	r := f.enter(of)
	defer f.leave(of, r)
	for {
		mine, pilot := f.board(r, source, wants)
		if pilot {
			f.pilot(ctx, r, mine, fly)
			return mine.got, mine.err
		}
		select {
		case <-mine.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if !pilotsOwn(mine.err) {
			return mine.got, mine.err
		}
	}
}

// pilotsOwn reports whether the trouble was the pilot's and not the market's: refused keys, or a
// cycle whose time was over. Who flew along then asks by itself.
func pilotsOwn(err error) bool {
	return fault.Is(err, fault.BrokerRefused) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func (f *flights) enter(of line) *runway {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.lines[of]
	if !ok {
		r = &runway{turn: make(chan struct{}, 1)}
		f.lines[of] = r
	}
	r.users++
	return r
}

func (f *flights) leave(of line, r *runway) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.users--; r.users == 0 {
		delete(f.lines, of)
	}
}

// board adds what is wanted to the waiting flight; pilot is true for who opened it.
func (f *flights) board(r *runway, source Source, wants map[string]want) (mine *flight, pilot bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.waiting == nil {
		r.waiting, pilot = &flight{source: source, wants: map[string]want{}, done: make(chan struct{})}, true
	}
	mine = r.waiting
	for symbol, w := range wants {
		if before, ok := mine.wants[symbol]; ok {
			w = before.and(w)
		}
		mine.wants[symbol] = w
	}
	return mine, pilot
}

// and is what serves both.
func (w want) and(other want) want {
	need := max(w.need, other.need)
	if other.now.After(w.now) {
		w = other
	}
	w.need = need
	return w
}

// pilot waits for the turn, closes the doors and asks.
func (f *flights) pilot(ctx context.Context, r *runway, mine *flight, fly func(context.Context, *flight)) {
	defer close(mine.done)
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		mine.err = ctx.Err()
	}
	f.mu.Lock()
	r.waiting = nil
	f.mu.Unlock()
	if mine.err == nil {
		fly(ctx, mine)
	}
}
