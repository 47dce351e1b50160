package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/config"
)

func keysCommand(env *Environment) *cobra.Command {
	group := &cobra.Command{Use: "keys", Short: "Make the installation's keys", Args: cobra.ArbitraryArgs, RunE: chooseCommand}
	group.AddCommand(keysGenerateCommand(env))
	return group
}

type keysReport struct {
	SecretKey     string `json:"SECRET_KEY"`
	EncryptionKey string `json:"ENCRYPTION_KEY"`
}

// keysGenerateCommand prints new keys and stores nothing: the operator decides where they live.
func keysGenerateCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "generate",
		Short: "Print a new SECRET_KEY and ENCRYPTION_KEY for .env",
		Long: "Print a new SECRET_KEY and ENCRYPTION_KEY as lines for .env; nothing is stored.\n" +
			"Do this once for an installation: broker keys that are stored already open only with the ENCRYPTION_KEY that sealed them.",
		Args: noArguments,
	}
	asJSON := jsonFlag(command)
	command.RunE = func(*cobra.Command, []string) error {
		keys := config.GenerateKeys()
		if *asJSON {
			return printJSON(env.Stdout, keysReport{keys.SecretKey.Reveal(), keys.EncryptionKey.Reveal()})
		}
		_, err := io.WriteString(env.Stdout, keys.Dotenv())
		return err
	}
	return command
}
