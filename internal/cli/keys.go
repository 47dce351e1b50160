package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/daemon"
)

func keysCommand(env *Environment) *cobra.Command {
	group := &cobra.Command{Use: "keys", Short: "Make and rotate the installation's keys", Args: cobra.ArbitraryArgs, RunE: chooseCommand}
	group.AddCommand(keysGenerateCommand(env), keysRotateCommand(env), keysResetCommand(env))
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

// rotateReport is what keys rotate prints.
type rotateReport struct {
	DataKeys  int `json:"data_keys"` // of all users
	Rewrapped int `json:"rewrapped"` // by this run
}

// keysRotateCommand may run beside servers and be stopped at any moment; run again, it goes on.
func keysRotateCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "rotate",
		Short: "Move everything that is sealed to the present ENCRYPTION_KEY",
		Long: "Move everything that is sealed to the present ENCRYPTION_KEY.\n" +
			"Before: make a key with `keys generate`, set ENCRYPTION_KEY to it and ENCRYPTION_KEYS_OLD to the old one, and restart every server.\n" +
			"Servers go on serving meanwhile. A run that was stopped is taken up by the next one; docs/KEYS.md has the whole list.",
		Args: noArguments,
	}
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		cfg, err := env.ConfigWithKeys()
		if err != nil {
			return err
		}
		rotated, err := daemon.RotateKeys(command.Context(), cfg, env.Logger, func(so app.Rotated) {
			fmt.Fprintf(env.Stderr, "%d of %d data keys moved\n", so.DataKeys-so.Left, so.DataKeys)
		})
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(env.Stdout, rotateReport{rotated.DataKeys, rotated.Rewrapped})
		}
		_, err = fmt.Fprintf(env.Stdout, "All %d data keys are under the present ENCRYPTION_KEY; %d were moved now.\n", rotated.DataKeys, rotated.Rewrapped)
		return err
	}
	return command
}
