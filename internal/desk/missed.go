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
	ctx, cancel := context.WithTimeout(ctx, cycleLimit)
	defer cancel()
	ctx, _, release, err := d.hold(ctx, run.AccountID, run.LeaseWait)
	if err != nil {
		return trade.Cycle{}, err
	}
	defer release()
	cycle := trade.Cycle{
		ID: d.NewID(), AccountID: run.AccountID, UserID: run.UserID, Slot: run.Slot, MarketTime: marketTime,
		StartedAt: d.Clock.Now(), DryRun: run.DryRun, Outcome: trade.CycleSkipped, Problem: sentence,
	}
	if err := d.Journal.StartCycle(ctx, cycle); err != nil {
		return trade.Cycle{}, err
	}
	d.finish(&cycle, nil)
	return cycle, nil
}
