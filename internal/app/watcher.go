package app

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const (
	slowestLook = time.Minute     // between two looks while the broker is in trouble
	statusEvery = 5 * time.Second // the market's time is sent this often even if nothing else changes
)

// watcher reads one user's active account again and again and publishes what has changed.
type watcher struct {
	app    *App
	userID string
	feeds  int // guarded by live.mu
	cancel context.CancelFunc
	poke   chan struct{} // holds a token when somebody asked for a look now

	mu        sync.Mutex
	accountID string                     // the account that latest belongs to
	latest    map[event.Kind]event.Event // what a page that joins now is sent
	statusAt  time.Time
}

func newWatcher(a *App, userID string, cancel context.CancelFunc) *watcher {
	return &watcher{
		app: a, userID: userID, cancel: cancel,
		poke: make(chan struct{}, 1), latest: make(map[event.Kind]event.Event),
	}
}

func (w *watcher) wake() {
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

// run looks every LiveInterval, less often while the broker is in trouble, until ctx ends.
func (w *watcher) run(ctx context.Context) {
	pause := w.app.LiveInterval
	for {
		err := w.lookSafely(ctx)
		if ctx.Err() != nil {
			return
		}
		pause = w.report(ctx, err, pause)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-w.poke:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// report publishes trouble or its end, and returns the pause before the next look.
func (w *watcher) report(ctx context.Context, err error, pause time.Duration) time.Duration {
	if err == nil {
		w.publish(event.Problem, "")
		return w.app.LiveInterval
	}
	w.app.Logger.WarnContext(ctx, "look at the account for the live page", "user", w.userID, "cause", err)
	w.publish(event.Problem, fault.Public(err))
	return max(w.app.LiveInterval, min(2*pause, slowestLook))
}

// lookSafely turns a panic into an error: a mistake in a page's figures must not stop trading.
func (w *watcher) lookSafely(ctx context.Context) (err error) {
	defer func() {
		if mistake := recover(); mistake != nil {
			err = fmt.Errorf("panic: %v", mistake)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	return w.look(ctx)
}

func (w *watcher) look(ctx context.Context) error {
	trading, err := w.app.tradingOf(ctx, w.userID)
	if err != nil {
		return err
	}
	account, brokerage, err := w.app.connect(ctx, w.userID)
	if err == errNoAccount {
		w.follow("")
		w.publish(event.Trading, trading)
		w.publish(event.Status, w.app.status(trade.BrokerageAccount{}, trade.MarketClock{}))
		return nil
	}
	if err != nil {
		return err
	}
	joined := w.follow(account.ID)
	w.publish(event.Trading, trading)
	err = w.lookAt(ctx, account, brokerage)
	if joined { // later ones are published by whoever runs them
		err = firstError(err, w.publishNewestCycle(ctx, account))
	}
	return err
}

// lookAt reads everything a page shows and stops at the first trouble.
func (w *watcher) lookAt(ctx context.Context, account trade.BrokerageAccount, brokerage Brokerage) error {
	market, err := brokerage.Clock(ctx)
	w.publish(event.Status, w.app.status(account, market))
	if err != nil {
		return brokerFault(err)
	}
	for _, read := range []struct {
		kind event.Kind
		read func() (any, error)
	}{
		{event.Account, func() (any, error) { return figures(ctx, account, brokerage, market) }},
		{event.Positions, func() (any, error) { return brokerage.Positions(ctx) }},
		{event.Orders, func() (any, error) { return orders(ctx, brokerage) }},
		{event.Signals, func() (any, error) { return w.app.readSignals(ctx, account) }},
	} {
		data, err := read.read()
		if err != nil {
			return brokerFault(err)
		}
		w.publish(read.kind, data)
	}
	return nil
}

func (w *watcher) publishNewestCycle(ctx context.Context, account trade.BrokerageAccount) error {
	cycles, err := w.app.Store.Cycles(ctx, w.userID, account.ID, 1)
	if err != nil || len(cycles) == 0 {
		return err
	}
	w.publish(event.Cycle, cycles[0])
	return nil
}

// follow notes which account is shown; on a change what was known of the other is forgotten.
func (w *watcher) follow(accountID string) (changed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if changed = w.accountID != accountID; changed {
		w.accountID = accountID
		clear(w.latest)
	}
	return changed
}

// follows reports whether the cycle is of the account that is shown.
func (w *watcher) follows(cycle trade.Cycle) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return cycle.AccountID == w.accountID
}

// keep remembers a published cycle for pages that join later, and has the account looked at anew.
func (w *watcher) keep(cycle trade.Cycle) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last, known := w.latest[event.Cycle]; cycle.AccountID != w.accountID || (known && reflect.DeepEqual(last.Data, cycle)) {
		return
	}
	w.latest[event.Cycle] = event.Event{Kind: event.Cycle, Data: cycle}
	w.wake()
}

// publish hands the data to the user's pages if it differs from what they have.
func (w *watcher) publish(kind event.Kind, data any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := event.Event{Kind: kind, Data: data}
	last, sent := w.latest[kind]
	switch {
	case kind == event.Problem && data == "" && !sent: // nothing was wrong
		return
	case kind == event.Status:
		if sent && sameStatus(last.Data, data) && w.app.Clock.Now().Sub(w.statusAt) < statusEvery {
			return
		}
		w.statusAt = w.app.Clock.Now()
	case sent && reflect.DeepEqual(last.Data, data):
		return
	}
	w.latest[kind] = next
	if kind == event.Problem && data == "" {
		delete(w.latest, kind)
	}
	w.app.Bus.Publish(w.userID, next)
}

// sameStatus compares without the market's time, which always changes.
func sameStatus(one, other any) bool {
	a, b := one.(SchedulerStatus), other.(SchedulerStatus)
	a.MarketTime, b.MarketTime = time.Time{}, time.Time{}
	return a == b
}

// known returns what a page that joins now must be sent, in a fixed order.
func (w *watcher) known() []event.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	var known []event.Event
	for _, kind := range []event.Kind{event.Status, event.Trading, event.Account, event.Positions, event.Orders, event.Signals, event.Cycle, event.Problem} {
		if latest, ok := w.latest[kind]; ok {
			known = append(known, latest)
		}
	}
	return known
}
