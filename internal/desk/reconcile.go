package desk

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// fillsOverlap is how far before the newest known execution the broker's list is read again: it
// may have been incomplete then. Executions count once by their ids.
const fillsOverlap = 10 * time.Minute

// Reconcile resolves what was left open and compares the journal with the broker, outside of a
// cycle. The outcome is in the journal when it returns without an error; drift is an outcome, not
// an error. Found the second time in a row it halts the account.
func (d *Desk) Reconcile(ctx context.Context, run Run) (outcome trade.Reconciliation, err error) {
	err = d.within(ctx, run, func(ctx context.Context, t *turn) error {
		if err := t.prepare(ctx); err != nil {
			return err
		}
		outcome, err = t.reconcile(ctx)
		return err
	})
	return outcome, err
}

// Adopt takes over the broker's quantities where they differ from the journal's, because a person
// has looked; the entry says who. Afterwards trading can be resumed.
func (d *Desk) Adopt(ctx context.Context, run Run, entry audit.Entry) (outcome trade.Reconciliation, err error) {
	err = d.within(ctx, run, func(ctx context.Context, t *turn) error {
		if err := t.prepare(ctx); err != nil {
			return err
		}
		outcome, err = t.adoptDrift(ctx, entry)
		return err
	})
	return outcome, err
}

// prepare is what comes before a comparison: the market's time, and no order whose state is open
// to doubt.
func (t *turn) prepare(ctx context.Context) error {
	if _, err := t.askTime(ctx); err != nil {
		return err
	}
	return t.recover(ctx)
}

// reconcile takes over the executions since the last time, and compares what the journal expects
// to be held with the broker's positions. On the very first look the broker's are taken over, and
// later where a split or the like explains the difference.
func (t *turn) reconcile(ctx context.Context) (trade.Reconciliation, error) {
	outcome, last, err := t.compare(ctx)
	if err != nil {
		return outcome, err
	}
	var taken []trade.Adjustment
	if last.CheckedAt.IsZero() {
		taken = adjustmentsOf(outcome.Drift, "held when the program first looked")
		outcome.Drift = nil
	} else if taken, outcome.Drift, err = t.explained(ctx, outcome.Drift, last.FillsThrough); err != nil {
		return outcome, err
	}
	outcome.Passed = len(outcome.Drift) == 0
	entry := audit.Entry{}
	if !outcome.Passed {
		outcome.InARow = last.InARow + 1
		entry = t.driftEntry(outcome)
	}
	if err := t.writeDown(ctx, outcome, taken, entry); err != nil || outcome.Passed {
		return outcome, err
	}
	t.Tell(News{Kind: NewsDrift, AccountID: t.AccountID, UserID: t.UserID, At: outcome.CheckedAt, Reconciliation: &outcome})
	if outcome.InARow >= mostMismatches {
		return outcome, t.halt(ctx, trade.HaltMismatch, driftSentence(outcome.Drift))
	}
	return outcome, nil
}

func (t *turn) adoptDrift(ctx context.Context, entry audit.Entry) (trade.Reconciliation, error) {
	outcome, _, err := t.compare(ctx)
	if err != nil {
		return outcome, err
	}
	taken := adjustmentsOf(outcome.Drift, "taken over from the broker by a person")
	entry.Details = withDrift(entry.Details, outcome.Drift)
	outcome.Drift, outcome.Passed = nil, true
	return outcome, t.writeDown(ctx, outcome, taken, entry)
}

func (t *turn) writeDown(ctx context.Context, outcome trade.Reconciliation, taken []trade.Adjustment, entry audit.Entry) error {
	t.AtStep(StepCompared)
	if err := t.Journal.RecordReconciliation(ctx, t.lease, outcome, taken, entry); err != nil {
		return err
	}
	t.AtStep(StepReconciled)
	return nil
}

// compare reads executions and positions until they agree with the journal or the waits are over:
// the broker's lists are not of one moment. It returns the drift that is left, and the last
// reconciliation (with a zero CheckedAt when there was none).
func (t *turn) compare(ctx context.Context) (outcome, last trade.Reconciliation, err error) {
	last, err = t.Journal.Reconciliation(ctx, t.AccountID)
	if fault.Is(err, fault.NotFound) {
		last, err = trade.Reconciliation{FillsThrough: t.marketTime.Add(-fillsOverlap)}, nil
	}
	if err != nil {
		return outcome, last, err
	}
	outcome = trade.Reconciliation{AccountID: t.AccountID, FillsThrough: last.FillsThrough}
	for attempt := 0; ; attempt++ {
		if outcome.FillsThrough, err = t.takeFills(ctx, outcome.FillsThrough); err != nil {
			return outcome, last, err
		}
		if outcome.Drift, err = t.drift(ctx); err != nil {
			return outcome, last, err
		}
		outcome.CheckedAt = t.Clock.Now()
		if len(outcome.Drift) == 0 || attempt == len(t.Settling) {
			return outcome, last, nil
		}
		if !t.pause(ctx, t.Settling[attempt]) {
			return outcome, last, ctx.Err()
		}
	}
}

// takeFills records the executions since about then, ours and others', and returns the time of
// the newest.
func (t *turn) takeFills(ctx context.Context, through time.Time) (time.Time, error) {
	fills, err := t.Broker.Fills(ctx, through.Add(-fillsOverlap))
	if err != nil {
		return through, err
	}
	if err := t.Journal.RecordFills(ctx, t.AccountID, t.UserID, fills); err != nil {
		return through, err
	}
	for _, fill := range fills {
		if fill.At.After(through) {
			through = fill.At
		}
	}
	return through, nil
}

// drift compares what the journal expects with what the broker holds, by symbol.
func (t *turn) drift(ctx context.Context) ([]trade.Drift, error) {
	positions, err := t.Broker.Positions(ctx)
	if err != nil {
		return nil, err
	}
	expected, err := t.Journal.Expected(ctx, t.AccountID)
	if err != nil {
		return nil, err
	}
	held := make(map[string]decimal.Decimal, len(positions))
	for _, position := range positions {
		held[position.Symbol] = position.Qty
	}
	var drift []trade.Drift
	for _, symbol := range symbolsIn(held, expected) {
		if !held[symbol].Equal(expected[symbol]) {
			drift = append(drift, trade.Drift{Symbol: symbol, Expected: expected[symbol], Broker: held[symbol]})
		}
	}
	return drift, nil
}

func symbolsIn(held, expected map[string]decimal.Decimal) []string {
	all := maps.Clone(expected)
	maps.Copy(all, held)
	return slices.Sorted(maps.Keys(all))
}

// explained separates drift that a change at the broker explains, such as a split, since the newest
// execution known. Each change explains once: the journal keeps its id with what was taken over.
func (t *turn) explained(ctx context.Context, drift []trade.Drift, since time.Time) (taken []trade.Adjustment, rest []trade.Drift, err error) {
	if len(drift) == 0 {
		return nil, nil, nil
	}
	changes, err := t.Broker.Changes(ctx, since)
	if err != nil {
		return nil, nil, err
	}
	before, err := t.Journal.TakenOver(ctx, t.AccountID)
	if err != nil {
		return nil, nil, err
	}
	reasons := map[string]string{}
	for _, change := range changes { // oldest first: the newest counts
		reasons[change.Symbol] = fmt.Sprintf("%s at the broker (%s)", strings.ToLower(change.Kind), change.ID)
	}
	for _, difference := range drift {
		if reason := reasons[difference.Symbol]; reason != "" && reason != before[difference.Symbol].Reason {
			taken = append(taken, trade.Adjustment{Symbol: difference.Symbol, Qty: difference.Broker, Reason: reason})
		} else {
			rest = append(rest, difference)
		}
	}
	return taken, rest, nil
}

func adjustmentsOf(drift []trade.Drift, reason string) []trade.Adjustment {
	taken := make([]trade.Adjustment, len(drift))
	for i, difference := range drift {
		taken[i] = trade.Adjustment{Symbol: difference.Symbol, Qty: difference.Broker, Reason: reason}
	}
	return taken
}

func (t *turn) driftEntry(outcome trade.Reconciliation) audit.Entry {
	return audit.Entry{
		At: outcome.CheckedAt, Actor: t.UserID, ActorName: programName, Action: audit.DriftFound, Target: "account:" + t.AccountID,
		Details: withDrift(map[string]any{"in_a_row": outcome.InARow}, outcome.Drift),
	}
}

func withDrift(details map[string]any, drift []trade.Drift) map[string]any {
	all := maps.Clone(details)
	if all == nil {
		all = map[string]any{}
	}
	for _, difference := range drift {
		all["symbol "+difference.Symbol] = "expected " + difference.Expected.String() + ", broker " + difference.Broker.String()
	}
	return all
}

// driftSentence names what differs.
func driftSentence(drift []trade.Drift) string {
	parts := make([]string, len(drift))
	for i, difference := range drift {
		parts[i] = fmt.Sprintf("%s: %s expected, %s at the broker", difference.Symbol, difference.Expected, difference.Broker)
	}
	return "The broker's positions are not what the journal expects (" + strings.Join(parts, "; ") + ")."
}
