package store

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// act runs a change of which there are many at once, as those that leave entries in the audit
// (Store.audit) and those of cycles: all of it is on the disk when act returns nil, or none of it
// happened.
//
// Acts that arrive while others are being committed share the next transaction, each in a savepoint
// of its own: one turn at the head of the audit chain and one wait for the disk serve them all. An
// act that is refused takes back its own changes alone. One that has to wait long for a lock, or
// fails otherwise, runs once more in a transaction of its own; so change sets what it returns anew
// each time and does nothing outside of its transaction. Acts of one kind are done together (see
// kind), without a savepoint: when that fails, the whole group runs again, each by itself.
func (s *Store) act(ctx context.Context, change func(ctx context.Context, tx bun.Tx) error) error {
	return s.actIn(s.group, &groupedAct{ctx: ctx, change: change})
}

// actIn is act in one of the groups.
func (s *Store) actIn(group *actGroup, a *groupedAct) error {
	a.done = make(chan struct{})
	switch group.join(a, s.runGroup); {
	case a.panicked != nil:
		panic(a.panicked)
	case a.again:
		return s.alone(a.ctx, a.change)
	}
	return explain(a.err)
}

// alone runs the change in a transaction of its own. Two that wait for each other's locks are told
// apart by PostgreSQL, which undoes one: that one runs again.
func (s *Store) alone(ctx context.Context, change func(ctx context.Context, tx bun.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.transact(ctx, change)
		if attempt == mostDeadlocks || postgresCode(err) != pgDeadlock {
			return err
		}
	}
}

const (
	mostDeadlocks = 5 // in a row
	pgDeadlock    = "40P01"
)

const (
	largestGroup  = 128
	groupsAtOnce  = 2                // one makes its changes while the one before waits for the disk; SQLite has one writer
	groupPatience = 30 * time.Second // for the whole of a group
	// lockPatience is how long a group waits for anybody's lock before the act gives way.
	lockPatience = "SET LOCAL lock_timeout = '1s'"
	// headPatience lets it wait for its turn at the head of the audit chain for as long as that takes:
	// nobody keeps the head for longer than a commit.
	headPatience = "SET LOCAL lock_timeout = 0"
)

// groupedAct is one act on its way through a shared transaction. Whoever runs the group writes it
// and then closes done.
type groupedAct struct {
	ctx      context.Context
	change   func(context.Context, bun.Tx) error
	batched  batched       // with what others it may be done; nothing: with none
	entries  []audit.Entry // what it leaves in the audit
	err      error
	again    bool // nothing happened; run it in a transaction of its own
	panicked any
	done     chan struct{}
}

// actGroup collects acts while others are being committed.
type actGroup struct {
	turn    chan struct{}
	mu      sync.Mutex
	waiting []*groupedAct
}

func newActGroup(atOnce int) *actGroup { return &actGroup{turn: make(chan struct{}, atOnce)} }

// join returns when the act has run, in the caller's group or in another's, or when its context
// has ended before its turn.
func (g *actGroup) join(a *groupedAct, run func([]*groupedAct)) {
	g.mu.Lock()
	g.waiting = append(g.waiting, a)
	g.mu.Unlock()
	select {
	case <-a.done:
		return
	case <-a.ctx.Done():
		if g.leave(a) {
			a.err = a.ctx.Err()
			return
		}
	case g.turn <- struct{}{}:
		g.lead(a, run)
	}
	<-a.done
}

// lead runs a group that begins with the act, unless somebody else has taken it already.
func (g *actGroup) lead(a *groupedAct, run func([]*groupedAct)) {
	defer func() { <-g.turn }()
	runtime.Gosched() // who is about to act comes along
	if !g.leave(a) {
		return
	}
	group := append([]*groupedAct{a}, g.next()...)
	defer func() {
		for _, done := range group {
			close(done.done)
		}
	}()
	run(group)
}

// leave takes the act out of the waiting; false when it has been taken already.
func (g *actGroup) leave(a *groupedAct) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, waiting := range g.waiting {
		if waiting == a {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// next takes those that wait, in the order in which they came.
func (g *actGroup) next() []*groupedAct {
	g.mu.Lock()
	defer g.mu.Unlock()
	count := min(len(g.waiting), largestGroup-1)
	taken := append([]*groupedAct(nil), g.waiting[:count]...)
	g.waiting = append([]*groupedAct(nil), g.waiting[count:]...)
	return taken
}

// runGroup runs the acts in one transaction. One act alone has its own, under its own context.
func (s *Store) runGroup(group []*groupedAct) {
	if len(group) == 1 {
		group[0].attempt(func() error { return s.alone(group[0].ctx, group[0].change) })
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(group[0].ctx), groupPatience)
	defer cancel()
	tx, err := s.write.BeginTx(ctx, nil)
	if err == nil {
		if err = s.fillGroup(ctx, tx, group); err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}
	if err != nil { // before the commit: nothing happened
		for _, a := range group {
			a.again = a.again || a.err == nil
		}
		return
	}
	err = s.wrote(tx.Commit())
	for _, a := range group {
		a.err = firstError(a.err, err)
	}
}

// fillGroup makes the acts' changes one after the other, and then appends all of their entries.
func (s *Store) fillGroup(ctx context.Context, tx bun.Tx, group []*groupedAct) error {
	if s.pool != nil {
		if _, err := tx.ExecContext(ctx, lockPatience); err != nil {
			return err
		}
	}
	var entries []audit.Entry
	for _, batch := range batches(group) {
		left, err := runBatch(ctx, tx, batch)
		if err != nil {
			return err
		}
		entries = append(entries, left...)
	}
	if s.pool != nil && len(entries) > 0 {
		if _, err := tx.ExecContext(ctx, headPatience); err != nil {
			return err
		}
	}
	return s.audit(ctx, tx, entries...)
}

// runInside makes the act's changes in a savepoint. Its error is the transaction's; the act's own
// is in err.
func (a *groupedAct) runInside(ctx context.Context, tx bun.Tx) error {
	if a.err = a.ctx.Err(); a.err != nil {
		return nil
	}
	point, err := tx.BeginTx(context.WithValue(ctx, groupedKey{}, a), nil)
	if err != nil {
		return err
	}
	a.attempt(func() error {
		return firstError(a.change(context.WithValue(ctx, groupedKey{}, a), point), a.ctx.Err())
	})
	if a.err == nil && a.panicked == nil {
		return point.Commit()
	}
	var refused *fault.Error
	if a.entries = nil; a.panicked == nil && a.ctx.Err() == nil && !errors.As(a.err, &refused) {
		a.again, a.err = true, nil
	}
	return point.Rollback()
}

// attempt runs the change and keeps its error or its panic for the act's own goroutine.
func (a *groupedAct) attempt(change func() error) {
	defer func() { a.panicked = recover() }()
	a.err = change()
}

type groupedKey struct{}

// collect gives the entries to the act that runs in a group; false outside of a group.
func collect(ctx context.Context, entries []audit.Entry) bool {
	a, grouped := ctx.Value(groupedKey{}).(*groupedAct)
	if grouped {
		a.entries = append(a.entries, entries...)
	}
	return grouped
}
