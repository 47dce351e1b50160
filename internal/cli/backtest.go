package cli

import (
	"context"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/lab"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// backtestCash is what an account starts with, in US dollars: as much as a new paper account at
// the broker has.
const backtestCash = 100_000

// backtestDays is the longest period that may be asked for: ten years.
const backtestDays = 3650

func backtestCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "backtest",
		Short: "Replay the last days and show what the strategy would have done",
		Long: "Replay the last days of the broker's bars through the same decisions that trade makes, and show the result.\n" +
			"Earlier bars are fetched too, so that every indicator is settled on the first day. Orders fill at the next bar's open.",
		Args: noArguments,
	}
	days := command.Flags().Int("days", 30, "how many `DAYS` up to now")
	chosen := symbolFlag(command)
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		report, err := env.backtest(command.Context(), *chosen, *days)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(env.Stdout, report)
		}
		return printReplay(env.Stdout, report)
	}
	return command
}

func (e *Environment) backtest(ctx context.Context, chosen []string, days int) (lab.Report, error) {
	settings, err := e.Strategy()
	if err != nil {
		return lab.Report{}, err
	}
	watchlist, err := e.watched(chosen)
	if err != nil {
		return lab.Report{}, err
	}
	account, err := e.account()
	if err != nil {
		return lab.Report{}, err
	}
	now, err := account.Client.Clock(ctx)
	if err != nil {
		return lab.Report{}, err
	}
	return replayDays(ctx, account.Client, settings, symbolsOf(watchlist), days, now.Timestamp, e.progress("bars replayed"))
}

// progress logs how far a job has come, at every tenth of it.
func (e *Environment) progress(what string) func(done, total int) {
	tenth := -1
	return func(done, total int) {
		if total > 0 && done*10/total > tenth {
			tenth = done * 10 / total
			e.Logger.Info(what, "done", done, "of", total)
		}
	}
}

// replayDays replays the days up to now on the source's closed bars, with enough earlier bars
// that every indicator has settled on the first day. progress may be nil.
func replayDays(ctx context.Context, source market.Source, settings trade.Settings, symbols []string, days int, now time.Time, progress func(done, total int)) (lab.Report, error) {
	if days < 1 || days > backtestDays {
		return lab.Report{}, fault.New(fault.Invalid, "The number of days must be between 1 and %d.", backtestDays)
	}
	from := now.AddDate(0, 0, -days)
	bars, err := lab.Gather(ctx, source, settings, symbols, from, now)
	if err != nil {
		return lab.Report{}, err
	}
	return lab.Run(ctx, lab.Config{
		Settings: settings, Symbols: symbols, Bars: bars, From: from, To: now,
		Cash: decimal.NewFromInt(backtestCash), Progress: progress,
	})
}
