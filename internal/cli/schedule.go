package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// clockPoll is how often the schedule looks at the broker's clock.
const clockPoll = 5 * time.Second

func scheduleCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "schedule",
		Short: "Trade the watchlist on the schedule of the settings until stopped",
		Long: "Trade the watchlist on the schedule of the settings (schedule.interval_minutes or schedule.cron) until stopped.\n" +
			"Runs by the broker's clock. Slots that passed meanwhile are left out, never caught up.\n" +
			"Safe to stop and start at any time: what was ordered is known in the database of DATABASE_URL.",
		Args: noArguments,
	}
	dryRun := command.Flags().Bool("dry-run", false, "decide and record, order nothing")
	command.RunE = func(command *cobra.Command, _ []string) error {
		cfg, err := env.Config()
		if err != nil {
			return err
		}
		closeLog, err := env.keepLog(cfg)
		if err != nil {
			return err
		}
		defer closeLog()
		job, err := env.openTrading(command.Context(), nil, *dryRun)
		if err != nil {
			return err
		}
		defer job.session.Close()
		return env.runSchedule(command.Context(), job)
	}
	return command
}

// runSchedule runs a cycle at each slot until the context ends. A failed cycle is logged and
// recorded, and the next slot comes all the same.
func (e *Environment) runSchedule(ctx context.Context, job *tradingJob) error {
	var slot, at time.Time
	var seen trade.MarketClock
	for {
		now, err := job.account.Client.Clock(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && slot.IsZero():
			return err // never begun: the keys or the address are wrong
		case errors.Is(err, trade.ErrKeysRefused): // the slot's cycle records it, and halts the account
			job.hindrance, now, err = fault.Public(err), seen, nil
			now.Timestamp = seen.Timestamp.Add(e.now().Sub(at))
		case err != nil:
			e.Logger.Warn("the broker's clock is not to be had; waiting", "error", err)
			job.hindrance = fault.Public(err)
		default:
			seen, at = now, e.now()
			if now.Timestamp.Before(slot) {
				job.hindrance = ""
			}
			job.calendar.Refresh(ctx, job.account.Client, now.Timestamp)
		}
		if err == nil && slot.IsZero() {
			if slot, err = firstSlot(&job.calendar, job.settings, now); err != nil {
				return err
			}
			e.Logger.Info("schedule started", "next", slot)
		}
		if err == nil && !now.Timestamp.Before(slot) {
			if slot, err = e.runSlot(ctx, job, slot, now); err != nil {
				return err
			}
		}
		wait := clockPoll
		if left := slot.Sub(now.Timestamp); err == nil && left > 0 && !job.account.SimulatedTime {
			wait = min(wait, left)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// firstSlot is now, unless the schedule keeps to market hours and the market is closed.
func firstSlot(calendar *market.Calendar, settings trade.Settings, now trade.MarketClock) (time.Time, error) {
	schedule := settings.Schedule
	if !schedule.MarketHoursOnly || desk.MayRun(calendar, schedule, settings.Timeframe, now) {
		return now.Timestamp, nil
	}
	return nextSlot(calendar, settings, now.Timestamp)
}

func nextSlot(calendar *market.Calendar, settings trade.Settings, after time.Time) (time.Time, error) {
	next, err := desk.NextRun(calendar, settings.Schedule, settings.Timeframe, after)
	if err != nil {
		return next, fault.Because(err, fault.Invalid, "The schedule never runs: %s", err)
	}
	return next, nil
}

// runSlot runs the slot's cycle, or records that it was missed, prints it, and returns the next slot.
func (e *Environment) runSlot(ctx context.Context, job *tradingJob, slot time.Time, now trade.MarketClock) (time.Time, error) {
	run, err := job.run(ctx, slot, job.settings.Schedule.MarketHoursOnly)
	var cycle trade.Cycle
	switch {
	case err != nil:
	case app.Late(&job.calendar, job.settings, run.SimulatedTime, slot, now.Timestamp):
		cycle, err = job.session.Desk.Miss(ctx, run, now.Timestamp, app.MissedSentence(&job.calendar, job.settings, slot, now.Timestamp, job.hindrance))
	default:
		cycle, err = job.session.Desk.RunCycle(ctx, run)
	}
	switch {
	case fault.Is(err, fault.Conflict) && cycle.ID == "":
		e.Logger.Warn("cycle not run", "slot", slot, "reason", fault.Public(err))
	case err != nil && cycle.ID == "":
		e.Logger.Error("cycle not begun", "slot", slot, "error", err)
	default:
		if err := printCycle(e.Stdout, cycle); err != nil {
			return slot, err
		}
	}
	job.hindrance = ""
	next, err := nextSlot(&job.calendar, job.settings, now.Timestamp)
	if err != nil {
		return slot, err
	}
	e.Logger.Info("waiting for the next slot", "next", next)
	return next, nil
}

// tradingJob is what trade and schedule work with.
type tradingJob struct {
	account  *daemon.CommandLine
	session  *daemon.TradingSession
	settings trade.Settings
	symbols  []string
	dryRun   bool
	calendar market.Calendar // as far as the broker has told it
	// hindrance is why the slot could not begin, in a sentence; empty: nothing is known.
	hindrance string
}

// openTrading reads settings and watchlist and opens the account and the journal.
func (e *Environment) openTrading(ctx context.Context, chosen []string, dryRun bool) (*tradingJob, error) {
	settings, err := e.Strategy()
	if err != nil {
		return nil, err
	}
	watchlist, err := e.watched(chosen)
	if err != nil {
		return nil, err
	}
	cfg, err := e.ConfigWithKeys()
	if err != nil {
		return nil, err
	}
	account, err := daemon.OpenCommandLine(cfg)
	if err != nil {
		return nil, err
	}
	if !cfg.TradingEnabled && !dryRun {
		e.Logger.Warn("TRADING_ENABLED is false: this is a dry run")
		dryRun = true
	}
	session, err := account.OpenTrading(ctx, cfg, e.Logger)
	if err != nil {
		return nil, err
	}
	return &tradingJob{account: account, session: session, settings: settings, symbols: symbolsOf(watchlist), dryRun: dryRun}, nil
}

// leaseWait outlasts the lease of a run that was killed.
const leaseWait = 30 * time.Second

func (j *tradingJob) run(ctx context.Context, slot time.Time, marketHoursOnly bool) (desk.Run, error) {
	ceiling, err := j.session.Ceiling(ctx)
	return desk.Run{
		AccountID: j.account.AccountID, Broker: j.account.Client, FeedName: j.account.FeedName,
		Settings: j.settings, Symbols: j.symbols, Slot: slot, DryRun: j.dryRun, MarketHoursOnly: marketHoursOnly,
		LeaseWait: leaseWait, Calendar: &j.calendar, SimulatedTime: j.account.SimulatedTime, Installation: ceiling,
	}, err
}
