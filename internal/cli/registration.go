package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/daemon"
)

// usersRegistrationCommand shows or changes who may register.
func usersRegistrationCommand(env *Environment) *cobra.Command {
	return &cobra.Command{
		Use: "registration [open|invite|closed]", Short: "Show or change who may register",
		Long: "Show who may register, or change it: open (anybody), invite (who has a link of `users invite`), closed (nobody).\nServers follow within a second.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return env.administering(command, func(a *daemon.Administration) error {
				settings, err := a.AdminSettings(command.Context(), auth.Operator)
				if err == nil && len(args) > 0 {
					mode := auth.RegistrationMode(args[0])
					settings, err = a.ChangeInstallation(command.Context(), auth.Operator, app.InstallationChange{Registration: &mode})
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(env.Stdout, "Registration is %s.\n", settings.Registration)
				return err
			})
		},
	}
}

type inviteReport struct {
	ID        string    `json:"id"`
	Role      auth.Role `json:"role"`
	Link      string    `json:"link"`
	ExpiresAt string    `json:"expires_at"`
}

// usersInviteCommand prints a one-time link to register.
func usersInviteCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "invite", Short: "Print a one-time link with which somebody registers", Args: noArguments,
		Long: "Print a link with which one person registers, once, also where registration asks for invites.\nGive the link to nobody else: whoever has it registers.",
	}
	role := command.Flags().String("role", string(auth.Trader), "`ROLE` of the new user: trader or viewer")
	days := command.Flags().Int("days", int(auth.InviteLife/day), "the link works for so many `DAYS`, 90 at most")
	remark := command.Flags().String("note", "", "`TEXT` for the list of invites, such as whom it is for")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if *days < 1 {
			return usage("An invite lasts 1 to 90 days.")
		}
		return env.administering(command, func(a *daemon.Administration) error {
			wanted := app.WantedInvite{Role: auth.Role(*role), Life: time.Duration(*days) * day, Note: *remark}
			invite, link, err := a.Invite(command.Context(), auth.Operator, wanted)
			if err != nil {
				return err
			}
			report := inviteReport{invite.ID, invite.Role, link.Address.Reveal(), invite.ExpiresAt.UTC().Format(reportTime)}
			if *asJSON {
				return printJSON(env.Stdout, report)
			}
			_, err = fmt.Fprintf(env.Stdout, "A %s registers at this address, once, until %s:\n%s\n", report.Role, report.ExpiresAt, report.Link)
			return err
		})
	}
	return command
}

const day = 24 * time.Hour
