// Package desk runs one cycle of one brokerage account: resolve what an earlier run left open,
// gather closed bars and the portfolio, decide, journal, submit, record.
//
// The order of these steps is the product's promise. An intent is committed to the journal before
// it is sent, under an id that anyone who makes the same decision again would compute again; a
// crash, a retry or a second replica therefore finds the intent instead of making another order.
package desk

import (
	"context"
	"log/slog"
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

// Config is what a Desk works with. All fields but Finished are required.
type Config struct {
	Journal  engine.Journal
	Bars     Bars
	Clock    clock.Clock // this machine's; decisions follow the broker's
	Log      *slog.Logger
	Holder   string // names this process in leases
	NewID    func() string
	Finished func(trade.Cycle) // called with every finished cycle; may be nil
	// Patience are the waits after a lost answer before the broker is asked again by client
	// order id, counted from the moment the order was claimed. nil: DefaultPatience.
	Patience []time.Duration
}

// DefaultPatience is when an order whose answer was lost is asked for again, since it was claimed.
var DefaultPatience = []time.Duration{2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second}

// Desk runs cycles. It is safe for concurrent use; two cycles of one account never overlap,
// because each takes the account's lease.
type Desk struct {
	Config
}

// New returns a desk.
func New(config Config) *Desk {
	if config.Patience == nil {
		config.Patience = DefaultPatience
	}
	if config.Finished == nil {
		config.Finished = func(trade.Cycle) {}
	}
	return &Desk{config}
}

// Run is one cycle to run.
type Run struct {
	AccountID string
	UserID    string // empty on the command line
	Broker    Broker
	FeedName  string // names the market that Broker's bars come from
	Settings  trade.Settings
	Symbols   []string
	Slot      time.Time // unique for the account
	DryRun    bool      // everything but journaled intents and orders
	// LeaseWait is how long to wait while another process holds the account's lease; a process
	// that died holds it for its remaining length. Zero: not at all.
	LeaseWait time.Duration
	// MarketHoursOnly skips the cycle, with a record, while the market is closed.
	MarketHoursOnly bool
}
