package risk

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// past is the trades of one symbol that ended, oldest first.
type past struct {
	trades []*trade.ClosedTrade
	exits  []time.Time       // see stops; nil: nobody has asked yet
	earned []decimal.Decimal // see profits; the same
}

// pastOf returns the symbol's past. The record is sorted by symbols when it is first asked for.
func (s *State) pastOf(symbol string) *past {
	if s.pasts == nil {
		s.pasts = pastsIn(s.Record.Trades)
	}
	known, ok := s.pasts[symbol]
	if !ok {
		known = &past{}
		s.pasts[symbol] = known
	}
	return known
}

func pastsIn(trades []trade.ClosedTrade) map[string]*past {
	pasts := map[string]*past{}
	for i := range trades {
		of, known := pasts[trades[i].Symbol]
		if !known {
			of = &past{trades: make([]*trade.ClosedTrade, 0, usualTrades)}
			pasts[trades[i].Symbol] = of
		}
		of.trades = append(of.trades, &trades[i])
	}
	return pasts
}

// usualTrades are as many as a symbol is given room for at first.
const usualTrades = 16

// stopped reports whether a stop ended the trade with a loss.
func stopped(closed *trade.ClosedTrade) bool { return closed.StopLoss && closed.Profit.IsNegative() }

// stops are the exits of all trades, of whatever symbol, that a stop ended with a loss.
func (s *State) stops() (exits []time.Time) {
	for i := range s.Record.Trades {
		if closed := &s.Record.Trades[i]; stopped(closed) {
			exits = append(exits, closed.ExitAt)
		}
	}
	return exits
}

// stops are the exits of the symbol's trades that a stop ended with a loss.
func (p *past) stops() []time.Time {
	if p.exits == nil {
		p.exits = make([]time.Time, 0, len(p.trades))
		for _, closed := range p.trades {
			if stopped(closed) {
				p.exits = append(p.exits, closed.ExitAt)
			}
		}
	}
	return p.exits
}

// profits are the sums of percentages: what the first none, one, two and so on made together. They
// are summed once for all limits that ask.
func (p *past) profits() []decimal.Decimal {
	if p.earned == nil {
		sum := decimal.Zero
		p.earned = append(make([]decimal.Decimal, 0, len(p.trades)+1), sum)
		for _, closed := range p.trades {
			sum = sum.Add(closed.ProfitPct)
			p.earned = append(p.earned, sum)
		}
	}
	return p.earned
}
