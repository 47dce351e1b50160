package desk

import (
	"context"
	"log/slog"
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// turn is one holder's turn at an account: from taking its lease to giving it back.
type turn struct {
	*Desk
	Run
	lease trade.Lease
	begun time.Time // by this machine's clock
	// Log is the desk's; within a cycle its lines carry the cycle's id.
	Log *slog.Logger
	// The market's time when it was last asked, and this machine's then.
	marketTime, askedAt time.Time
}

// take begins a turn. The context ends when the lease is lost; done gives the lease back.
func (d *Desk) take(ctx context.Context, run Run) (_ context.Context, t *turn, done func(), err error) {
	ctx, lease, release, err := d.hold(ctx, run.AccountID, run.LeaseWait)
	if err != nil {
		return ctx, nil, nil, err
	}
	d.AtStep(StepLeaseTaken)
	t = &turn{Desk: d, Run: run, lease: lease, begun: d.Clock.Now(), Log: d.Log}
	if err := t.sit(ctx); err != nil {
		release()
		return ctx, nil, nil, err
	}
	return ctx, t, func() { t.rise(); release() }, nil
}

// sit waits for a place to work at.
func (t *turn) sit(ctx context.Context) error {
	if t.places == nil {
		return nil
	}
	select {
	case t.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *turn) rise() {
	if t.places != nil {
		<-t.places
	}
}

// waitUntil waits for the moment, by this machine's clock, and leaves its place to others
// meanwhile; false when the context ends.
func (t *turn) waitUntil(ctx context.Context, moment time.Time) bool {
	if !moment.After(t.Clock.Now()) {
		return ctx.Err() == nil
	}
	t.rise()
	waited := t.Desk.waitUntil(ctx, moment)
	if err := t.sit(context.WithoutCancel(ctx)); err != nil {
		return false
	}
	return waited
}

func (t *turn) pause(ctx context.Context, wait time.Duration) bool {
	return t.waitUntil(ctx, t.Clock.Now().Add(wait))
}

// askTime asks the broker for the market's time.
func (t *turn) askTime(ctx context.Context) (trade.MarketClock, error) {
	now, err := t.Broker.Clock(ctx)
	if err == nil {
		t.marketTime, t.askedAt = now.Timestamp, t.Clock.Now()
	}
	return now, err
}

// marketNow is about the market's time now; zero while it was never asked.
func (t *turn) marketNow() time.Time {
	if t.marketTime.IsZero() {
		return time.Time{}
	}
	return t.marketTime.Add(t.Clock.Now().Sub(t.askedAt))
}
