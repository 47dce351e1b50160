// Package lab replays bars through the engine that trades: the same Evaluate, the same Plan, fed
// bar by bar, with an account that exists in memory only.
package lab

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/perf"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Config says what to replay.
type Config struct {
	Settings trade.Settings
	Symbols  []string // in watchlist order; the order in which money is given out
	// Bars are closed and split-adjusted, oldest first. Those that close before From warm the
	// indicators up: engine.BarsNeeded of them are enough for every value to have settled.
	Bars     map[string][]trade.Bar
	From, To time.Time       // decisions fall on the bars that close in [From, To]
	Cash     decimal.Decimal // US dollars at From
	// Assets says what the broker allows; nil means that everything is tradable, in fractions
	// and short.
	Assets map[string]trade.Asset
	// Progress is told how many of all bars are done, about a hundred times; nil: nobody asks.
	Progress func(done, total int)
}

// Run replays the bars and reports what the strategy would have done.
//
// A decision at a bar's close is filled at the open of the symbol's next bar, whole, without fee
// or slippage. The account lends nothing: entries are paid from equity that is not bound in
// positions, long or short, or in orders. (A market order for whole shares may fill above the
// close that it was sized on, so cash can fall a little below zero.) The same config gives the
// same report. A faulty config is a fault of kind Invalid; ctx stops the run with its error.
func Run(ctx context.Context, config Config) (Report, error) {
	if err := config.validate(); err != nil {
		return Report{}, err
	}
	replay := newReplay(config)
	events := replay.events()
	step := len(events)/100 + 1
	for done := 0; done < len(events); {
		if err := ctx.Err(); err != nil {
			return Report{}, err
		}
		next := sameMoment(events, done)
		replay.handle(events[done:next])
		if config.Progress != nil && (done/step != next/step || next == len(events)) {
			config.Progress(next, len(events))
		}
		done = next
	}
	return replay.report(), nil
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
	config     Config
	evaluators []*engine.Evaluator // by the symbol's place in config.Symbols
	account    *account
	assets     map[string]trade.Asset
	curve      []perf.Point
	skips      map[trade.Skip]int
	intents    int
}

func newReplay(config Config) *replay {
	r := &replay{
		config: config, account: newAccount(config), assets: config.Assets, skips: map[trade.Skip]int{},
		curve: []perf.Point{{At: config.From, Equity: config.Cash}},
	}
	for _, symbol := range config.Symbols {
		r.evaluators = append(r.evaluators, engine.NewEvaluator(symbol, config.Settings))
	}
	if r.assets == nil {
		r.assets = map[string]trade.Asset{}
		for _, symbol := range config.Symbols {
			r.assets[symbol] = trade.Asset{
				Symbol: symbol, Tradable: true, Fractionable: true, Shortable: true, EasyToBorrow: true,
			}
		}
	}
	return r
}

// event is a bar's open or its close.
type event struct {
	at     time.Time
	opens  bool
	symbol int // place in config.Symbols
	bar    trade.Bar
}

// events lists all opens and closes up to To in the order in which they happen. A bar that
// closes at the moment at which the next one opens closes first, so its decision is filled there.
func (r *replay) events() []event {
	var events []event
	for place, symbol := range r.config.Symbols {
		for _, bar := range r.config.Bars[symbol] {
			if !bar.End.After(r.config.To) {
				events = append(events, event{bar.Start, true, place, bar}, event{bar.End, false, place, bar})
			}
		}
	}
	slices.SortStableFunc(events, func(a, b event) int {
		if order := a.at.Compare(b.at); order != 0 || a.opens == b.opens {
			return order
		}
		if b.opens {
			return -1
		}
		return 1
	})
	return events
}

// sameMoment returns the end of the run of events that happen together with the one at start.
func sameMoment(events []event, start int) int {
	end := start + 1
	for end < len(events) && events[end].at.Equal(events[start].at) && events[end].opens == events[start].opens {
		end++
	}
	return end
}

func (r *replay) handle(together []event) {
	if together[0].opens {
		for _, open := range together {
			r.account.fill(r.config.Symbols[open.symbol], open.bar)
		}
		return
	}
	r.close(together)
}

// close feeds the bars that close now and decides on them.
func (r *replay) close(together []event) {
	now := together[0].at
	slices.SortStableFunc(together, func(a, b event) int { return a.symbol - b.symbol })
	var signals []trade.Signal
	for _, closed := range together {
		r.evaluators[closed.symbol].Feed(closed.bar)
		r.account.mark(r.config.Symbols[closed.symbol], closed.bar.Close)
		if !now.Before(r.config.From) {
			signals = append(signals, r.evaluators[closed.symbol].Signal())
		}
	}
	if len(signals) > 0 {
		r.decide(now, signals)
		r.curve = append(r.curve, perf.Point{At: now, Equity: r.account.equity()})
	}
}

func (r *replay) decide(now time.Time, signals []trade.Signal) {
	decisions := engine.Plan(engine.PlanInput{
		AccountID: "lab", CreatedAt: now, Deadline: now,
		Settings: r.config.Settings, Signals: signals, Portfolio: r.account.portfolio(), Assets: r.assets,
		NewID: func() string { r.intents++; return strconv.Itoa(r.intents) },
	})
	for _, decision := range decisions {
		if decision.Intent == nil {
			r.skips[decision.Skip]++
			continue
		}
		r.account.submit(*decision.Intent, decision.Signal.Price)
	}
}
