package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/daemon"
)

func healthCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "health",
		Short: "Ask a running server whether it is ready; the exit code is 1 when not",
		Args:  noArguments,
	}
	address := command.Flags().String("url", "", "`ADDRESS` of the server, such as http://127.0.0.1:5000 (default that of BIND)")
	command.RunE = func(command *cobra.Command, _ []string) error {
		if *address == "" {
			cfg, err := env.Config()
			if err != nil {
				return err
			}
			*address = daemon.LocalAddress(cfg)
		}
		if err := daemon.CheckHealth(command.Context(), *address); err != nil {
			return err
		}
		_, err := fmt.Fprintln(env.Stdout, "ready")
		return err
	}
	return command
}
