// Package desk runs one cycle of one brokerage account: resolve what an earlier run left open,
// compare journal and broker, gather closed bars and the portfolio, decide, journal, submit, record.
//
// The order of these steps is the product's promise. An intent is committed to the journal before
// it is sent, under an id that anyone who makes the same decision again would compute again; a
// crash, a retry or a second replica therefore finds the intent instead of making another order.
package desk

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Broker is what a cycle needs of one brokerage account: trading and market data.
type Broker interface {
	engine.Broker
	market.Source
}

// Bars is where decisions get their closed bars; market.Feed is one.
type Bars interface {
	Closed(ctx context.Context, source market.Source, name string, symbols []string, timeframe trade.Timeframe, need int, now time.Time) (map[string][]trade.Bar, error)
}

// Config is what a Desk works with. Fields are required unless they say otherwise.
type Config struct {
	Journal  engine.Journal
	Bars     Bars
	Clock    clock.Clock // this machine's; decisions follow the broker's
	Log      *slog.Logger
	Holder   string // names this process in leases
	NewID    func() string
	Finished func(trade.Cycle) // called with every finished cycle; may be nil
	Tell     func(News)        // called with what happens to orders and accounts; may be nil
	Signals  *engine.Signals   // remembers evaluations that accounts share; nil: a memory of its own
	AtStep   func(Step)        // called at each step, for tests that stop the process there; may be nil

	// Patience are the waits after a lost answer before the broker is asked again by client
	// order id, counted from the moment the order was sent. nil: DefaultPatience.
	Patience []time.Duration
	// Settling are the waits before a difference between journal and broker is looked at again: the
	// broker's lists follow each other within seconds. nil: DefaultSettling.
	Settling []time.Duration
	// Refusals are the waits before an order is sent again that the broker did not take because of
	// its limit of requests. nil: DefaultRefusals, which outlast the limit's minute.
	Refusals []time.Duration
	// Cancels are the waits before the broker is asked again whether an order is canceled. nil:
	// DefaultCancels.
	Cancels []time.Duration
	// AtOnce is how many accounts may be worked on at once; one that only waits does not count, so
	// that a lost answer of one account never holds up the others. Zero: no limit.
	AtOnce int
}

// The waits that are usual at Alpaca. A client waits for the limit of requests itself before it
// sends, so DefaultRefusals only begin anew.
var (
	DefaultPatience = []time.Duration{2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second}
	DefaultSettling = []time.Duration{time.Second, 3 * time.Second}
	DefaultRefusals = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second}
	DefaultCancels  = []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 5 * time.Second}
)

// Desk runs cycles. It is safe for concurrent use; two cycles of one account never overlap,
// because each takes the account's lease.
type Desk struct {
	Config
	places chan struct{} // one for each account that is being worked on; nil: no limit
	skewed sync.Map      // account ids whose clocks differed too much when last seen
}

// rememberedSignals are enough for 500 symbols in eight timeframes and strategies, within 20 MB.
const rememberedSignals = 4096

// New returns a desk.
func New(config Config) *Desk {
	if config.Signals == nil {
		config.Signals = engine.NewSignals(rememberedSignals)
	}
	for _, waits := range []struct{ given, usual *[]time.Duration }{
		{&config.Patience, &DefaultPatience}, {&config.Settling, &DefaultSettling},
		{&config.Refusals, &DefaultRefusals}, {&config.Cancels, &DefaultCancels},
	} {
		if *waits.given == nil {
			*waits.given = *waits.usual
		}
	}
	if config.Finished == nil {
		config.Finished = func(trade.Cycle) {}
	}
	if config.Tell == nil {
		config.Tell = func(News) {}
	}
	if config.AtStep == nil {
		config.AtStep = func(Step) {}
	}
	d := &Desk{Config: config}
	if config.AtOnce > 0 {
		d.places = make(chan struct{}, config.AtOnce)
	}
	return d
}

// Run is one cycle to run.
type Run struct {
	AccountID    string
	UserID       string // empty on the command line
	Broker       Broker
	FeedName     string // names the market that Broker's bars come from
	Settings     trade.Settings
	Installation trade.RiskLimits // hold besides Settings.Risk
	Symbols      []string
	Slot         time.Time // unique for the account
	NextRun      time.Time // the account's next slot, planned in the transaction that records this one; zero: none is
	DryRun       bool      // everything but journaled intents and orders
	// LeaseWait is how long to wait while another process holds the account's lease; a process
	// that died holds it for its remaining length. Zero: not at all.
	LeaseWait time.Duration
	// Calendar is the exchange's, as far as it is known; nil: the own table.
	Calendar *market.Calendar
	// MarketHoursOnly skips the cycle, with a record, while the market is closed.
	MarketHoursOnly bool
	// SimulatedTime says that the broker's clock is not meant to be this machine's.
	SimulatedTime bool
}
