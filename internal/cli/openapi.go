package cli

import (
	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/api"
)

func openAPICommand(env *Environment) *cobra.Command {
	return &cobra.Command{
		Use:   "openapi",
		Short: "Print the OpenAPI description of the dashboard's interface",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			description, err := api.OpenAPI(Version())
			if err != nil {
				return err
			}
			_, err = env.Stdout.Write(append(description, '\n'))
			return err
		},
	}
}
