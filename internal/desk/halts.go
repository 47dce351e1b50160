package desk

import (
	"context"
	"errors"
	"time"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const (
	// programName is who halts when no person does.
	programName = "alpaca-trader"
	// mostSkew is how far this machine's clock may be from the broker's.
	mostSkew = 30 * time.Second
	// mostRejections in a row, within a day, halt the account.
	mostRejections = 5
	// mostMismatches in a row halt the account.
	mostMismatches = 2
)

// halt stops the account, unless it is stopped for that cause already. It is written down even when
// the cycle's time is over.
func (t *turn) halt(ctx context.Context, cause trade.HaltCause, reason string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	if now, err := t.Journal.Standing(ctx, t.AccountID); err == nil && now.State == trade.Halted && now.Cause == cause {
		return nil
	}
	standing := trade.Standing{
		AccountID: t.AccountID, State: trade.Halted, Cause: cause, Reason: reason, Who: programName, Since: t.Clock.Now(),
	}
	if err := t.Journal.Halt(ctx, standing); err != nil {
		return err
	}
	t.Log.Error("trading halted", "account", t.AccountID, "cause", cause, "reason", reason)
	t.Tell(News{Kind: NewsHalt, AccountID: t.AccountID, UserID: t.UserID, At: standing.Since, Standing: &standing})
	return nil
}

// watchKeys halts the account when err says that the broker no longer takes its keys; err comes
// back.
func (t *turn) watchKeys(ctx context.Context, err error) error {
	if !errors.Is(err, engine.ErrKeysRefused) {
		return err
	}
	return errors.Join(err, t.halt(ctx, trade.HaltKeys, "The broker refuses the account's keys. Enter new ones, then resume."))
}

// watchSkew refuses to decide while this machine's clock and the broker's differ too much, and
// halts the account the second time in a row. Simulated markets have a time of their own.
func (t *turn) watchSkew(ctx context.Context, broker time.Time) error {
	skew := broker.Sub(t.Clock.Now())
	if t.SimulatedTime || skew.Abs() <= mostSkew {
		t.skewed.Delete(t.AccountID)
		return nil
	}
	problem := fault.New(fault.Unavailable, "This machine's clock and the broker's differ by %s. Nothing is decided until they agree within %s.",
		skew.Abs().Round(time.Second), mostSkew)
	if _, before := t.skewed.LoadOrStore(t.AccountID, true); before {
		return errors.Join(problem, t.halt(ctx, trade.HaltClockSkew, problem.Public))
	}
	return problem
}

// watchRejections halts the account when the broker has refused one order after the other.
func (t *turn) watchRejections(ctx context.Context) error {
	count, err := t.Journal.Rejections(ctx, t.AccountID, t.Clock.Now().Add(-24*time.Hour))
	if err != nil || count < mostRejections {
		return err
	}
	return t.halt(ctx, trade.HaltRejects, "The broker refused several orders in a row. Read why in the list of orders, then resume.")
}
