package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// withTrader runs the work on the database of DATABASE_URL, beside servers that run on it.
func (e *Environment) withTrader(ctx context.Context, work func(*daemon.Trader) error) error {
	cfg, err := e.ConfigWithKeys()
	if err != nil {
		return err
	}
	settings, err := e.Strategy()
	if err != nil {
		return err
	}
	trader, err := daemon.OpenTrader(ctx, cfg, settings, e.Logger)
	if err != nil {
		return err
	}
	defer trader.Close()
	return work(trader)
}

const accountUsage = "`ACCOUNT` by name or id, or all; without it that of ALPACA_API_KEY"

// reachFlags add --account and --installation to a command.
func reachFlags(command *cobra.Command) func() app.Reach {
	account := command.Flags().String("account", "", accountUsage)
	installation := command.Flags().Bool("installation", false, "everybody's accounts, also future ones")
	notBoth(command, "account", "installation")
	return func() app.Reach {
		if *account == "all" {
			return app.Reach{All: true, Installation: *installation}
		}
		return app.Reach{Account: *account, Installation: *installation}
	}
}

func haltCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "halt",
		Short: "Stop ordering, until somebody resumes",
		Long: "Stop ordering, at once and until somebody resumes; servers and schedules that run follow with their next order.\n" +
			"Positions and the protective orders at the broker stay: `flatten` closes them.",
		Args: noArguments,
	}
	reach := reachFlags(command)
	exits := command.Flags().Bool("reduce-only", false, "let exits go on, stop entries only")
	reason := command.Flags().String("reason", "", "`SENTENCE` that is shown with it")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		state := trade.Halted
		if *exits {
			state = trade.ReduceOnly
		}
		return env.withTrader(command.Context(), func(trader *daemon.Trader) error {
			standings, err := trader.Halt(command.Context(), auth.Operator, reach(), state, *reason)
			return firstError(env.printStandings(standings, *asJSON), err)
		})
	}
	return command
}

func resumeCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "resume",
		Short: "Lift a halt, after comparing the journal with the broker",
		Args:  noArguments,
	}
	reach := reachFlags(command)
	exits := command.Flags().Bool("reduce-only", false, "let exits go on only")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		state := trade.Active
		if *exits {
			state = trade.ReduceOnly
		}
		return env.withTrader(command.Context(), func(trader *daemon.Trader) error {
			standings, err := trader.Resume(command.Context(), auth.Operator, reach(), state)
			return firstError(env.printStandings(standings, *asJSON), err)
		})
	}
	return command
}

func (e *Environment) printStandings(standings []trade.Standing, asJSON bool) error {
	if asJSON {
		return printJSON(e.Stdout, api.StandingsOf(standings))
	}
	for _, standing := range standings {
		if _, err := fmt.Fprintln(e.Stdout, standingLine(standing)); err != nil {
			return err
		}
	}
	return nil
}

// standingLine is a standing in one line.
func standingLine(standing trade.Standing) string {
	of := "account " + standing.AccountID
	if standing.AccountID == trade.WholeInstallation {
		of = "the installation"
	}
	if standing.State == trade.Active {
		return "Trading is active for " + of + "."
	}
	return fmt.Sprintf("Trading is %s for %s since %s (%s): %s",
		standing.State, of, standing.Since.UTC().Format("2006-01-02 15:04:05Z"), standing.Who, standing.Reason)
}
