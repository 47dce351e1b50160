package api_test

import (
	"context"
	"sync"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// fakeDesk finds what the test sets, and remembers what it was asked to do.
type fakeDesk struct {
	mu        sync.Mutex
	found     trade.Reconciliation
	err       error
	adopted   []audit.Entry
	flattened []trade.Standing
	dryRuns   int
}

func newFakeDesk() *fakeDesk { return &fakeDesk{found: trade.Reconciliation{Passed: true}} }

func (f *fakeDesk) set(change func(*fakeDesk)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fakeDesk) Reconcile(_ context.Context, run desk.Run) (trade.Reconciliation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := f.found
	found.AccountID = run.AccountID
	return found, f.err
}

func (f *fakeDesk) Adopt(_ context.Context, run desk.Run, entry audit.Entry) (trade.Reconciliation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.adopted = append(f.adopted, entry)
	f.found = trade.Reconciliation{AccountID: run.AccountID, Passed: true}
	return f.found, f.err
}

func (f *fakeDesk) Flatten(_ context.Context, run desk.Run, standing trade.Standing) ([]trade.Order, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if run.DryRun {
		f.dryRuns++
	} else {
		f.flattened = append(f.flattened, standing)
	}
	order := trade.Order{State: trade.Accepted, Intent: trade.Intent{Symbol: "AAPL", Side: trade.SideSell, Qty: some("3"), ClientOrderID: "at1-x"}}
	return []trade.Order{order}, f.err
}
