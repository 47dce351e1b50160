package app

import (
	"context"
	"errors"
	"time"

	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// RunDue runs the slot, with whose record the account's next one is planned, or records that it was
// missed. A slot that has run already, and an account whose automation was switched off meanwhile,
// are no errors: nothing is run. After an error there may be no record yet, and the slot is to be
// tried again: another process would not let go of the account for minutes (desk.ErrBusy), the
// broker does not answer, or the keys cannot be read. Once it is late, its record says which.
func (a *Automation) RunDue(ctx context.Context, due Due) error {
	account, err := a.Store.AutomatedAccount(ctx, due.AccountID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if account.NextRunAt.IsZero() {
		return nil // its schedule was changed since the slot was found: it is planned afresh
	}
	if !account.Armed() {
		a.Log.Warn("a live account that nobody has armed is not traded", "account", account.ID)
		return nil
	}
	strategy, err := readStrategy(ctx, a.Store, account)
	if err != nil {
		return err
	}
	run, now, hindrance := a.ready(ctx, account, strategy, due.Slot)
	now, err = a.orGuess(ctx, account, now, hindrance)
	if hindrance != nil {
		a.hinder(account.ID, hindrance)
	}
	switch {
	case err != nil || ctx.Err() != nil:
		return firstError(err, hindrance, ctx.Err())
	case Late(run.Calendar, strategy.Settings, run.SimulatedTime, due.Slot, now.Timestamp):
		err = a.miss(ctx, account, run, now.Timestamp)
	case hindrance == nil || errors.Is(hindrance, engine.ErrKeysRefused): // the cycle halts an account whose keys are refused
		err = a.runSlot(ctx, account, run, now.Timestamp)
	default:
		return hindrance
	}
	if err == nil {
		a.hinder(account.ID, nil)
	}
	if fault.Is(err, fault.Conflict) && !errors.Is(err, desk.ErrBusy) {
		a.Log.Debug("cycle not run", "account", account.ID, "slot", due.Slot, "reason", err)
		return nil
	}
	return err
}

// ready is the cycle to run and the market's time once the slot's bars are there. With an error the
// run has all that could be had.
func (a *Automation) ready(ctx context.Context, account trade.BrokerageAccount, strategy Strategy, slot time.Time) (desk.Run, trade.MarketClock, error) {
	run, err := a.runOf(ctx, account, strategy, slot)
	if err != nil {
		return run, trade.MarketClock{}, err
	}
	now, err := a.settled(ctx, account, strategy.Settings, slot)
	return run, now, err
}

// miss records the slots that passed up to now, with what hindered them, and then plans the next one:
// what has no record yet is due again. Where an earlier try has planned already, later slots have
// records of their own.
func (a *Automation) miss(ctx context.Context, account trade.BrokerageAccount, run desk.Run, now time.Time) error {
	through := now
	if account.NextRunAt.After(run.Slot) {
		through = run.Slot
	}
	a.Log.Warn("slots missed", "account", account.ID, "slot", run.Slot, "market time", now)
	run.LeaseWait = busyWait
	sentence := MissedSentence(run.Calendar, run.Settings, run.Slot, through, a.hindrance(account.ID))
	_, err := a.Desk.Miss(ctx, run, now, sentence)
	if fault.Is(err, fault.Conflict) && !errors.Is(err, desk.ErrBusy) { // the slot has its record; others may have none
		now, err = run.Slot, nil
	}
	if err != nil {
		return err
	}
	return a.planAfter(ctx, run, now)
}

// runSlot runs the slot's cycle. Where another process works on the account for longer than a
// comparison takes, the slot passes, and a record says so once that process has ended.
func (a *Automation) runSlot(ctx context.Context, account trade.BrokerageAccount, run desk.Run, now time.Time) error {
	var err error
	if run.NextRun, err = a.nextAfter(account, run.Settings, run.Slot, now); err != nil {
		return err
	}
	run.LeaseWait = resolveWait
	cycle, err := a.Desk.RunCycle(ctx, run)
	if cycle.ID != "" || !fault.Is(err, fault.Conflict) {
		return err
	}
	if unplanned := a.planAfter(ctx, run, now); unplanned != nil || !errors.Is(err, desk.ErrBusy) {
		return firstError(unplanned, err)
	}
	run.LeaseWait, run.NextRun = busyWait, time.Time{}
	_, err = a.Desk.Miss(ctx, run, now, busySentence(run.Slot)) // refused, if the slot has run already
	return err
}

// busyWait outlasts the longest cycle.
const busyWait = 160 * time.Second

// planAfter moves the account to its next slot, unless its schedule was changed meanwhile.
func (a *Automation) planAfter(ctx context.Context, run desk.Run, now time.Time) error {
	account, err := a.Store.AutomatedAccount(ctx, run.AccountID)
	if err != nil || account.NextRunAt.IsZero() {
		return err
	}
	next, err := a.nextAfter(account, run.Settings, run.Slot, now)
	if err != nil || next.IsZero() {
		return err
	}
	return a.Store.SetNextRun(ctx, account.ID, next)
}

// nextAfter is the account's slot after this one; zero where it is planned already, by an earlier try
// of the same slot. Slots that passed while nothing ran are left out: it lies after the market's
// present time.
func (a *Automation) nextAfter(account trade.BrokerageAccount, settings trade.Settings, slot, now time.Time) (time.Time, error) {
	if account.NextRunAt.After(slot) {
		return time.Time{}, nil
	}
	if now.Before(slot) {
		now = slot
	}
	next, err := nextRun(a.Calendars.Of(account.Mode()), settings, now)
	if err != nil {
		return next, fault.Because(err, fault.Invalid, "The schedule never runs: %s", err)
	}
	return next, nil
}
