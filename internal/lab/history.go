package lab

import (
	"context"
	"sort"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// history is where the desk gets its closed bars: those of the run, by symbol.
type history map[string][]trade.Bar

// Closed returns the newest closed bars at now, at most need of each symbol, as market.Feed does.
func (h history) Closed(_ context.Context, _ market.Source, _ string, symbols []string, _ trade.Timeframe, need int, now time.Time) (map[string][]trade.Bar, error) {
	closed := make(map[string][]trade.Bar, len(symbols))
	for _, symbol := range symbols {
		if end := h.closedAt(symbol, now); end > 0 {
			closed[symbol] = h[symbol][max(0, end-need):end:end]
		}
	}
	return closed, nil
}

// closedAt is how many of the symbol's bars are closed at now.
func (h history) closedAt(symbol string, now time.Time) int {
	bars := h[symbol]
	return sort.Search(len(bars), func(i int) bool { return !bars[i].ClosedAt(now) })
}

func (h history) count(symbols []string, now time.Time) (closed int) {
	for _, symbol := range symbols {
		closed += h.closedAt(symbol, now)
	}
	return closed
}

// broker is the exchange's account with the run's bars.
type broker struct {
	*exchangeAccount
	bars history
}

type exchangeAccount = sim.Account // its method of that name would be hidden by a field Account

// Bars returns the run's bars.
func (b broker) Bars(_ context.Context, query trade.BarQuery) (map[string][]trade.Bar, error) {
	found := map[string][]trade.Bar{}
	for _, symbol := range query.Symbols {
		for _, bar := range b.bars[symbol] {
			if !bar.Start.Before(query.Start) && !bar.Start.After(query.End) {
				found[symbol] = append(found[symbol], bar)
			}
		}
	}
	return found, nil
}
