package desk

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Scan evaluates the symbols, in their order, on the bars that are closed at now, the market's
// time. A cycle, the pages and the command line all see signals through it. It changes nothing.
func Scan(ctx context.Context, bars Bars, source market.Source, feedName string, settings trade.Settings, symbols []string, now time.Time) ([]trade.Signal, error) {
	closed, err := bars.Closed(ctx, source, feedName, symbols, settings.Timeframe, engine.BarsNeeded(settings), now)
	if err != nil {
		return nil, err
	}
	signals := make([]trade.Signal, len(symbols))
	for i, symbol := range symbols {
		signals[i] = engine.Evaluate(symbol, settings, closed[symbol])
	}
	return signals, nil
}
