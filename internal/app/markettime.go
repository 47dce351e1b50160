package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// seenClock is what a broker's clock said, and this machine's then: the middle between question
// and answer.
type seenClock struct {
	clock trade.MarketClock
	at    time.Time
	steps bool // its time passes as this machine's
}

// paceSample is how long two looks at a clock must be apart to tell how its time passes.
const paceSample = 100 * time.Millisecond

// now is the market's time by the clock, and whether the exchange is open.
func (s seenClock) now(machine time.Time) trade.MarketClock {
	now := s.clock
	if !s.steps {
		return now
	}
	now.Timestamp = now.Timestamp.Add(machine.Sub(s.at))
	switch {
	case now.IsOpen && !now.NextClose.IsZero() && !now.Timestamp.Before(now.NextClose):
		now.IsOpen = false
	case !now.IsOpen && !now.NextOpen.IsZero() && !now.Timestamp.Before(now.NextOpen):
		now.IsOpen = now.Timestamp.Before(now.NextClose)
	}
	return now
}

// when is the moment of this machine's clock at which the market's will be; false where that
// cannot be told: its time passes faster, or stands.
func (s seenClock) when(market time.Time) (time.Time, bool) {
	return s.at.Add(market.Sub(s.clock.Timestamp)), s.steps
}

// stepsLike reports whether a simulated market's time has passed as this machine's since an
// earlier look: within a third, which is more than two answers can differ by. A pace so near does no
// harm: what is begun too early waits for its moment.
func (s seenClock) stepsLike(earlier seenClock) bool {
	here, there := s.at.Sub(earlier.at), s.clock.Timestamp.Sub(earlier.clock.Timestamp)
	return here > 0 && (there-here).Abs() < here/3
}

// marketTime is the broker's time, asked at most ClockAge ago.
func (a *Automation) marketTime(ctx context.Context, account trade.BrokerageAccount) (trade.MarketClock, error) {
	seen, err := a.lookAtClock(ctx, account)
	return seen.now(a.Clock.Now()), err
}

// lookAtClock asks for the broker's time where it was not asked lately. One account's clock serves
// all of the same mode, since they share the broker's address.
func (a *Automation) lookAtClock(ctx context.Context, account trade.BrokerageAccount) (seenClock, error) {
	a.mu.Lock()
	seen, known := a.clocks[account.Mode()]
	a.mu.Unlock()
	if known && a.Clock.Now().Sub(seen.at) < a.ClockAge {
		return seen, nil
	}
	brokerage, err := a.open(ctx, account)
	if err != nil {
		return seenClock{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	asked := a.Clock.Now()
	now, err := brokerage.Clock(ctx)
	switch {
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return seenClock{}, fmt.Errorf("%w: %w", errSilent, err)
	case err != nil:
		return seenClock{}, err
	}
	if now.Timestamp.IsZero() {
		return seenClock{}, errors.New("the broker's clock has no time")
	}
	fresh := seenClock{clock: now, at: asked.Add(a.Clock.Now().Sub(asked) / 2)}
	a.Calendars.learn(ctx, account.Mode(), brokerage, now.Timestamp)
	return a.remember(account, fresh), nil
}

// remember keeps the look for all accounts of the mode.
func (a *Automation) remember(account trade.BrokerageAccount, fresh seenClock) seenClock {
	a.mu.Lock()
	defer a.mu.Unlock()
	mode := account.Mode()
	sample, known := a.samples[mode]
	switch enough := fresh.at.Sub(sample.at) >= paceSample; {
	case !a.SimulatedTime(account):
		fresh.steps = true
	case known && enough:
		fresh.steps = fresh.stepsLike(sample)
	case known:
		fresh.steps = a.clocks[mode].steps
	}
	if !known || fresh.at.Sub(sample.at) >= paceSample {
		a.samples[mode] = fresh
	}
	a.clocks[mode] = fresh
	return fresh
}

// settled waits for the moment at which the slot's bars are there, where it can be told, and returns
// the market's time. The slot was found by an estimate of the market's time: it is not begun before
// that has come either.
func (a *Automation) settled(ctx context.Context, account trade.BrokerageAccount, settings trade.Settings, slot time.Time) (trade.MarketClock, error) {
	seen, err := a.lookAtClock(ctx, account)
	if err != nil {
		return trade.MarketClock{}, err
	}
	ready, known := seen.when(desk.Settled(settings.Schedule, settings.Timeframe, slot))
	if wait := ready.Sub(a.Clock.Now()); known && wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return trade.MarketClock{}, ctx.Err()
		}
	}
	return seen.now(a.Clock.Now()), nil
}
