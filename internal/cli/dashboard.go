package cli

import (
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func dashboardCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "dashboard",
		Short: "Serve the dashboard for one user of this machine, without a sign-in",
		Long: "Serve the dashboard for one user of this machine, without a sign-in, and run the cycles of its account:\n" +
			"that of ALPACA_API_KEY, or with --demo one of a simulated market. It listens on this machine only.\n" +
			"What settings.yaml and watchlist.yaml say is changed in those files; without a file it is changed on the pages.",
		Args: noArguments,
	}
	flags := newServerFlags(command, "loopback `ADDRESS` to listen on (default that of BIND)", "trade on the demonstration market")
	command.RunE = func(command *cobra.Command, _ []string) error {
		options, end, err := flags.options(env, loopbackAddress)
		if err != nil {
			return err
		}
		defer end()
		single, err := env.singleUser()
		if err != nil {
			return err
		}
		return daemon.ServeSingle(command.Context(), options, single)
	}
	return command
}

// loopbackAddress is bindAddress that refuses what other machines could reach.
func loopbackAddress(bind, host string, port int, portGiven bool) (string, error) {
	address, err := bindAddress(bind, host, port, portGiven)
	if err != nil {
		return "", err
	}
	asked := "--host"
	if host == "" {
		asked = "BIND"
	}
	return address, daemon.RequireLoopback(asked, address)
}

// singleUser reads the YAML files that there are. A file that the command line names must be there.
func (e *Environment) singleUser() (single daemon.SingleUser, err error) {
	single.Settings, single.Files.Settings, err = fileOf(e.configFile, config.DefaultStrategyFile, config.LoadStrategy)
	if err != nil {
		return single, err
	}
	single.Watchlist, single.Files.Watchlist, err = fileOf(e.watchlistFile, config.DefaultWatchlistFile, config.LoadWatchlist)
	return single, err
}

// fileOf loads the given file, or the one at the default place, and says which it was; empty when
// there is none.
func fileOf[T any](given, place string, load func(string) (T, error)) (loaded T, file string, err error) {
	file = given
	if file == "" {
		file = place
	}
	loaded, err = load(file)
	if given == "" && fault.Is(err, fault.NotFound) && errors.Is(err, fs.ErrNotExist) {
		return loaded, "", nil
	}
	return loaded, file, err
}
