package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/shopspring/decimal"

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
	ctx, t, done, err := d.take(ctx, run)
	if err != nil {
		return trade.Cycle{}, err
	}
	defer done()
	cycle, err := t.begin(ctx)
	if err != nil {
		return trade.Cycle{}, err
	}
	err = t.watchKeys(ctx, t.decideAndTrade(ctx, &cycle))
	t.finish(&cycle, err)
	return cycle, err
}

// begin records that the cycle runs, and plans the account's next one with it.
func (t *turn) begin(ctx context.Context) (trade.Cycle, error) {
	cycle := trade.Cycle{
		ID: t.NewID(), AccountID: t.AccountID, UserID: t.UserID, Slot: t.Slot, NextRun: t.NextRun,
		StartedAt: t.Clock.Now(), DryRun: t.DryRun, Outcome: trade.CycleRunning,
	}
	t.AtStep(StepBeginning)
	if err := t.Journal.StartCycle(ctx, cycle); err != nil {
		return trade.Cycle{}, err
	}
	t.Log = t.Log.With("cycle", cycle.ID)
	t.AtStep(StepCycleStarted)
	return cycle, nil
}

// decideAndTrade is the body of a cycle, after its record was begun.
func (t *turn) decideAndTrade(ctx context.Context, cycle *trade.Cycle) error {
	now, err := t.askTime(ctx)
	if err != nil {
		return err
	}
	cycle.MarketTime = now.Timestamp
	if err := t.recover(ctx); err != nil {
		return err
	}
	if err := t.watchSkew(ctx, now.Timestamp); err != nil {
		return err
	}
	standing, err := t.mayDecide(ctx, cycle, now)
	if err != nil || cycle.Outcome != trade.CycleRunning {
		return err
	}
	if err := t.decide(ctx, cycle, standing.State); err != nil {
		return err
	}
	t.AtStep(StepDecided)
	if *cycle, err = t.Journal.RecordDecisions(ctx, t.lease, *cycle); err != nil {
		return err
	}
	t.AtStep(StepJournaled)
	return errors.Join(t.submitAll(ctx, *cycle), t.protect(ctx, *cycle, standing.State))
}

// mayDecide sets the cycle's outcome to skipped, with the sentence, when nothing is to be decided
// now: trading is halted, the market is closed, or journal and broker differ.
func (t *turn) mayDecide(ctx context.Context, cycle *trade.Cycle, now trade.MarketClock) (trade.Standing, error) {
	skip := func(sentence string) { cycle.Outcome, cycle.Problem = trade.CycleSkipped, sentence }
	standing, err := t.Journal.Standing(ctx, t.AccountID)
	switch {
	case err != nil:
		return standing, err
	case standing.State == trade.Halted:
		skip(standing.Sentence())
		return standing, nil
	case t.MarketHoursOnly && !MayRun(t.Calendar, t.Settings.Schedule, t.Settings.Timeframe, now):
		skip("The market is closed.")
		return standing, nil
	}
	outcome, err := t.reconcile(ctx)
	if err == nil && !outcome.Passed {
		skip(driftSentence(outcome.Drift) + " Nothing is decided before they agree.")
	}
	return standing, err
}

// decide gathers what a plan depends on and plans. It changes nothing anywhere.
func (t *turn) decide(ctx context.Context, cycle *trade.Cycle, state trade.TradingState) error {
	signals, err := Scanner{t.Bars, t.Signals}.Scan(ctx, t.Broker, t.FeedName, t.Settings, t.Symbols, cycle.MarketTime)
	if err != nil {
		return err
	}
	portfolio, err := t.portfolio(ctx)
	if err != nil {
		return err
	}
	cycle.Equity = decimal.NewNullDecimal(portfolio.Account.Equity)
	input := engine.PlanInput{
		AccountID: t.AccountID, UserID: t.UserID, CycleID: cycle.ID,
		Settings: t.Settings, Signals: signals, Portfolio: portfolio,
		CreatedAt: t.Clock.Now(), Deadline: t.Clock.Now().Add(intentLife), NewID: t.NewID,
		Now: cycle.MarketTime, State: state, Installation: t.Installation,
	}
	if input.Assets, err = assetsOf(ctx, t.Broker, signals); err != nil {
		return err
	}
	if input.Record, err = t.past(ctx, cycle.MarketTime); err != nil {
		return err
	}
	if input.Foreign, err = t.foreign(ctx); err != nil {
		return err
	}
	if engine.NeedsQuotes(t.Settings, t.Installation) {
		if input.Quotes, err = t.Broker.Quotes(ctx, acting(signals)); err != nil {
			return err
		}
	}
	cycle.Decisions = engine.Plan(input)
	if t.DryRun {
		for i := range cycle.Decisions {
			if cycle.Decisions[i].Intent != nil {
				cycle.Decisions[i].Skip = trade.SkipDryRun
			}
		}
	}
	return nil
}

// acting are the symbols whose signals ask for something.
func acting(signals []trade.Signal) []string {
	var symbols []string
	for _, signal := range signals {
		if signal.Action == trade.Buy || signal.Action == trade.Sell {
			symbols = append(symbols, signal.Symbol)
		}
	}
	return symbols
}

// foreign are the symbols of which others hold something, where the settings leave them alone.
func (t *turn) foreign(ctx context.Context) (map[string]bool, error) {
	if t.Settings.Execution.Foreign != trade.IgnoreForeign {
		return nil, nil
	}
	return t.Journal.Foreign(ctx, t.AccountID)
}

// past returns what the limits in force must know of the account's past; nothing is read when
// none of them looks back.
func (t *turn) past(ctx context.Context, now time.Time) (trade.TrackRecord, error) {
	asked, length := t.Settings.Risk.LooksBack()
	also, longer := t.Installation.LooksBack()
	if !asked && !also {
		return trade.TrackRecord{}, nil
	}
	since := time.Time{}
	if ever := asked && length == 0 || also && longer == 0; !ever {
		since = now.Add(-max(length, longer))
	}
	return t.Journal.TrackRecord(ctx, t.AccountID, since, now)
}

// portfolio takes a snapshot of the account and marks the orders that are ours.
func (t *turn) portfolio(ctx context.Context) (trade.Portfolio, error) {
	portfolio, err := Portfolio(ctx, t.Broker)
	if err != nil {
		return portfolio, err
	}
	ids := make([]string, len(portfolio.OpenOrders))
	for i, order := range portfolio.OpenOrders {
		ids[i] = order.ID
	}
	owners, err := t.Journal.Owners(ctx, t.AccountID, ids)
	for i := range portfolio.OpenOrders {
		_, portfolio.OpenOrders[i].Own = owners[portfolio.OpenOrders[i].ID]
	}
	return portfolio, err
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
func (t *turn) submitAll(ctx context.Context, cycle trade.Cycle) error {
	orders := ordersOf(cycle)
	if len(orders) == 0 {
		return nil
	}
	slices.SortStableFunc(orders, func(a, b trade.Order) int { return rankOf(a.Intent) - rankOf(b.Intent) })
	return errors.Join(t.deliver(ctx, orders), t.refresh(ctx), t.watchRejections(ctx))
}

// ordersOf are the orders that the cycle's decisions became.
func ordersOf(cycle trade.Cycle) []trade.Order {
	var orders []trade.Order
	for _, decision := range cycle.Decisions {
		if decision.Ordered() && !cycle.DryRun {
			orders = append(orders, trade.Order{Intent: *decision.Intent, State: trade.Journaled})
		}
	}
	return orders
}

func rankOf(intent trade.Intent) int {
	if intent.Purpose.Closes() {
		return 0
	}
	return 1
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
	d.AtStep(StepFinishing)
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
