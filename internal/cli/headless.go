package cli

import (
	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// headlessCommand is the headless trader of the Python system: no page, settings in YAML, one
// account in the environment.
func headlessCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "headless",
		Short: "Trade without a dashboard until stopped: settings in YAML, one account in the environment",
		Long: "Trade without a dashboard until stopped: settings in YAML, one account in the environment\n" +
			"(ALPACA_API_KEY, ALPACA_SECRET_KEY, ALPACA_PAPER). It begins by comparing the journal with the broker.\n" +
			"It orders only with TRADING_ENABLED=true; without it, it starts with --dry-run alone.",
		Args: noArguments,
	}
	dryRun := command.Flags().Bool("dry-run", false, "decide and record, order nothing")
	command.RunE = func(command *cobra.Command, _ []string) error {
		cfg, err := env.Config()
		if err != nil {
			return err
		}
		if !cfg.TradingEnabled && !*dryRun {
			return fault.New(fault.Invalid, "TRADING_ENABLED is not true, so nothing would be ordered. Set TRADING_ENABLED=true to trade, or give --dry-run to watch.")
		}
		closeLog, err := env.keepLog(cfg)
		if err != nil {
			return err
		}
		defer closeLog()
		job, err := env.openTrading(command.Context(), nil, *dryRun)
		if err != nil {
			return err
		}
		defer job.session.Close()
		run, err := job.run(command.Context(), env.now(), false)
		if err != nil {
			return err
		}
		found, err := job.session.Desk.Reconcile(command.Context(), run)
		if err != nil {
			return err
		}
		env.Logger.Info("journal compared with the broker", "mode", job.account.Mode, "agree", found.Passed, "symbols", len(job.symbols), "dry_run", job.dryRun)
		return env.runSchedule(command.Context(), job)
	}
	return command
}
