package cli

import (
	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/daemon"
)

func dashboardSecureCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "dashboard-secure",
		Short: "Serve the dashboard for signed-in users, and trade for those who automate",
		Long: "Serve the dashboard for signed-in users, and run the cycles of automated accounts.\n" +
			"The first user to register becomes the administrator.\n" +
			"With --demo a simulated market runs inside the server and every new user gets a demonstration account in it.",
		Args: noArguments,
	}
	flags := newServerFlags(command, "`ADDRESS` to listen on (default that of BIND)", "run the demonstration market")
	wait := command.Flags().Duration("wait", 0, "when the address is in use, wait so `LONG` for its program to end, then take over")
	command.RunE = func(command *cobra.Command, _ []string) error {
		options, end, err := flags.options(env, bindAddress)
		if err != nil {
			return err
		}
		defer end()
		options.Wait = *wait
		return daemon.Serve(command.Context(), options)
	}
	return command
}
