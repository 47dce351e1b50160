package desk

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Scanner evaluates symbols on closed bars. A cycle, the pages and the command line all see signals
// through one; scanners that share Signals compute what many accounts ask once.
type Scanner struct {
	Bars    Bars
	Signals *engine.Signals // nil: nothing is remembered
}

// Scan evaluates the symbols, in their order, on the bars that are closed at now, the market's
// time. It changes nothing. The signals' votes are shared: nobody may change them.
func (s Scanner) Scan(ctx context.Context, source market.Source, feedName string, settings trade.Settings, symbols []string, now time.Time) ([]trade.Signal, error) {
	closed, err := s.Bars.Closed(ctx, source, feedName, symbols, settings.Timeframe, engine.BarsNeeded(settings), now)
	if err != nil {
		return nil, err
	}
	evaluate := s.Signals.Of(feedName, settings)
	signals := make([]trade.Signal, len(symbols))
	for i, symbol := range symbols {
		signals[i] = evaluate(symbol, closed[symbol])
	}
	return signals, nil
}

// Scan is what a Scanner without a memory does.
func Scan(ctx context.Context, bars Bars, source market.Source, feedName string, settings trade.Settings, symbols []string, now time.Time) ([]trade.Signal, error) {
	return Scanner{Bars: bars}.Scan(ctx, source, feedName, settings, symbols, now)
}
