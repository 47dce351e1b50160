package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// createAdminCommand and createUserCommand are the older system's scripts of these names.
func createAdminCommand(env *Environment) *cobra.Command {
	command := newUserCommand(env, "create_admin", "Create an administrator of the dashboard", auth.Admin)
	command.Aliases = []string{"create-admin"}
	return command
}

func createUserCommand(env *Environment) *cobra.Command {
	command := newUserCommand(env, "create_user", "Create a user of the dashboard", auth.Trader)
	command.Aliases = []string{"create-user"}
	return command
}

type newUserFlags struct {
	username, email, role string
	passwordStdin, link   bool
	asJSON                *bool
}

// newUserCommand creates a user of the role; the role of others than administrators can be chosen.
func newUserCommand(env *Environment, name, short string, role auth.Role) *cobra.Command {
	command := &cobra.Command{
		Use: name, Short: short, Args: noArguments,
		Long: short + ". What the flags leave out is asked for at the terminal; a password does not show while it is typed.\nThe very first user becomes administrator.",
	}
	given := newUserFlags{role: string(role)}
	flags := command.Flags()
	flags.StringVar(&given.username, "username", "", "user `NAME`: 3 to 80 letters, digits, dots, underscores or hyphens")
	flags.StringVar(&given.email, "email", "", "e-mail `ADDRESS`")
	if role != auth.Admin {
		flags.StringVar(&given.role, "role", given.role, "`ROLE`: admin, trader or viewer")
	}
	flags.BoolVar(&given.passwordStdin, "password-stdin", false, "read the password from the first line of standard input")
	flags.BoolVar(&given.link, "link", false, "print a one-time link with which the user sets the password")
	given.asJSON = jsonFlag(command)
	notBoth(command, "password-stdin", "link")
	command.RunE = func(command *cobra.Command, _ []string) error {
		wanted, err := env.wantedUser(command.Context(), given)
		if err != nil {
			return err
		}
		return env.administering(command, func(a *daemon.Administration) error {
			user, link, err := a.AddUser(command.Context(), auth.Operator, wanted)
			if err != nil {
				return err
			}
			return env.reportNewUser(user, link, *given.asJSON)
		})
	}
	return command
}

// wantedUser takes what the flags say and asks for the rest, before the database is opened. What is
// wrong with an answer is said before the next question.
func (e *Environment) wantedUser(ctx context.Context, given newUserFlags) (app.WantedUser, error) {
	ask := newQuestions(e)
	wanted := app.WantedUser{Role: auth.Role(given.role)}
	err := auth.ValidateRole(wanted.Role)
	if err != nil {
		return app.WantedUser{}, err
	}
	if wanted.Username, err = ask.valid(ctx, given.username, "User name", "--username", auth.ValidateUsername); err != nil {
		return app.WantedUser{}, err
	}
	if wanted.Email, err = ask.valid(ctx, given.email, "E-mail address", "--email", auth.ValidateEmail); err != nil {
		return app.WantedUser{}, err
	}
	if given.link {
		return wanted, nil
	}
	wanted.Password, err = ask.newPassword(ctx, given.passwordStdin, func(password string) error {
		return auth.ValidatePassword(password, wanted.Username, wanted.Email)
	})
	return wanted, err
}

type newUserReport struct {
	ID        string    `json:"id"`
	Username  string    `json:"username"`
	Role      auth.Role `json:"role"`
	Link      string    `json:"link,omitempty"`
	ExpiresAt string    `json:"expires_at,omitempty"`
}

func (e *Environment) reportNewUser(user auth.User, link app.Link, asJSON bool) error {
	if asJSON || !link.Address.IsEmpty() {
		return e.printLink(user, link, asJSON)
	}
	_, err := fmt.Fprintf(e.Stdout, "Created %s (%s).\n", user.Username, user.Role)
	return err
}

// printLink prints a one-time link of the user, if there is one.
func (e *Environment) printLink(user auth.User, link app.Link, asJSON bool) error {
	report := newUserReport{ID: user.ID, Username: user.Username, Role: user.Role}
	if link.Address != (secret.Text{}) {
		report.Link, report.ExpiresAt = link.Address.Reveal(), link.ExpiresAt.UTC().Format(reportTime)
	}
	if asJSON {
		return printJSON(e.Stdout, report)
	}
	_, err := fmt.Fprintf(e.Stdout, "%s (%s) sets the password at this address, once, until %s:\n%s\n", user.Username, user.Role, report.ExpiresAt, report.Link)
	return err
}
