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

	pasts   map[string]*past           // of Record, by symbol; nil: nobody has asked yet
	shares  []share                    // those of equity that were asked for
	exposed map[string]decimal.Decimal // dollars held or ordered, long and short alike
	total   decimal.Decimal            // sum of exposed
	planned int                        // orders of this plan
}

// NewState returns the state before anything is planned.
func NewState(now time.Time, account trade.Account, record trade.TrackRecord) *State {
	return &State{
		Now: now, Equity: account.Equity, LastEquity: account.LastEquity, Record: record,
		exposed: map[string]decimal.Decimal{},
	}
}

// Hold adds to what is held or ordered of a symbol; the sign of the dollars does not count.
func (s *State) Hold(symbol string, dollars decimal.Decimal) {
	dollars = dollars.Abs()
	s.exposed[symbol] = s.exposedIn(symbol, dollars)
	s.total = s.total.Add(dollars)
}

// exposedIn is what would be held or ordered of a symbol with so many dollars more.
func (s *State) exposedIn(symbol string, more decimal.Decimal) decimal.Decimal {
	if held, known := s.exposed[symbol]; known {
		return held.Add(more)
	}
	return more
}

// Ordered counts an order of this plan.
func (s *State) Ordered() { s.planned++ }

// Entry is an order that would begin a position.
type Entry struct {
	Signal trade.Signal
	Close  decimal.Decimal // dollars a share at the bar that was decided on: the signal's price
	Value  decimal.Decimal // dollars at the bar's close
	Quote  trade.Quote     // zero when nobody knows one
}

// share is a part of equity in dollars.
type share struct{ percent, dollars decimal.Decimal }

// exceeds reports whether the dollars are more than so many percent of equity, as above does; the
// few percentages that limits have are computed once.
func (s *State) exceeds(dollars, percent decimal.Decimal) bool {
	if !percent.IsPositive() {
		return false
	}
	for _, known := range s.shares {
		if known.percent.Equal(percent) {
			return dollars.GreaterThan(known.dollars)
		}
	}
	s.shares = append(s.shares, share{percent, s.Equity.Mul(percent).Shift(-2)})
	return above(dollars, s.Equity, percent)
}

// above reports whether the part is more than so many percent of the whole. Of nothing, or of
// debts, everything is too much.
func above(part, whole, percent decimal.Decimal) bool {
	return percent.IsPositive() && part.GreaterThan(whole.Mul(percent).Shift(-2))
}

// minutes is a setting as a length of time.
func minutes(count int) time.Duration { return time.Duration(count) * time.Minute }
