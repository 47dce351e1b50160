package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/lab"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// backtestDays is the longest period that may be asked for: ten years.
const backtestDays = 3650

func backtestCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "backtest",
		Short: "Replay the last days and show what the strategy would have done",
		Long: "Replay the last days of the broker's bars through the same cycles that trade makes, at a simulated exchange\n" +
			"whose prices are these bars, and show the result. Earlier bars are fetched too, so that every indicator is\n" +
			"settled on the first day. docs/BACKTEST.md says how orders fill and what the result does not know.",
		Example: "  alpaca-trader backtest --days 365\n" +
			"  alpaca-trader backtest --days 90 --symbol AAPL --spread 2 --slippage 1 --fee-per-share 0.005",
		Args: noArguments,
	}
	flags := command.Flags()
	flags.SortFlags = false
	days := flags.Int("days", 30, "how many `DAYS` up to now")
	chosen := symbolFlag(command)
	terms := daemon.SimulatorOptions{}
	money := moneyFlags(command, &terms)
	tradingFlags(command, &terms.Trading)
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if err := money(); err != nil {
			return err
		}
		report, err := env.backtest(command.Context(), *chosen, *days, terms)
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

func (e *Environment) backtest(ctx context.Context, chosen []string, days int, terms daemon.SimulatorOptions) (lab.Report, error) {
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
	symbols := symbolsOf(watchlist)
	assets, err := assetsOf(ctx, account.Client, symbols)
	if err != nil {
		return lab.Report{}, err
	}
	return replayDays(ctx, account.Client, days, lab.Config{
		Settings: settings, Symbols: symbols, To: now.Timestamp, Cash: terms.Cash, Assets: assets, Trading: terms.Trading,
		Progress: e.progress("bars replayed"),
	})
}

// describer tells what may be done with a symbol.
type describer interface {
	Asset(ctx context.Context, symbol string) (trade.Asset, error)
}

// assetsOf are the broker's descriptions; a symbol that it does not know is left out.
func assetsOf(ctx context.Context, broker describer, symbols []string) (map[string]trade.Asset, error) {
	assets := make(map[string]trade.Asset, len(symbols))
	for _, symbol := range symbols {
		asset, err := broker.Asset(ctx, symbol)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if err == nil {
			assets[symbol] = asset
		}
	}
	return assets, nil
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

// replayDays replays the days up to config.To on the source's closed bars, with enough earlier bars
// that every indicator has settled on the first day.
func replayDays(ctx context.Context, source market.Source, days int, config lab.Config) (report lab.Report, err error) {
	if days < 1 || days > backtestDays {
		return report, fault.New(fault.Invalid, "The number of days must be between 1 and %d.", backtestDays)
	}
	config.From = config.To.AddDate(0, 0, -days)
	if config.Bars, err = lab.Gather(ctx, source, config.Settings, config.Symbols, config.From, config.To); err != nil {
		return report, err
	}
	return lab.Run(ctx, config)
}
