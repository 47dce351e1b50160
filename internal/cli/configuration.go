package cli

import (
	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/config"
)

func configCommand(env *Environment) *cobra.Command {
	group := &cobra.Command{Use: "config", Short: "Show the settings", Args: cobra.ArbitraryArgs, RunE: chooseCommand}
	group.AddCommand(configShowCommand(env))
	return group
}

func configShowCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "show", Short: "Show every setting and where its value comes from; secrets stay hidden", Args: noArguments,
		Long: "Show every setting and where its value comes from: environment, .env or default. Secrets stay hidden.\n" +
			"Settings that do not make sense together are said afterwards, with exit code 1.",
	}
	asJSON := jsonFlag(command)
	command.RunE = func(*cobra.Command, []string) error {
		origins, err := config.Origins(env.Source)
		if err != nil {
			return err
		}
		if *asJSON {
			err = printJSON(env.Stdout, origins)
		} else {
			rows := make([][]string, len(origins))
			for i, o := range origins {
				from := o.From
				if o.As != "" && o.As != o.Name {
					from += " (" + o.As + ")"
				}
				rows[i] = []string{o.Name, printable(o.Value), from}
			}
			err = printTable(env.Stdout, []string{"SETTING", "VALUE", "FROM"}, rows)
		}
		if err != nil {
			return err
		}
		_, err = env.Config()
		return err
	}
	return command
}
