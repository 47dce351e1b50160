package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/daemon"
)

func usersCommand(env *Environment) *cobra.Command {
	group := &cobra.Command{
		Use: "users", Short: "Administer the dashboard's users",
		Long: "Administer the users of the dashboard on the database of DATABASE_URL. Servers may run meanwhile; they follow within a second.",
		Args: cobra.ArbitraryArgs, RunE: chooseCommand,
	}
	group.AddCommand(
		usersListCommand(env),
		newUserCommand(env, "create", "Create a user", auth.Trader),
		newUserCommand(env, "create-admin", "Create an administrator", auth.Admin),
		userAct(env, "disable", "Disable a user and end the user's sessions", disableUser(true), "%s is disabled.\n"),
		userAct(env, "enable", "Enable a user again", disableUser(false), "%s is enabled.\n"),
		usersSetRoleCommand(env),
		usersResetPasswordCommand(env),
		userAct(env, "reset-2fa", "Remove a user's second factors and end the user's sessions", resetFactors, "%s signs in with the password alone again.\n"),
		usersInviteCommand(env),
		usersRegistrationCommand(env),
		userAct(env, "end-sessions", "Sign a user out everywhere", endSessions, "%s is signed out everywhere.\n"),
	)
	return group
}

// administering runs the work on the installation's database.
func (e *Environment) administering(command *cobra.Command, work func(*daemon.Administration) error) error {
	cfg, err := e.ConfigWithKeys()
	if err != nil {
		return err
	}
	administration, err := daemon.OpenAdministration(command.Context(), cfg, e.Logger)
	if err != nil {
		return err
	}
	defer administration.Close()
	return work(administration)
}

// onUser runs the work on the user of the name or e-mail address.
func (e *Environment) onUser(command *cobra.Command, login string, work func(*daemon.Administration, auth.User) error) error {
	return e.administering(command, func(a *daemon.Administration) error {
		user, err := a.UserNamed(command.Context(), auth.Operator, login)
		if err != nil {
			return err
		}
		return work(a, user)
	})
}

type userReport struct {
	ID        string    `json:"id"`
	Username  string    `json:"username"`
	Email     string    `json:"email"`
	Role      auth.Role `json:"role"`
	Disabled  bool      `json:"disabled"`
	TwoFactor bool      `json:"two_factor"`
	CreatedAt string    `json:"created_at"`
	LastLogin *string   `json:"last_login"`
	Sessions  int       `json:"sessions"`
}

const reportTime = "2006-01-02T15:04:05Z"

func reportUser(r auth.UserRecord) userReport {
	report := userReport{
		ID: r.ID, Username: r.Username, Email: r.Email, Role: r.Role, Disabled: r.Disabled, TwoFactor: r.TwoFactor,
		CreatedAt: r.CreatedAt.UTC().Format(reportTime), Sessions: r.Sessions,
	}
	if !r.LastLogin.IsZero() {
		at := r.LastLogin.UTC().Format(reportTime)
		report.LastLogin = &at
	}
	return report
}

func (r userReport) row() []string {
	state, factor, login := "enabled", "no", "never"
	if r.Disabled {
		state = "disabled"
	}
	if r.TwoFactor {
		factor = "yes"
	}
	if r.LastLogin != nil {
		login = *r.LastLogin
	}
	return []string{r.Username, r.Email, string(r.Role), state, factor, strconv.Itoa(r.Sessions), login}
}

func usersListCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{Use: "list", Short: "List the users", Args: noArguments}
	search := command.Flags().String("search", "", "only users whose name or e-mail address contains `TEXT`")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		return env.administering(command, func(a *daemon.Administration) error {
			users, err := allUsers(command, a, *search)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(env.Stdout, users)
			}
			rows := make([][]string, len(users))
			for i, user := range users {
				rows[i] = user.row()
			}
			return printTable(env.Stdout, []string{"USERNAME", "EMAIL", "ROLE", "STATE", "2FA", "SESSIONS", "LAST LOGIN"}, rows)
		})
	}
	return command
}

func allUsers(command *cobra.Command, a *daemon.Administration, search string) ([]userReport, error) {
	users := []userReport{}
	query := auth.UserQuery{Text: search, Limit: auth.LongestUserPage}
	for {
		page, err := a.ListUsers(command.Context(), auth.Operator, query)
		if err != nil {
			return nil, err
		}
		for _, record := range page.Users {
			users = append(users, reportUser(record))
		}
		if query.After = page.Next; page.Next == "" {
			return users, nil
		}
	}
}

// userAct is a command that does one thing to one user and says so.
func userAct(env *Environment, name, short string, act func(*cobra.Command, *daemon.Administration, auth.User) error, done string) *cobra.Command {
	return &cobra.Command{
		Use: name + " USER", Short: short, Args: exactly("USER"),
		RunE: func(command *cobra.Command, args []string) error {
			return env.onUser(command, args[0], func(a *daemon.Administration, user auth.User) error {
				if err := act(command, a, user); err != nil {
					return err
				}
				_, err := fmt.Fprintf(env.Stdout, done, user.Username)
				return err
			})
		},
	}
}

func disableUser(disabled bool) func(*cobra.Command, *daemon.Administration, auth.User) error {
	return func(command *cobra.Command, a *daemon.Administration, user auth.User) error {
		_, err := a.ChangeUser(command.Context(), auth.Operator, user.ID, auth.UserChange{Disabled: &disabled})
		return err
	}
}

func resetFactors(command *cobra.Command, a *daemon.Administration, user auth.User) error {
	return a.ResetSecondFactor(command.Context(), auth.Operator, user.ID)
}

func endSessions(command *cobra.Command, a *daemon.Administration, user auth.User) error {
	_, err := a.EndUserSessions(command.Context(), auth.Operator, user.ID)
	return err
}

func usersSetRoleCommand(env *Environment) *cobra.Command {
	return &cobra.Command{
		Use: "set-role USER ROLE", Short: "Make a user admin, trader or viewer", Args: exactly("USER", "ROLE"),
		RunE: func(command *cobra.Command, args []string) error {
			role := auth.Role(args[1])
			return env.onUser(command, args[0], func(a *daemon.Administration, user auth.User) error {
				changed, err := a.ChangeUser(command.Context(), auth.Operator, user.ID, auth.UserChange{Role: &role})
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(env.Stdout, "%s is now %s.\n", changed.Username, changed.Role)
				return err
			})
		},
	}
}

func usersResetPasswordCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "reset-password USER", Short: "Print a one-time link with which a user sets a password", Args: exactly("USER"),
		Long: "Print a link with which the user sets a password, once and within 24 hours. Until then the old password stays.\nGive the link to nobody else: whoever has it sets the password.",
	}
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		return env.onUser(command, args[0], func(a *daemon.Administration, user auth.User) error {
			link, err := a.ResetPassword(command.Context(), auth.Operator, user.ID)
			if err != nil {
				return err
			}
			return env.printLink(user, link, *asJSON)
		})
	}
	return command
}

// exactly is the Args of a command that takes these arguments.
func exactly(names ...string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return usage("The command is `%s %s`; %d given after it.", command.CommandPath(), strings.Join(names, " "), len(args))
	}
}
