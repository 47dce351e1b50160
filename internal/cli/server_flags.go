package cli

import (
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/daemon"
)

// serverFlags are the flags of both commands that serve the dashboard.
type serverFlags struct {
	host                      string
	port                      int
	portGiven                 func() bool
	demo, dryRun, noScheduler bool
}

// newServerFlags adds them to the command, with what it says of its address and its market.
func newServerFlags(command *cobra.Command, host, demo string) *serverFlags {
	flags := command.Flags()
	f := &serverFlags{portGiven: func() bool { return flags.Changed("port") }}
	flags.StringVar(&f.host, "host", "", host)
	flags.IntVar(&f.port, "port", 0, "`PORT` to listen on; 0 takes a free one (default that of BIND)")
	flags.BoolVar(&f.demo, "demo", false, demo)
	flags.BoolVar(&f.dryRun, "dry-run", false, "decide and record, order nothing")
	flags.BoolVar(&f.noScheduler, "no-scheduler", false, "serve pages only; run no cycles")
	return f
}

// options are what daemon serves by the settings and the flags; address judges where it listens.
// The log is kept until end is called.
func (f *serverFlags) options(env *Environment, address func(bind, host string, port int, portGiven bool) (string, error)) (options daemon.Options, end func(), err error) {
	if err := config.RefuseBrokerSDKVariables(env.Source.Environ); err != nil {
		return options, nil, err
	}
	cfg, err := env.ConfigWithKeys()
	if err != nil {
		return options, nil, err
	}
	bind, err := address(cfg.Bind, f.host, f.port, f.portGiven())
	if err != nil {
		return options, nil, err
	}
	if end, err = env.keepLog(cfg); err != nil {
		return options, nil, err
	}
	cfg.TradingEnabled = cfg.TradingEnabled && !f.dryRun
	return daemon.Options{
		Config: cfg, Bind: bind, Demo: f.demo, Scheduler: !f.noScheduler,
		Stdout: env.Stdout, Log: env.Logger, Version: Version(), Folder: env.Source.Dir, Environ: env.Source.Environ,
		Supervisor: env.Source.Supervisor(),
	}, end, nil
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
