package alpaca

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// OrderEvent is what happened to one order, told by the stream or found by asking. Its executions
// are not in it: the stream and the list of activities do not share their ids, so Fills alone
// tells of executions.
type OrderEvent struct {
	ID    string    // of the stream, rises within an account; empty when found by asking
	Kind  string    // Alpaca's word: new, fill, partial_fill, canceled, ...
	At    time.Time // UTC
	Order trade.BrokerOrder
}

// WatchOptions say how a watch behaves; the zero value is good for Alpaca.
type WatchOptions struct {
	SinceID   string           // of the last event that is known: the stream tells what followed it
	Quiet     time.Duration    // a stream that sends nothing for so long, not even a comment, is given up; zero: 45 s
	PollEvery time.Duration    // how often we ask while the stream is down; zero: 15 s
	Retry     [2]time.Duration // the first and the longest pause before the stream is tried again; zero: 1 s and 60 s
	Connected func(bool)       // told when the stream comes up and goes down; may be nil
}

func (o WatchOptions) withDefaults() WatchOptions {
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{{&o.Quiet, 45 * time.Second}, {&o.PollEvery, 15 * time.Second}, {&o.Retry[0], time.Second}, {&o.Retry[1], time.Minute}} {
		if *d.value <= 0 {
			*d.value = d.usual
		}
	}
	if o.Connected == nil {
		o.Connected = func(bool) {}
	}
	return o
}

// Watch calls handle for everything that happens to the account's orders, one event after the
// other, until the context ends; it returns the context's error then. It follows the stream, and
// asks for orders while that is down. No change of an order is told twice, or after a later one
// of the same order; while the stream was down several changes of an order may be told as one.
//
// One watch an account at a time: a fault of kind Conflict otherwise. A fault of kind
// BrokerRefused ends it when Alpaca refuses the keys.
func (c *Client) Watch(ctx context.Context, options WatchOptions, handle func(OrderEvent)) error {
	if !c.config.Accounts.claim(c.shared) {
		return fault.New(fault.Conflict, "This account's orders are watched already.")
	}
	defer c.config.Accounts.release(c.shared)
	w := &watch{Client: c, options: options.withDefaults(), handle: handle, known: map[string]told{}, cursor: options.SinceID}
	return w.run(ctx)
}

func (a *Accounts) claim(s *shared) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.watched {
		return false
	}
	s.watched = true
	return true
}

func (a *Accounts) release(s *shared) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.watched = false
}

// watch is one run of Watch.
type watch struct {
	*Client
	options WatchOptions
	handle  func(OrderEvent)
	cursor  string          // id of the newest event of the stream
	known   map[string]told // by order id
}

// told is the last that handle was told of an order.
type told struct {
	id string // of the newest event; empty when it was found by asking
	trade.BrokerOrder
}

// older reports whether the order's state is not newer than what was told.
func (t told) older(o trade.BrokerOrder) bool {
	return !t.Open() || o.FilledQty.LessThan(t.FilledQty) || o.UpdatedAt.Before(t.UpdatedAt) ||
		o.UpdatedAt.Equal(t.UpdatedAt) && early(o.Status) < early(t.Status) ||
		o.Status == t.Status && o.FilledQty.Equal(t.FilledQty)
}

// early orders the states that an order may pass through at one moment; all later ones are equal.
func early(status string) int {
	const states = 3
	for i, name := range [states]string{"accepted", "pending_new", "new"} {
		if status == name {
			return i
		}
	}
	return states
}

func (w *watch) run(ctx context.Context) error {
	if w.cursor == "" {
		w.learn(ctx)
	}
	retry := w.options.Retry[0]
	for {
		up, err := w.stream(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case refusedKeys(err):
			return err
		case up:
			retry = w.options.Retry[0]
		}
		if err := w.ask(ctx, retry); err != nil {
			return err
		}
		retry = min(2*retry, w.options.Retry[1])
	}
}

// refusedKeys reports whether trying again is pointless.
func refusedKeys(err error) bool {
	var answer *Error
	return errors.As(err, &answer) && (answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden)
}

// ask polls for the length of time, give or take a fifth.
func (w *watch) ask(ctx context.Context, length time.Duration) error {
	length += time.Duration((rand.Float64() - 0.5) * 0.4 * float64(length)) // not all clients at once
	for until := w.config.Clock.Now().Add(length); ; {
		w.poll(ctx)
		left := until.Sub(w.config.Clock.Now())
		if left <= 0 {
			return nil
		}
		if !pause(ctx, min(left, w.options.PollEvery)) {
			return ctx.Err()
		}
	}
}

// recent is how many ended orders a poll looks at.
const recent = 100

// learn notes how the orders stand, without telling: what was before the watch is no news.
func (w *watch) learn(ctx context.Context) {
	orders, err := w.look(ctx)
	if err != nil {
		return // the stream tells what follows
	}
	for _, o := range orders {
		w.note(o, "")
	}
}

// poll tells what has changed since it was told last. A failure is no event: the next poll finds
// the same and more.
func (w *watch) poll(ctx context.Context) {
	orders, err := w.look(ctx)
	if err != nil {
		return
	}
	for i := len(orders) - 1; i >= 0; i-- { // oldest first
		o := orders[i]
		before, ok := w.known[o.ID]
		if ok && before.older(o) {
			continue
		}
		w.note(o, before.id)
		w.handle(OrderEvent{Kind: kindOf(o.Status), At: o.UpdatedAt, Order: o})
	}
}

func (w *watch) look(ctx context.Context) ([]trade.BrokerOrder, error) {
	closed, err := w.ClosedOrders(ctx, recent)
	if err != nil {
		return nil, err
	}
	open, err := w.OpenOrders(ctx)
	return append(open, closed...), err
}

// kindOf is the event that leaves an order in the status.
func kindOf(status string) string {
	switch status {
	case "filled":
		return "fill"
	case "partially_filled":
		return "partial_fill"
	default:
		return status
	}
}

// tell passes an event of the stream on, unless it or a later one of its order was told already.
func (w *watch) tell(event OrderEvent) {
	w.cursor = max(w.cursor, event.ID)
	before, ok := w.known[event.Order.ID]
	if ok && (event.ID <= before.id || before.older(event.Order)) {
		return
	}
	w.note(event.Order, event.ID)
	w.handle(event)
}

// mostKnown bounds what is remembered of ended orders.
const mostKnown = 10 * recent

func (w *watch) note(o trade.BrokerOrder, id string) {
	if len(w.known) > mostKnown {
		for known, t := range w.known {
			if !t.Open() {
				delete(w.known, known)
			}
		}
	}
	w.known[o.ID] = told{id, o}
}
