package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func reconcileCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "reconcile",
		Short: "Compare the journal of an account with the broker",
		Long: "Compare the journal of an account with the broker, as happens before each cycle and every five minutes anyway.\n" +
			"A difference twice in a row halts the account. With --adopt the broker's quantities are taken over as they are;\n" +
			"then `resume` goes on. Exit code 4: they differ.",
		Args: noArguments,
	}
	account := command.Flags().String("account", "", "`ACCOUNT` by name or id; without it that of ALPACA_API_KEY")
	adopt := command.Flags().Bool("adopt", false, "take the broker's quantities over as they are")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		return env.withTrader(command.Context(), func(trader *daemon.Trader) error {
			found, err := trader.Reconcile(command.Context(), auth.Operator, *account, *adopt)
			if err != nil {
				return err
			}
			if *asJSON {
				err = printJSON(env.Stdout, api.ReconciliationOf(found))
			} else if found.Passed {
				_, err = fmt.Fprintln(env.Stdout, "Journal and broker agree.")
			}
			if err == nil && !found.Passed {
				err = &codedError{exitHalted, fault.New(fault.Conflict, "Drift: %s", app.DriftSentence(found))}
			}
			return err
		})
	}
	return command
}
