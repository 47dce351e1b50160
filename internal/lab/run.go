// Package lab replays bars through the desk that trades. Only the broker and the journal are
// others: a simulated exchange in the same process, and a journal in memory.
package lab

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/perf"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// AccountID names the account of every run, as in client order ids.
const AccountID = "lab"

// Config says what to replay.
type Config struct {
	Settings trade.Settings
	Symbols  []string // in watchlist order; the order in which money is given out
	// Bars are closed and split-adjusted, oldest first. Those that close before From warm the
	// indicators up: engine.BarsNeeded of them are enough for every value to have settled.
	Bars     map[string][]trade.Bar
	From, To time.Time       // the slots of the settings' schedule after From until To are run
	Cash     decimal.Decimal // US dollars at From
	// Assets says what the broker allows; nil means that everything is tradable, in fractions
	// and short.
	Assets map[string]trade.Asset
	// Trading says how orders fill and what they cost, see package sim; the zero value is a margin
	// account without fees, slippage and spread.
	Trading sim.Trading
	// Progress is told how many of all bars are done, about a hundred times; nil: nobody asks.
	Progress func(done, total int)
	// Decided is told every cycle with its decisions; nil: nobody asks.
	Decided func(trade.Cycle)
}

// Run replays the bars and reports what the strategy would have done.
//
// Each slot of the schedule is one cycle of a desk.Desk, at a simulated exchange whose prices are
// the bars; docs/BACKTEST.md says how orders fill there. The same config gives the same report. A
// faulty config is a fault of kind Invalid; ctx stops the run with its error.
func Run(ctx context.Context, config Config) (Report, error) {
	if err := config.validate(); err != nil {
		return Report{}, err
	}
	r, err := newReplay(config)
	if err != nil {
		return Report{}, err
	}
	if r.exchange == nil { // no bars: nothing can happen
		return r.report(ctx)
	}
	for slot := r.start; ; {
		if slot, err = desk.NextRun(nil, config.Settings.Schedule, config.Settings.Timeframe, slot); err != nil {
			return Report{}, fault.Because(err, fault.Invalid, "The schedule makes no sense: %v.", err)
		}
		if slot.After(config.To) {
			break
		}
		if err := r.cycle(ctx, slot); err != nil {
			return Report{}, err
		}
	}
	if err := r.end(ctx); err != nil {
		return Report{}, err
	}
	return r.report(ctx)
}

func (c Config) validate() error {
	if err := c.Settings.Validate(); err != nil {
		return fault.Because(err, fault.Invalid, "The settings make no sense: %v.", err)
	}
	switch {
	case len(c.Symbols) == 0:
		return fault.New(fault.Invalid, "There is no symbol to replay: add one to the watchlist or name one.")
	case !c.From.Before(c.To):
		return fault.New(fault.Invalid, "The period must begin before it ends.")
	case !c.Cash.IsPositive():
		return fault.New(fault.Invalid, "The starting cash must be above zero.")
	}
	return nil
}

// replay is one run's state.
type replay struct {
	config   Config
	bars     history
	exchange *sim.Simulator // nil: there are no bars
	account  *sim.Account
	journal  *journal
	desk     *desk.Desk
	start    time.Time // of the exchange
	curve    []perf.Point
	skips    map[trade.Skip]int
	failures []string // sentences, each once
	done     int      // bars
}

// cycle moves the exchange to the slot and runs the desk.
func (r *replay) cycle(ctx context.Context, slot time.Time) error {
	if err := r.exchange.Advance(slot); err != nil {
		return err
	}
	cycle, err := r.desk.RunCycle(ctx, r.run(slot))
	if stopped := ctx.Err(); stopped != nil {
		return stopped
	}
	if err != nil || cycle.Outcome == trade.CycleSkipped {
		r.fails(cycle.Problem)
	}
	equity := cycle.Equity.Decimal
	if !cycle.Equity.Valid {
		seen, err := r.account.Account(ctx)
		if err != nil {
			return err
		}
		equity = seen.Equity
	}
	r.curve = append(r.curve, perf.Point{At: slot, Equity: equity})
	for _, decision := range cycle.Decisions {
		if decision.Skip != "" {
			r.skips[decision.Skip]++
		}
	}
	if r.config.Decided != nil {
		r.config.Decided(cycle)
	}
	r.progress(slot)
	return nil
}

// run is the slot's cycle as the desk is asked for it.
func (r *replay) run(slot time.Time) desk.Run {
	return desk.Run{
		AccountID: AccountID, Broker: broker{r.account, r.bars}, FeedName: AccountID, Settings: r.config.Settings,
		Symbols: r.config.Symbols, Slot: slot, MarketHoursOnly: r.config.Settings.Schedule.MarketHoursOnly, SimulatedTime: true,
	}
}

// end moves the exchange to the end of the period and takes over what has happened until then.
func (r *replay) end(ctx context.Context) error {
	if err := r.exchange.Advance(r.config.To); err != nil {
		return err
	}
	if _, err := r.desk.Reconcile(ctx, r.run(r.config.To)); err != nil {
		return err
	}
	if last := r.curve[len(r.curve)-1]; last.At.Before(r.config.To) {
		seen, err := r.account.Account(ctx)
		if err != nil {
			return err
		}
		if !seen.Equity.Equal(last.Equity) {
			r.curve = append(r.curve, perf.Point{At: r.config.To, Equity: seen.Equity})
		}
	}
	r.progress(r.config.To)
	return nil
}

func (r *replay) progress(now time.Time) {
	if r.config.Progress == nil {
		return
	}
	before, total := r.done, r.bars.count(r.config.Symbols, r.config.To)
	r.done = r.bars.count(r.config.Symbols, now)
	if step := total/100 + 1; before/step != r.done/step || now.Equal(r.config.To) {
		r.config.Progress(r.done, total)
	}
}

// fails keeps a sentence about what went wrong, once.
func (r *replay) fails(sentence string) {
	for _, known := range r.failures {
		if known == sentence {
			return
		}
	}
	r.failures = append(r.failures, sentence)
}
