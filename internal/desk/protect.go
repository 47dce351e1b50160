package desk

import (
	"context"
	"errors"
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
	if intents, err = t.Journal.RecordIntents(ctx, t.lease, cycle, intents); err != nil {
		return err
	}
	orders := make([]trade.Order, len(intents))
	for i, intent := range intents {
		orders[i] = trade.Order{Intent: intent, State: trade.Journaled}
	}
	return errors.Join(t.deliver(ctx, orders), t.refresh(ctx))
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
