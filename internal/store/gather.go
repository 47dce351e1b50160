package store

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// gathered answers the questions of one kind that are asked at the same moment by one statement:
// who asks while another statement runs is answered by the next. So an answer is never older than
// its question. K is what is asked for, R a row of answers.
type gathered[K comparable, R any] struct {
	read  func(ctx context.Context, keys []K) ([]R, error)
	keyOf func(R) K

	mu   sync.Mutex
	busy bool
	next *round[K, R] // nil: nobody waits
}

// round is one statement. Its fields but done are fixed once done is closed.
type round[K comparable, R any] struct {
	keys     map[K]bool
	found    map[K][]R
	err      error
	panicked any
	done     chan struct{}
}

// readPatience is for one statement, whoever of those who asked is still there.
const readPatience = 30 * time.Second

// of returns the rows of the keys. They are shared: nobody changes them.
func (g *gathered[K, R]) of(ctx context.Context, keys ...K) ([]R, error) {
	if len(keys) == 0 || ctx.Err() != nil {
		return nil, ctx.Err()
	}
	mine := g.join(ctx, keys)
	select {
	case <-mine.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if mine.panicked != nil {
		panic(mine.panicked)
	}
	var rows []R
	for i, key := range keys {
		if !slices.Contains(keys[:i], key) {
			rows = append(rows, mine.found[key]...)
		}
	}
	return rows, mine.err
}

// join adds the keys to the next round, and begins it when no other is under way.
func (g *gathered[K, R]) join(ctx context.Context, keys []K) *round[K, R] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil {
		g.next = &round[K, R]{keys: map[K]bool{}, done: make(chan struct{})}
	}
	mine := g.next
	for _, key := range keys {
		mine.keys[key] = true
	}
	if !g.busy {
		g.busy = true
		go g.serve(context.WithoutCancel(ctx))
	}
	return mine
}

// serve runs rounds until nobody waits.
func (g *gathered[K, R]) serve(ctx context.Context) {
	for {
		runtime.Gosched() // who is about to ask comes along
		g.mu.Lock()
		mine := g.next
		g.next, g.busy = nil, mine != nil
		g.mu.Unlock()
		if mine == nil {
			return
		}
		g.run(ctx, mine)
	}
}

func (g *gathered[K, R]) run(ctx context.Context, mine *round[K, R]) {
	defer close(mine.done)
	defer func() { mine.panicked = recover() }()
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	keys := make([]K, 0, len(mine.keys))
	for key := range mine.keys {
		keys = append(keys, key)
	}
	var rows []R
	if rows, mine.err = g.read(ctx, keys); mine.err != nil {
		return
	}
	mine.found = make(map[K][]R, len(keys))
	for _, row := range rows {
		key := g.keyOf(row)
		mine.found[key] = append(mine.found[key], row)
	}
}
