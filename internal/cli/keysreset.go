package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// keysResetReport is what keys reset prints.
type keysResetReport struct {
	Users    int    `json:"users"`    // who stay
	Accounts int    `json:"accounts"` // without broker keys now, and not automated
	Factors  int    `json:"factors"`  // authenticator apps that were removed
	SetAside string `json:"set_aside"`
}

// keysResetCommand is for a lost ENCRYPTION_KEY alone.
func keysResetCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "reset",
		Short: "Go on without a lost ENCRYPTION_KEY: what it sealed is removed",
		Long: "Go on without a lost ENCRYPTION_KEY. Set a new one (`keys generate`), stop every server, make a backup copy of the database.\n" +
			"Lost for good: broker keys, authenticator apps, recovery codes, the proof that earlier entries of the audit log were not changed.\n" +
			"Kept: users and their passwords, passkeys, settings, watchlists, journal, the entries of the audit log.\n" +
			"Accounts stay without keys and not automated; everybody is signed out.\n" +
			"Asks for the installation's id, which `db status` shows; --confirm ID answers beforehand.",
		Args: noArguments,
	}
	confirmed := command.Flags().String("confirm", "", "the installation's `ID`, instead of the question")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		cfg, err := env.ConfigWithKeys()
		if err != nil {
			return err
		}
		done, err := daemon.ResetKeys(command.Context(), cfg, env.Logger, func(installation string, loss store.Loss) error {
			lost := fmt.Sprintf("The broker keys of %d accounts and %d authenticator apps will be removed for good. Type the installation's id %s to go on", loss.Accounts, loss.Factors, installation)
			typed, err := newQuestions(env).unless(command.Context(), *confirmed, lost, "--confirm "+installation)
			if err == nil && typed != installation {
				err = fault.New(fault.Invalid, "The installation's id is %s, and %q was given. Nothing was changed.", installation, typed)
			}
			return err
		})
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(env.Stdout, keysResetReport{done.Users, done.Accounts, done.Factors, done.SetAside})
		}
		_, err = fmt.Fprintf(env.Stdout, "The keys are new. %d users stay; %d accounts need their broker keys again, %d authenticator apps must be set up again.\n", done.Users, done.Accounts, done.Factors)
		if err == nil && done.SetAside != "" {
			_, err = fmt.Fprintf(env.Stdout, "Old checkpoints of the audit log are in %s now.\n", done.SetAside)
		}
		return err
	}
	return command
}
