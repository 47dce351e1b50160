package desk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// protect places the protective orders that positions lack at the broker by the settings, journaled
// with the cycle like any other order. Protection that is in place is left alone, so doing it again
// after a crash adds nothing.
func (t *turn) protect(ctx context.Context, cycle trade.Cycle, state trade.TradingState) error {
	if t.DryRun || !t.Settings.Execution.Protects() {
		return nil
	}
	intents, err := t.protection(ctx, cycle, state)
	if err != nil || len(intents) == 0 {
		return err
	}
	t.AtStep(StepProtecting)
	orders, err := t.journalProtection(ctx, cycle, intents)
	if err != nil {
		return err
	}
	return errors.Join(t.deliver(ctx, orders), t.refresh(ctx))
}

// journalProtection writes the intents, each with its cycle's, and returns those that were not
// there already as orders to send.
func (t *turn) journalProtection(ctx context.Context, cycle trade.Cycle, intents []trade.Intent) ([]trade.Order, error) {
	slices.SortStableFunc(intents, func(a, b trade.Intent) int { return strings.Compare(a.CycleID, b.CycleID) })
	var orders []trade.Order
	for len(intents) > 0 {
		cycle.ID = intents[0].CycleID
		same := 1
		for same < len(intents) && intents[same].CycleID == cycle.ID {
			same++
		}
		written, err := t.Journal.RecordIntents(ctx, t.lease, cycle, intents[:same])
		if err != nil {
			return nil, err
		}
		for _, intent := range written {
			orders = append(orders, trade.Order{Intent: intent, State: trade.Journaled})
		}
		intents = intents[same:]
	}
	return orders, nil
}

// Protect does between cycles what each cycle does at its end: it places what positions lack by the
// settings, such as the trailing stop of an entry that has just filled. As in a cycle, nothing is
// placed while trading is halted, or while journal and broker differ; under the account's lease, and
// by the ids that the next cycle would compute, so that nothing is placed twice.
func (d *Desk) Protect(ctx context.Context, run Run) error {
	if run.DryRun || !run.Settings.Execution.Protects() {
		return nil
	}
	return d.within(ctx, run, func(ctx context.Context, t *turn) error {
		if err := t.prepare(ctx); err != nil {
			return err
		}
		standing, err := t.Journal.Standing(ctx, t.AccountID)
		if err != nil || standing.State == trade.Halted {
			return err
		}
		if outcome, err := t.reconcile(ctx); err != nil || !outcome.Passed {
			return err
		}
		return t.protect(ctx, trade.Cycle{AccountID: t.AccountID, UserID: t.UserID}, standing.State)
	})
}

// protection plans what positions lack, on a snapshot that was taken after the cycle's own orders.
func (t *turn) protection(ctx context.Context, cycle trade.Cycle, state trade.TradingState) ([]trade.Intent, error) {
	portfolio, err := t.portfolio(ctx)
	if err != nil || len(portfolio.Positions) == 0 {
		return nil, err
	}
	input := engine.ProtectionInput{
		AccountID: t.AccountID, UserID: t.UserID, CycleID: cycle.ID, Settings: t.Settings, Portfolio: portfolio, State: state,
		CreatedAt: t.Clock.Now(), Deadline: t.Clock.Now().Add(intentLife), NewID: t.NewID,
	}
	if input.Foreign, err = t.foreign(ctx); err != nil {
		return nil, err
	}
	symbols := make([]string, len(portfolio.Positions))
	for i, position := range portfolio.Positions {
		symbols[i] = position.Symbol
	}
	if input.Entries, err = t.Journal.Entries(ctx, t.AccountID, symbols); err != nil {
		return nil, err
	}
	input.Attempt = func(symbol string, purpose trade.Purpose, barEnd time.Time) int {
		count, failed := t.Journal.Attempts(ctx, t.AccountID, symbol, purpose, barEnd)
		err = errors.Join(err, failed)
		return count
	}
	intents := engine.Protection(input)
	return intents, err
}
