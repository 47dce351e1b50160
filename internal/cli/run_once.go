package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// runOnceCommand is for cron and the like: its exit code says how the cycle went.
func runOnceCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "run-once",
		Short: "Run one trading cycle now, for cron; the exit code says how it went",
		Long: "Run one trading cycle now and end, for cron and the like.\n" +
			"Without --all: the account of ALPACA_API_KEY with the settings in YAML. With --all: every automated account of the database,\n" +
			"each by its own strategy. Running it twice orders nothing twice.\n\n" +
			"Exit codes: 0 done; 1 not begun (a setting or the database); 2 wrong command line; 3 the market is closed;\n" +
			"4 trading is halted; 5 a cycle failed (its record says why); 6 another process is busy with the account. With --all: the worst of them.",
		Args: noArguments,
	}
	all := command.Flags().Bool("all", false, "every automated account of the database")
	dryRun := command.Flags().Bool("dry-run", false, "decide and record, order nothing")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if *all {
			return env.runAll(command.Context(), *dryRun, *asJSON)
		}
		return env.runLocal(command.Context(), *dryRun, *asJSON)
	}
	return command
}

// runLocal runs one cycle of the account of the settings.
func (e *Environment) runLocal(ctx context.Context, dryRun, asJSON bool) error {
	job, err := e.openTrading(ctx, nil, dryRun)
	if err != nil {
		return err
	}
	defer job.session.Close()
	run, err := job.run(ctx, e.now(), job.settings.Schedule.MarketHoursOnly)
	if err != nil {
		return err
	}
	cycle, err := job.session.Desk.RunCycle(ctx, run)
	if cycle.ID != "" {
		show := func() error { return printCycle(e.Stdout, cycle) }
		if asJSON {
			show = func() error { return job.printJSON(ctx, e.Stdout, cycle) }
		}
		if trouble := show(); trouble != nil {
			return trouble
		}
	}
	standing, trouble := job.session.Standing(ctx, run.AccountID)
	return coded(cycle, standing, errors.Join(err, trouble))
}

// coded gives the outcome of a cycle its exit code.
func coded(cycle trade.Cycle, standing trade.Standing, err error) error {
	switch {
	case cycle.ID == "" && fault.Is(err, fault.Conflict):
		return &codedError{exitBusy, err}
	case cycle.ID == "":
		return err
	case standing.State == trade.Halted && cycle.Outcome != trade.CycleDone:
		return &codedError{exitHalted, firstError(err, fault.New(fault.Conflict, "%s", cycle.Problem))}
	case cycle.Outcome == trade.CycleFailed || err != nil:
		return &codedError{exitCycle, err}
	case cycle.Outcome == trade.CycleSkipped:
		return &codedError{exitSkipped, nil}
	default:
		return nil
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// ranAccount is what run-once --all says of one account.
type ranAccount struct {
	Account string `json:"account"`
	ID      string `json:"id"`
	Code    int    `json:"exit_code"`
	Problem string `json:"problem"`
	Cycle   any    `json:"cycle"`

	cycle trade.Cycle
}

// accountsAtOnce is how many accounts are run beside each other.
const accountsAtOnce = 4

// runAll runs one cycle of every automated account.
func (e *Environment) runAll(ctx context.Context, dryRun, asJSON bool) error {
	return e.withTrader(ctx, func(trader *daemon.Trader) error {
		accounts, err := trader.Automation.Automated(ctx)
		if err != nil {
			return err
		}
		ran := make([]ranAccount, len(accounts))
		var running sync.WaitGroup
		places := make(chan struct{}, accountsAtOnce)
		for i, account := range accounts {
			places <- struct{}{}
			running.Go(func() {
				defer func() { <-places }()
				ran[i] = e.runAccount(ctx, trader, account, dryRun)
			})
		}
		running.Wait()
		return e.showRan(ran, asJSON)
	})
}

func (e *Environment) runAccount(ctx context.Context, trader *daemon.Trader, account trade.BrokerageAccount, dryRun bool) ranAccount {
	cycle, err := trader.Automation.RunNow(ctx, account.ID, dryRun)
	ran := ranAccount{Account: account.Name, ID: account.ID, cycle: cycle}
	trading, trouble := trader.AccountTrading(ctx, auth.Operator, account.ID)
	err = coded(cycle, trading.InForce, errors.Join(err, trouble))
	var code *codedError
	switch {
	case errors.As(err, &code):
		ran.Code, err = code.code, code.err
	case err != nil:
		ran.Code = exitFailed
	}
	if err != nil {
		ran.Problem = fault.Public(err)
	}
	if cycle.ID != "" {
		ran.Cycle = api.CycleOf(app.CycleReport{Cycle: cycle})
	}
	return ran
}

func (e *Environment) showRan(ran []ranAccount, asJSON bool) error {
	worst := exitOK
	for _, one := range ran {
		worst = max(worst, one.Code)
	}
	if err := e.printRan(ran, asJSON); err != nil || worst == exitOK {
		return err
	}
	return &codedError{code: worst}
}

func (e *Environment) printRan(ran []ranAccount, asJSON bool) error {
	if asJSON {
		return printJSON(e.Stdout, ran)
	}
	if len(ran) == 0 {
		_, err := fmt.Fprintln(e.Stdout, "No account is automated.")
		return err
	}
	for _, one := range ran {
		if _, err := fmt.Fprintf(e.Stdout, "%s (%s)\n", one.Account, one.ID); err != nil {
			return err
		}
		if one.cycle.ID != "" {
			if err := printCycle(e.Stdout, one.cycle); err != nil {
				return err
			}
		}
		if one.Problem != "" {
			e.complain(one.Account + ": " + one.Problem)
		}
	}
	return nil
}
