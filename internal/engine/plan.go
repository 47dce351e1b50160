package engine

import (
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// PlanInput is everything that a plan depends on.
type PlanInput struct {
	AccountID string
	UserID    string // empty on the command line
	CycleID   string
	CreatedAt time.Time
	Deadline  time.Time // after it the intents are no longer sent

	Settings  trade.Settings
	Signals   []trade.Signal         // in watchlist order: who comes first gets the money
	Portfolio trade.Portfolio        // with BrokerOrder.Own set
	Assets    map[string]trade.Asset // by symbol; a symbol that is absent is not tradable

	Now          time.Time // the market's time
	State        trade.TradingState
	Record       trade.TrackRecord
	Quotes       map[string]trade.Quote // of symbols whose limits ask for them; see NeedsQuotes
	Installation trade.RiskLimits       // hold besides Settings.Risk
	Foreign      map[string]bool        // symbols of which something is held that we did not buy or sell; asked when the settings ignore them

	// NewID returns a new UUID for each intent.
	NewID func() string
	// Attempt returns the number of the attempt at a decision: 0, and one more each time that an
	// earlier attempt has ended without effect. nil means 0 for all.
	Attempt func(symbol string, purpose trade.Purpose, barEnd time.Time) int
}

// Plan turns each signal into an intent or a named skip, in the signals' order. What it plans
// counts at once: a planned entry takes a place among the maximum of positions and its money from
// the buying power; an exit frees neither, because it has not happened yet.
//
// Risk limits, the account's and the installation's, keep entries back and never an exit.
//
// Notional entries are equity times position_size_pct / 100 rounded to cents, half away from
// zero (Python's round, half to even, differs only where the third decimal is an exact 5).
func Plan(input PlanInput) []trade.Decision {
	book, revision := openBook(&input), StrategyRevision(input.Settings)
	decisions := make([]trade.Decision, 0, len(input.Signals))
	for i := range input.Signals {
		signal := &input.Signals[i]
		order, skip := book.decide(signal)
		decision := trade.Decision{Signal: *signal, Skip: skip}
		if skip == "" {
			book.take(&order)
			decision.Intent = input.intent(signal, &order, revision)
		}
		decisions = append(decisions, decision)
	}
	return decisions
}
