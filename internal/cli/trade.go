package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func tradeCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "trade",
		Short: "Decide on the watchlist once, now, and place the orders",
		Long: "Decide on the watchlist once, now, and place the orders that follow.\n" +
			"Each decision is journaled in the database of DATABASE_URL before its order is sent, so that running it again,\n" +
			"also after a crash, orders nothing twice. An order placed while the market is closed waits for its opening.",
		Args: noArguments,
	}
	dryRun := command.Flags().Bool("dry-run", false, "decide and record, order nothing")
	chosen := symbolFlag(command)
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		job, err := env.openTrading(command.Context(), *chosen, *dryRun)
		if err != nil {
			return err
		}
		defer job.session.Close()
		run, err := job.run(command.Context(), clock.System().Now(), false)
		if err != nil {
			return err
		}
		cycle, err := job.session.Desk.RunCycle(command.Context(), run)
		if cycle.ID == "" {
			return err
		}
		if *asJSON {
			return errors.Join(err, job.printJSON(command.Context(), env.Stdout, cycle))
		}
		return errors.Join(err, printCycle(env.Stdout, cycle))
	}
	return command
}

// printJSON prints the cycle as GET /api/cycles shows it, with where its orders stand now.
func (j *tradingJob) printJSON(ctx context.Context, w io.Writer, cycle trade.Cycle) error {
	states, err := j.session.OrderStates(ctx, cycle)
	if err != nil {
		return err
	}
	return printJSON(w, api.CycleOf(app.CycleReport{Cycle: cycle, States: states}))
}

// printCycle prints one line a symbol and a summary.
func printCycle(w io.Writer, cycle trade.Cycle) error {
	rows := make([][]string, 0, len(cycle.Decisions))
	ordered := 0
	for _, decision := range cycle.Decisions {
		if decision.Ordered() {
			ordered++
		}
		signal := decision.Signal
		rows = append(rows, []string{signal.Symbol, string(signal.Action), fmt.Sprintf("%.0f", signal.Strength), decision.Sentence()})
	}
	if len(rows) > 0 {
		if err := printTable(w, []string{"SYMBOL", "SIGNAL", "STRENGTH", "DECISION"}, rows); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, cycleSummary(cycle, ordered))
	return err
}

func cycleSummary(cycle trade.Cycle, ordered int) string {
	at := cycle.MarketTime.Format("2006-01-02 15:04:05Z")
	switch cycle.Outcome {
	case trade.CycleSkipped:
		return "Skipped at " + at + ": " + cycle.Problem
	case trade.CycleFailed:
		return "Failed: " + cycle.Problem
	}
	if cycle.DryRun {
		return fmt.Sprintf("Dry run at %s: nothing was ordered.", at)
	}
	return fmt.Sprintf("Decided at %s: %d of %d symbols ordered.", at, ordered, len(cycle.Decisions))
}
