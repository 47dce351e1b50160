package desk

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// oneLease is what a journal keeps of one account's lease, whose time never ends by itself.
type oneLease struct {
	engine.Journal

	mu  sync.Mutex
	now trade.Lease
}

func (l *oneLease) AcquireLease(_ context.Context, accountID, holder string) (trade.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch l.now.Holder {
	case holder:
	case "":
		l.now = trade.Lease{AccountID: accountID, Holder: holder, Epoch: l.now.Epoch + 1}
	default:
		return trade.Lease{}, fault.New(fault.Conflict, "Another process works on this account.")
	}
	return l.now, nil
}

func (l *oneLease) ReleaseLease(_ context.Context, lease trade.Lease) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == lease {
		l.now.Holder = ""
	}
	return nil
}

// A process slept, and meanwhile another has worked on the account and left it: the sleeper's work
// ends, and the account is free at once for whoever comes next.
func TestALeaseThatAnotherHadMeanwhileIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal := &oneLease{}
		d := New(Config{
			Journal: journal, Clock: clock.System(), Log: slog.New(slog.DiscardHandler),
			Holder: "sleeper", NewID: func() string { return "run" },
		})
		working, _, release, err := d.hold(t.Context(), "account", 0)
		if err != nil {
			t.Fatal(err)
		}
		journal.mu.Lock()
		journal.now = trade.Lease{AccountID: "account", Epoch: journal.now.Epoch + 1}
		journal.mu.Unlock()
		select {
		case <-working.Done():
		case <-time.After(time.Minute): // of the test's own time
			t.Error("the sleeper works on")
		}
		if cause := context.Cause(working); !fault.Is(cause, fault.Conflict) {
			t.Errorf("the work ended for %v", cause)
		}
		if _, err := journal.AcquireLease(t.Context(), "account", "somebody else"); err != nil {
			t.Errorf("the sleeper keeps the account from others: %v", err)
		}
		release()
		if journal.now.Holder != "somebody else" {
			t.Errorf("the sleeper's end took the lease of %q", journal.now.Holder)
		}
	})
}
