package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// ErrBusy is wrapped by the refusal to begin while another process works on the account.
var ErrBusy = errors.New("account busy")

const (
	leaseRetry = 200 * time.Millisecond // how often a lease held by another is asked for again
	leaseRenew = 5 * time.Second        // well inside a lease's 20 s
)

// hold takes the account's lease under a name of its own, so that two runs of one process exclude
// each other too, and renews it until release. The returned context ends when the lease is lost.
func (d *Desk) hold(ctx context.Context, accountID string, wait time.Duration) (context.Context, trade.Lease, func(), error) {
	holder := d.Holder + "/" + d.NewID()
	lease, err := d.acquire(ctx, accountID, holder, wait)
	if err != nil {
		return ctx, trade.Lease{}, nil, err
	}
	held, end := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { d.renew(held, lease, end) })
	return held, lease, func() {
		end(nil)
		renewing.Wait()
		d.release(lease)
	}, nil
}

func (d *Desk) acquire(ctx context.Context, accountID, holder string, wait time.Duration) (trade.Lease, error) {
	until := d.Clock.Now().Add(wait)
	for said := false; ; said = true {
		lease, err := d.Journal.AcquireLease(ctx, accountID, holder)
		if !fault.Is(err, fault.Conflict) {
			return lease, err
		}
		if !d.Clock.Now().Before(until) {
			return lease, fmt.Errorf("%w: %w", ErrBusy, err)
		}
		if !said {
			d.Log.Info("another process holds the account; waiting for it to end", "account", accountID, "at most", wait)
		}
		if !d.waitUntil(ctx, d.Clock.Now().Add(leaseRetry)) {
			return trade.Lease{}, ctx.Err()
		}
	}
}

// renew keeps the lease until the context ends, or ends it when the lease is lost: another holds it,
// or has held it and left, so that asking again was a new lease, which nobody here works under.
func (d *Desk) renew(ctx context.Context, lease trade.Lease, end context.CancelCauseFunc) {
	ticker := time.NewTicker(leaseRenew)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		renewed, err := d.Journal.AcquireLease(ctx, lease.AccountID, lease.Holder)
		if err == nil && renewed != lease {
			d.release(renewed)
			err = fault.New(fault.Conflict, "Another process has taken over this account.")
		}
		if fault.Is(err, fault.Conflict) {
			d.Log.Warn("the account's lease is lost; its work ends here", "account", lease.AccountID, "error", err)
			end(err)
			return
		}
	}
}

func (d *Desk) release(lease trade.Lease) {
	ctx, cancel := context.WithTimeout(context.Background(), recordLimit)
	defer cancel()
	if err := d.Journal.ReleaseLease(ctx, lease); err != nil {
		d.Log.Warn("lease not released; it expires by itself", "account", lease.AccountID, "error", err)
	}
}
