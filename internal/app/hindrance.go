package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

var (
	// ErrElsewhere is wrapped where an account's market lives in another process: that one trades it.
	ErrElsewhere = errors.New("the market is in another process")
	// errUnopened is wrapped where an account's keys cannot be read.
	errUnopened = errors.New("keys not read")
	// errSilent is wrapped where a broker has not answered within brokerTimeout.
	errSilent = errors.New("no answer in time")
)

// open opens the account's brokerage.
func (a *Automation) open(ctx context.Context, account trade.BrokerageAccount) (Brokerage, error) {
	brokerage, err := a.Brokerages.Open(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnopened, err)
	}
	return brokerage, nil
}

// waitingOnce returns a lookAtClock that fails at once for the accounts of a mode whose broker has
// been silent: they share its address.
func (a *Automation) waitingOnce() func(context.Context, trade.BrokerageAccount) (seenClock, error) {
	silent := map[string]error{}
	return func(ctx context.Context, account trade.BrokerageAccount) (seenClock, error) {
		if err := silent[account.Mode()]; err != nil {
			return seenClock{}, err
		}
		seen, err := a.lookAtClock(ctx, account)
		if errors.Is(err, errSilent) {
			silent[account.Mode()] = err
		}
		return seen, err
	}
}

// orGuess is now where nothing hinders the account. Otherwise it is about the market's time, so that
// a slot that cannot begin gets its record; the hindrance where that cannot be told.
//
// A real market's time is this machine's. That of a simulated one may pass otherwise: it is guessed
// only where no look at the clock will succeed before a person acts, from what was seen of it last.
func (a *Automation) orGuess(ctx context.Context, account trade.BrokerageAccount, now trade.MarketClock, hindrance error) (trade.MarketClock, error) {
	if hindrance == nil || errors.Is(hindrance, ErrElsewhere) {
		return now, hindrance
	}
	a.mu.Lock()
	seen, known := a.clocks[account.Mode()]
	a.mu.Unlock()
	machine := a.Clock.Now()
	switch lasts := errors.Is(hindrance, engine.ErrKeysRefused) || errors.Is(hindrance, errUnopened); {
	case !a.SimulatedTime(account):
		now.Timestamp = machine
	case known && seen.steps:
		now.Timestamp = seen.now(machine).Timestamp
	case known && lasts:
		now.Timestamp = seen.clock.Timestamp.Add(machine.Sub(seen.at))
	case lasts:
		now.Timestamp = a.sinceLastCycle(ctx, account, machine)
	}
	if now.Timestamp.IsZero() {
		return now, hindrance
	}
	now.IsOpen = a.Calendars.Of(account.Mode()).IsOpen(now.Timestamp)
	return now, nil
}

// sinceLastCycle is the market's time in the account's newest record, and what has passed since; zero
// where there is none.
func (a *Automation) sinceLastCycle(ctx context.Context, account trade.BrokerageAccount, machine time.Time) time.Time {
	cycles, err := a.Store.Cycles(ctx, account.UserID, account.ID, 1)
	if err != nil || len(cycles) == 0 {
		return time.Time{}
	}
	last := cycles[0]
	if last.MarketTime.IsZero() {
		last.MarketTime = last.Slot
	}
	return last.MarketTime.Add(machine.Sub(last.StartedAt))
}

// hinder remembers why the account's slot cannot begin; nil forgets it.
func (a *Automation) hinder(accountID string, hindrance error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if hindrance == nil {
		delete(a.hindrances, accountID)
		return
	}
	a.hindrances[accountID] = fault.Public(hindrance)
}

// hindrance is what is known of the reason why the account's slots were missed; empty: nothing is.
func (a *Automation) hindrance(accountID string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.hindrances[accountID]
}
