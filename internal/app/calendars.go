package app

import (
	"context"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Calendars are the exchange's calendars as brokers tell them, one for each mode of account: a
// simulated market may close when the real one does not. Slots are planned and shown by them. A nil
// pointer knows the own table alone. It is safe for concurrent use.
type Calendars struct {
	clock  clock.Clock
	mu     sync.Mutex
	byMode map[string]*askedCalendar
}

// askedCalendar is a calendar with the moment at which its broker was last asked in vain.
type askedCalendar struct {
	market.Calendar
	failed time.Time
}

const (
	// calendarAgain is how long a broker that did not give its calendar is not asked again.
	calendarAgain = time.Minute
	// calendarTimeout bounds the question: slots do not wait for it longer.
	calendarTimeout = 3 * time.Second
)

// NewCalendars returns calendars that have learnt nothing.
func NewCalendars(clock clock.Clock) *Calendars {
	return &Calendars{clock: clock, byMode: map[string]*askedCalendar{}}
}

// Of is the calendar of accounts of the mode; nil, the own table, for nil.
func (c *Calendars) Of(mode string) *market.Calendar {
	if c == nil {
		return nil
	}
	return &c.of(mode).Calendar
}

func (c *Calendars) of(mode string) *askedCalendar {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.byMode[mode]
	if !ok {
		known = &askedCalendar{}
		c.byMode[mode] = known
	}
	return known
}

// learn asks the brokerage for its calendar around the market time. A brokerage remembers its
// answer for hours, so that this costs next to nothing.
func (c *Calendars) learn(ctx context.Context, mode string, brokerage Brokerage, now time.Time) {
	source, gives := brokerage.(market.SessionSource)
	if c == nil || !gives {
		return
	}
	known := c.of(mode)
	c.mu.Lock()
	wait := c.clock.Now().Sub(known.failed) < calendarAgain
	c.mu.Unlock()
	if wait {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, calendarTimeout)
	defer cancel()
	if !known.Refresh(ctx, source, now) {
		c.mu.Lock()
		known.failed = c.clock.Now()
		c.mu.Unlock()
	}
}

// beginPlanning notes the calendars' changes with which this tick plans; those of the tick before
// are what the accounts' slots were planned with.
func (a *Automation) beginPlanning() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.planned, a.planning = a.planning, map[string]int64{}
}

// calendarChanged reports whether the calendar of the mode is another than in the tick before.
func (a *Automation) calendarChanged(mode string) bool {
	changes := a.Calendars.Of(mode).Changes()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.planning[mode] = changes
	return changes != a.planned[mode]
}

// planAgain moves the account's coming slot to where the calendar has it now: the broker has told of
// a day without trading, or of an early close.
func (a *Automation) planAgain(ctx context.Context, account trade.BrokerageAccount, now trade.MarketClock) (time.Time, error) {
	strategy, err := readStrategy(ctx, a.Store, account)
	if err != nil {
		return account.NextRunAt, err
	}
	next, err := nextRun(a.Calendars.Of(account.Mode()), strategy.Settings, now.Timestamp)
	if err != nil || next.Equal(account.NextRunAt) {
		return account.NextRunAt, err
	}
	return next, a.Store.SetNextRun(ctx, account.ID, next)
}
