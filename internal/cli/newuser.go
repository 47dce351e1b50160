package cli

import (
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
	command.MarkFlagsMutuallyExclusive("password-stdin", "link")
	command.RunE = func(command *cobra.Command, _ []string) error {
		wanted, err := env.wantedUser(given)
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

// wantedUser takes what the flags say and asks for the rest, before the database is opened.
func (e *Environment) wantedUser(given newUserFlags) (app.WantedUser, error) {
	ask := newQuestions(e)
	wanted := app.WantedUser{Role: auth.Role(given.role)}
	var err error
	if wanted.Username, err = ask.unless(given.username, "User name", "--username"); err != nil {
		return app.WantedUser{}, err
	}
	if wanted.Email, err = ask.unless(given.email, "E-mail address", "--email"); err != nil {
		return app.WantedUser{}, err
	}
	if err := firstProblem(auth.ValidateUsername(wanted.Username), auth.ValidateEmail(wanted.Email), auth.ValidateRole(wanted.Role)); err != nil {
		return app.WantedUser{}, err
	}
	if given.link {
		return wanted, nil
	}
	if wanted.Password, err = ask.newPassword(given.passwordStdin); err != nil {
		return app.WantedUser{}, err
	}
	return wanted, auth.ValidatePassword(wanted.Password.Reveal(), wanted.Username, wanted.Email)
}

func firstProblem(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
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
