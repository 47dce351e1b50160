package cli

import (
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/daemon"
)

func dashboardSecureCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "dashboard-secure",
		Short: "Serve the dashboard for signed-in users, and trade for those who automate",
		Long: "Serve the dashboard for signed-in users, and run the cycles of automated accounts.\n" +
			"The first user to register becomes the administrator.\n" +
			"With --demo a simulated market runs inside the server and every new user gets a demonstration account in it.",
		Args: noArguments,
	}
	flags := command.Flags()
	host := flags.String("host", "", "`ADDRESS` to listen on (default that of BIND)")
	port := flags.Int("port", 0, "`PORT` to listen on; 0 takes a free one (default that of BIND)")
	demo := flags.Bool("demo", false, "run the demonstration market")
	wait := flags.Duration("wait", 0, "when the address is in use, wait so `LONG` for its program to end, then take over")
	dryRun := flags.Bool("dry-run", false, "decide and record, order nothing")
	noScheduler := flags.Bool("no-scheduler", false, "serve pages only; run no cycles")
	command.RunE = func(command *cobra.Command, _ []string) error {
		if err := config.RefuseBrokerSDKVariables(env.Source.Environ); err != nil {
			return err
		}
		cfg, err := env.ConfigWithKeys()
		if err != nil {
			return err
		}
		bind, err := bindAddress(cfg.Bind, *host, *port, flags.Changed("port"))
		if err != nil {
			return err
		}
		cfg.TradingEnabled = cfg.TradingEnabled && !*dryRun
		closeLog, err := env.keepLog(cfg)
		if err != nil {
			return err
		}
		defer closeLog()
		return daemon.Serve(command.Context(), daemon.Options{
			Config: cfg, Bind: bind, Demo: *demo, Scheduler: !*noScheduler,
			Stdout: env.Stdout, Log: env.Logger, Version: Version(), Folder: env.Source.Dir, Environ: env.Source.Environ,
			Supervisor: env.Source.Supervisor(), Wait: *wait,
		})
	}
	return command
}

// bindAddress is BIND with the host and the port of the flags, where they were given.
func bindAddress(bind, host string, port int, portGiven bool) (string, error) {
	configuredHost, configuredPort, err := net.SplitHostPort(bind)
	if err != nil {
		return "", usage("BIND %q is not host:port.", bind)
	}
	if host == "" {
		host = configuredHost
	}
	if !portGiven {
		return net.JoinHostPort(host, configuredPort), nil
	}
	if port < 0 || port > 65535 {
		return "", usage("--port %d is not a port; use 0 to 65535.", port)
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}
