package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func flattenCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "flatten",
		Short: "Halt, cancel the open orders and close every position",
		Long: "Halt trading, cancel the open orders and close every position by market orders. Orders placed while the market is closed\n" +
			"wait for its opening. Interrupted, it may be run again: it closes what is left.",
		Args: noArguments,
	}
	reach := reachFlags(command)
	dryRun := command.Flags().Bool("dry-run", false, "only say what would be closed")
	exits := command.Flags().Bool("reduce-only", false, "let exits go on afterwards, instead of halting")
	reason := command.Flags().String("reason", "", "`SENTENCE` that is shown with it")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		how := app.Flattening{State: trade.Halted, Reason: *reason, DryRun: *dryRun}
		if *exits {
			how.State = trade.ReduceOnly
		}
		return env.withTrader(command.Context(), func(trader *daemon.Trader) error {
			results, err := trader.Flatten(command.Context(), auth.Operator, reach(), how)
			if err != nil {
				return err
			}
			show := func() error { return printFlattened(env.Stdout, results, *dryRun) }
			if *asJSON {
				show = func() error { return printJSON(env.Stdout, api.FlattenedOf(results)) }
			}
			return firstError(show(), app.FlattenProblem(results))
		})
	}
	return command
}

func printFlattened(w io.Writer, results []app.Flattened, dryRun bool) error {
	var rows [][]string
	for _, result := range results {
		for _, order := range result.Orders {
			state := string(order.State)
			if dryRun {
				state = "would be sent"
			}
			rows = append(rows, []string{result.Account.Name, order.Intent.Symbol, string(order.Intent.Side), order.Intent.Qty.Decimal.String(), state})
		}
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, "There is no position to close.")
		return err
	}
	return printTable(w, []string{"ACCOUNT", "SYMBOL", "SIDE", "QTY", "STATE"}, rows)
}
