package desk

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const (
	// cycleLimit bounds one cycle, patience with lost answers included.
	cycleLimit = 3 * time.Minute
	// intentLife is how long an intent may still be sent after its decision.
	intentLife = 10 * time.Minute
	// recordLimit bounds the writing down of an outcome after the cycle's own time is over.
	recordLimit = 10 * time.Second
)

// RunCycle runs one cycle and returns its record. A cycle that was recorded comes back with its
// outcome, also when it failed; an error without a record means that nothing was begun (the
// account is leased to another process, the slot has been run, the journal is unreachable).
//
// After a crash at any point the next cycle of the account first resolves what this one left.
func (d *Desk) RunCycle(ctx context.Context, run Run) (trade.Cycle, error) {
	ctx, cancel := context.WithTimeout(ctx, cycleLimit)
	defer cancel()
	ctx, lease, release, err := d.hold(ctx, run.AccountID, run.LeaseWait)
	if err != nil {
		return trade.Cycle{}, err
	}
	defer release()

	cycle := trade.Cycle{
		ID: d.NewID(), AccountID: run.AccountID, UserID: run.UserID, Slot: run.Slot,
		StartedAt: d.Clock.Now(), DryRun: run.DryRun, Outcome: trade.CycleRunning,
	}
	if err := d.Journal.StartCycle(ctx, cycle); err != nil {
		return trade.Cycle{}, err
	}
	cycle, err = d.decideAndTrade(ctx, lease, run, cycle)
	d.finish(&cycle, err)
	return cycle, err
}

// decideAndTrade is the body of a cycle, after its record was begun.
func (d *Desk) decideAndTrade(ctx context.Context, lease trade.Lease, run Run, cycle trade.Cycle) (trade.Cycle, error) {
	if err := d.Recover(ctx, lease, run.Broker); err != nil {
		return cycle, err
	}
	now, err := run.Broker.Clock(ctx)
	if err != nil {
		return cycle, err
	}
	cycle.MarketTime = now.Timestamp
	if run.MarketHoursOnly && !now.IsOpen {
		cycle.Outcome, cycle.Problem = trade.CycleSkipped, "The market is closed."
		return cycle, nil
	}
	if cycle.Decisions, err = d.decide(ctx, run, cycle); err != nil {
		return cycle, err
	}
	if cycle, err = d.Journal.RecordDecisions(ctx, lease, cycle); err != nil {
		return cycle, err
	}
	return cycle, d.submitAll(ctx, lease, run.Broker, cycle)
}

// decide gathers bars and portfolio and plans. It changes nothing anywhere.
func (d *Desk) decide(ctx context.Context, run Run, cycle trade.Cycle) ([]trade.Decision, error) {
	signals, err := Scan(ctx, d.Bars, run.Broker, run.FeedName, run.Settings, run.Symbols, cycle.MarketTime)
	if err != nil {
		return nil, err
	}
	portfolio, err := Portfolio(ctx, run.Broker)
	if err != nil {
		return nil, err
	}
	assets, err := assetsOf(ctx, run.Broker, signals)
	if err != nil {
		return nil, err
	}
	decisions := engine.Plan(engine.PlanInput{
		AccountID: run.AccountID, UserID: run.UserID, CycleID: cycle.ID,
		Settings: run.Settings, Signals: signals, Portfolio: portfolio, Assets: assets,
		CreatedAt: d.Clock.Now(), Deadline: d.Clock.Now().Add(intentLife), NewID: d.NewID,
	})
	if run.DryRun {
		for i := range decisions {
			if decisions[i].Intent != nil {
				decisions[i].Skip = trade.SkipDryRun
			}
		}
	}
	return decisions, nil
}

// Portfolio takes a snapshot of the account.
func Portfolio(ctx context.Context, broker engine.Broker) (portfolio trade.Portfolio, err error) {
	if portfolio.Account, err = broker.Account(ctx); err != nil {
		return portfolio, err
	}
	if portfolio.Positions, err = broker.Positions(ctx); err != nil {
		return portfolio, err
	}
	portfolio.OpenOrders, err = broker.OpenOrders(ctx)
	return portfolio, err
}

// assetsOf describes the symbols that may be ordered. A symbol that the broker does not know is
// left out, and Plan skips it as not tradable.
func assetsOf(ctx context.Context, broker engine.Broker, signals []trade.Signal) (map[string]trade.Asset, error) {
	assets := map[string]trade.Asset{}
	for _, signal := range signals {
		if signal.Action == trade.Hold {
			continue
		}
		asset, err := broker.Asset(ctx, signal.Symbol)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		assets[signal.Symbol] = asset
	}
	return assets, nil
}

// submitAll sends the cycle's journaled intents, exits first because they free buying power, and
// then takes over what has become of them. One order's trouble does not keep the others back; it
// is returned after all have been tried.
func (d *Desk) submitAll(ctx context.Context, lease trade.Lease, broker Broker, cycle trade.Cycle) error {
	var intents []trade.Intent
	for _, decision := range cycle.Decisions {
		if decision.Ordered() {
			intents = append(intents, *decision.Intent)
		}
	}
	if len(intents) == 0 {
		return nil
	}
	sort.SliceStable(intents, func(i, j int) bool {
		return intents[i].Purpose == trade.Exit && intents[j].Purpose != trade.Exit
	})
	var troubles []error
	for _, intent := range intents {
		order := trade.Order{Intent: intent, State: trade.Journaled}
		if _, err := d.send(ctx, lease, broker, order); err != nil {
			troubles = append(troubles, fmt.Errorf("%s: %w", intent.Symbol, err))
		}
	}
	return errors.Join(append(troubles, d.refresh(ctx, broker, cycle.AccountID))...)
}

// finish records how the cycle ended, also when its time is over.
func (d *Desk) finish(cycle *trade.Cycle, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), recordLimit)
	defer cancel()
	cycle.FinishedAt = d.Clock.Now()
	switch {
	case err != nil:
		cycle.Outcome, cycle.Problem = trade.CycleFailed, problemSentence(err)
		d.Log.Error("cycle failed", "account", cycle.AccountID, "cycle", cycle.ID, "error", err)
	case cycle.Outcome == trade.CycleRunning:
		cycle.Outcome = trade.CycleDone
	}
	if err := d.Journal.FinishCycle(ctx, *cycle); err != nil {
		d.Log.Error("cycle not finished in the journal", "cycle", cycle.ID, "error", err)
	}
	d.Finished(*cycle)
}

func problemSentence(err error) string {
	if errors.Is(err, context.DeadlineExceeded) && fault.KindOf(err) == fault.Internal {
		return "The cycle took too long and was stopped. What was begun is resolved by the next one."
	}
	return fault.Public(err)
}
