package risk

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// State is what limits know about an account while a plan is made. It is not safe for concurrent
// use.
type State struct {
	Now        time.Time       // the market's
	Equity     decimal.Decimal // dollars
	LastEquity decimal.Decimal // at the previous session's close; zero: not known
	Record     trade.TrackRecord

	trades  map[string][]*trade.ClosedTrade // of Record, by symbol
	all     []*trade.ClosedTrade
	exposed map[string]decimal.Decimal // dollars held or ordered, long and short alike
	total   decimal.Decimal            // sum of exposed
	planned int                        // orders of this plan
}

// NewState returns the state before anything is planned.
func NewState(now time.Time, account trade.Account, record trade.TrackRecord) *State {
	state := &State{
		Now: now, Equity: account.Equity, LastEquity: account.LastEquity, Record: record,
		exposed: map[string]decimal.Decimal{}, trades: map[string][]*trade.ClosedTrade{}, all: make([]*trade.ClosedTrade, len(record.Trades)),
	}
	for i := range record.Trades {
		closed := &record.Trades[i]
		state.all[i] = closed
		state.trades[closed.Symbol] = append(state.trades[closed.Symbol], closed)
	}
	return state
}

// Hold adds to what is held or ordered of a symbol; the sign of the dollars does not count.
func (s *State) Hold(symbol string, dollars decimal.Decimal) {
	s.exposed[symbol] = s.exposed[symbol].Add(dollars.Abs())
	s.total = s.total.Add(dollars.Abs())
}

// Ordered counts an order of this plan.
func (s *State) Ordered() { s.planned++ }

// Entry is an order that would begin a position.
type Entry struct {
	Signal trade.Signal
	Value  decimal.Decimal // dollars at the bar's close
	Quote  trade.Quote     // zero when nobody knows one
}

// above reports whether the part is more than so many percent of the whole. Of nothing, or of
// debts, everything is too much.
func above(part, whole, percent decimal.Decimal) bool {
	return percent.IsPositive() && part.GreaterThan(whole.Mul(percent).Shift(-2))
}

// minutes is a setting as a length of time.
func minutes(count int) time.Duration { return time.Duration(count) * time.Minute }
