package desk

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Miss records that the slot passed while nothing ran: one cycle with the outcome skipped and the
// sentence, in place of the run and of any other slots that the sentence names. Nothing is decided.
// Errors are those of RunCycle.
func (d *Desk) Miss(ctx context.Context, run Run, marketTime time.Time, sentence string) (trade.Cycle, error) {
	return d.recordUnrun(ctx, run, trade.Cycle{MarketTime: marketTime, Outcome: trade.CycleSkipped, Problem: sentence}, nil)
}

// Fail records that the slot's cycle could not begin, for the cause: one cycle with the outcome
// failed, in place of the run, whose Broker is not asked. Errors are those of RunCycle.
func (d *Desk) Fail(ctx context.Context, run Run, cause error) (trade.Cycle, error) {
	cycle, err := d.recordUnrun(ctx, run, trade.Cycle{}, cause)
	if err == nil {
		err = cause
	}
	return cycle, err
}

// recordUnrun writes down a cycle that did nothing.
func (d *Desk) recordUnrun(ctx context.Context, run Run, cycle trade.Cycle, cause error) (trade.Cycle, error) {
	ctx, cancel := context.WithTimeout(ctx, cycleLimit)
	defer cancel()
	ctx, _, release, err := d.hold(ctx, run.AccountID, run.LeaseWait)
	if err != nil {
		return trade.Cycle{}, err
	}
	defer release()
	cycle.ID, cycle.AccountID, cycle.UserID = d.NewID(), run.AccountID, run.UserID
	cycle.Slot, cycle.NextRun, cycle.StartedAt, cycle.DryRun = run.Slot, run.NextRun, d.Clock.Now(), run.DryRun
	if err := d.Journal.StartCycle(ctx, cycle); err != nil {
		return trade.Cycle{}, err
	}
	d.finish(&cycle, cause)
	return cycle, nil
}
