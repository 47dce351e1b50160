package cli

import (
	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/config"
)

// commands is the list of commands, in the order of the help text.
func commands(env *Environment) []*cobra.Command {
	return []*cobra.Command{
		dashboardSecureCommand(env),
		dashboardCommand(env),
		healthCommand(env),
		scanCommand(env),
		tradeCommand(env),
		scheduleCommand(env),
		headlessCommand(env),
		runOnceCommand(env),
		statusCommand(env),
		haltCommand(env),
		resumeCommand(env),
		flattenCommand(env),
		explainCommand(env),
		reconcileCommand(env),
		backtestCommand(env),
		simulatorCommand(env),
		databaseCommand(env),
		backupCommand(env),
		importCommand(env),
		auditCommand(env),
		keysCommand(env),
		usersCommand(env),
		createAdminCommand(env),
		createUserCommand(env),
		doctorCommand(env),
		configCommand(env),
		openAPICommand(env),
		completionCommand(env),
		versionCommand(env),
	}
}

func newRoot(env *Environment) *cobra.Command {
	root := &cobra.Command{
		Use:           "alpaca-trader",
		Short:         "Self-hosted automated trading for brokerage accounts at Alpaca",
		Long:          "Self-hosted automated trading for brokerage accounts at Alpaca.\nNot affiliated with Alpaca. Trading risks money.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return env.setLogLevel()
		},
		RunE: chooseCommand,
	}
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return usage("%s; `%s --help` lists the flags.", err, command.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.StringVar(&env.configFile, "config", "", "strategy `FILE` (default "+config.DefaultStrategyFile+")")
	flags.StringVar(&env.watchlistFile, "watchlist", "", "watchlist `FILE` (default "+config.DefaultWatchlistFile+")")
	flags.StringVar(&env.logLevel, "log-level", "", "lowest `LEVEL` that is logged: debug, info, warning or error (default LOG_LEVEL)")
	cobra.EnableCommandSorting = false
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(commands(env)...)
	return root
}

// chooseCommand runs when no command of a group was named: it shows the group's help, or says
// that there is no such command.
func chooseCommand(group *cobra.Command, args []string) error {
	if len(args) == 0 {
		return group.Help()
	}
	group.SuggestionsMinimumDistance = 2
	if near := group.SuggestionsFor(args[0]); len(near) > 0 {
		return usage("There is no command %q; did you mean %s?", args[0], near[0])
	}
	return usage("There is no command %q; `%s --help` lists the commands.", args[0], group.CommandPath())
}

// noArguments is the Args of a command that takes flags only.
func noArguments(command *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no argument, and %q was given.", command.CommandPath(), args[0])
	}
	return nil
}

// notBoth makes two flags of the command exclude each other.
func notBoth(command *cobra.Command, one, other string) {
	command.MarkFlagsMutuallyExclusive(one, other) // completions offer one of them
	command.PreRunE = func(command *cobra.Command, _ []string) error {
		if command.Flags().Changed(one) && command.Flags().Changed(other) {
			return usage("Give --%s or --%s, not both.", one, other)
		}
		return nil
	}
}
