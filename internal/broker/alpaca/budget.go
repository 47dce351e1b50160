package alpaca

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// RequestsPerMinute is what Alpaca allows one account (RULES 10).
const RequestsPerMinute = 200

// budgetWindow is a second longer than Alpaca's minute: requests do not arrive evenly.
const budgetWindow = 61 * time.Second

// longestPause bounds how long a 429 silences us, whatever its header says.
const longestPause = time.Minute

// use is what a request is for. A lower one goes first, and the higher ones leave it room.
type use int

const (
	useOrder use = iota // sends or cancels an order
	useRead             // asks about the account
	useData             // asks for prices
)

// spared is the share of the budget that a use leaves to those before it.
var spared = map[use]float64{useOrder: 0, useRead: 0.1, useData: 0.25}

// Accounts is what the clients of one process share: by account the budget of requests and the one
// stream of events, by address the calendar and the assets. The zero value is not usable; see NewAccounts.
type Accounts struct {
	machine clock.Clock
	limit   int
	window  time.Duration

	mu       sync.Mutex
	byKey    map[string]*shared
	calendar map[calendarKey]cachedYear
	assets   map[string]*assets // by trading address
}

type calendarKey struct {
	address string
	year    int
}

type cachedYear struct {
	asked    time.Time
	sessions []market.Session
}

// shared is one account's part.
type shared struct {
	budget  *budget
	watched bool // guarded by Accounts.mu
}

// NewAccounts returns a registry that lets every account send RequestsPerMinute.
func NewAccounts(machine clock.Clock) *Accounts {
	return NewAccountsOf(machine, RequestsPerMinute, budgetWindow)
}

// NewAccountsOf is NewAccounts with another budget: limit requests in any window.
func NewAccountsOf(machine clock.Clock, limit int, window time.Duration) *Accounts {
	return &Accounts{machine: machine, limit: limit, window: window, byKey: map[string]*shared{}, calendar: map[calendarKey]cachedYear{}, assets: map[string]*assets{}}
}

// of is the account's part; live and paper keys of one name are different accounts.
func (a *Accounts) of(address, keyID string) *shared {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := address + " " + keyID
	if known, ok := a.byKey[key]; ok {
		return known
	}
	fresh := &shared{budget: &budget{machine: a.machine, limit: a.limit, window: a.window}}
	a.byKey[key] = fresh
	return fresh
}

// Budgets tells how many requests the account with the least left may send now, and how many wait
// of all accounts. The least is the whole budget while no account was used.
func (a *Accounts) Budgets() (least, waiting int) {
	a.mu.Lock()
	accounts := slices.Collect(maps.Values(a.byKey))
	a.mu.Unlock()
	least = a.limit
	for _, account := range accounts {
		left, queued := account.budget.left()
		least, waiting = min(least, left), waiting+queued
	}
	return least, waiting
}

// assetsAt are the descriptions of what the address trades.
func (a *Accounts) assetsAt(address string) *assets {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, ok := a.assets[address]
	if !ok {
		known = newAssets(a.machine)
		a.assets[address] = known
	}
	return known
}

// errBudget means that the context ended while a request waited for its turn. It was not sent.
var errBudget = errors.New("the account's budget of requests is used up")

// budget lets at most limit requests start in any window. Those that wait go by use, then in the
// order in which they came.
type budget struct {
	machine clock.Clock
	limit   int
	window  time.Duration

	mu      sync.Mutex
	started []time.Time // of the window, oldest first
	paused  time.Time   // nothing starts before
	waiting []*waiter   // by use, then by arrival
	timer   *time.Timer // looks again; nil when nobody waits
}

type waiter struct {
	use   use
	ready chan struct{}
}

// wait returns when a request may start, or errBudget when the context ends first.
func (b *budget) wait(ctx context.Context, of use) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	mine := &waiter{of, make(chan struct{})}
	b.mu.Lock()
	at, _ := slices.BinarySearchFunc(b.waiting, of, func(w *waiter, u use) int {
		if w.use <= u {
			return -1
		}
		return 1
	})
	b.waiting = slices.Insert(b.waiting, at, mine)
	b.grant()
	b.mu.Unlock()
	select {
	case <-mine.ready:
		return nil
	case <-ctx.Done():
		return b.leave(mine)
	}
}

// leave takes the waiter out, unless it was let in at this very moment.
func (b *budget) leave(mine *waiter) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-mine.ready:
		return nil
	default:
		b.waiting = slices.DeleteFunc(b.waiting, func(w *waiter) bool { return w == mine })
		return errBudget
	}
}

// left is how many requests may start now, and how many wait.
func (b *budget) left() (left, waiting int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.machine.Now()
	if now.Before(b.paused) {
		return 0, len(b.waiting)
	}
	used := 0
	for _, start := range b.started {
		if now.Sub(start) < b.window {
			used++
		}
	}
	return b.limit - used, len(b.waiting)
}

// grant lets in whom it can, and comes back when that may change. The lock is held.
func (b *budget) grant() {
	now := b.machine.Now()
	for len(b.started) > 0 && now.Sub(b.started[0]) >= b.window {
		b.started = b.started[1:]
	}
	for len(b.waiting) > 0 && !now.Before(b.paused) && len(b.started) < b.room(b.waiting[0].use) {
		b.started = append(b.started, now)
		close(b.waiting[0].ready)
		b.waiting = b.waiting[1:]
	}
	if len(b.waiting) > 0 && b.timer == nil {
		b.timer = time.AfterFunc(b.untilNext(now), b.again)
	}
}

// room is how many requests may have started in the window before one of the use.
func (b *budget) room(u use) int { return max(1, b.limit-int(float64(b.limit)*spared[u])) }

// untilNext is when the first waiter's turn may come. The lock is held, and somebody waits.
func (b *budget) untilNext(now time.Time) time.Duration {
	next := b.paused.Sub(now)
	if over := len(b.started) - b.room(b.waiting[0].use); over >= 0 {
		next = max(next, b.started[over].Add(b.window).Sub(now))
	}
	return max(next, time.Millisecond)
}

func (b *budget) again() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = nil
	b.grant()
}

// refused notes a 429: nothing more is sent before the moment that Alpaca names.
func (b *budget) refused(answer *http.Response) {
	second, err := strconv.ParseInt(answer.Header.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.machine.Now()
	if until := time.Unix(second, 0); until.After(now) && until.Sub(now) <= longestPause {
		b.paused = until
	}
}
