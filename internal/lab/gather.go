package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Gather fetches the bars that a Run from from to to needs: those of the period that are closed
// at to, and enough earlier ones that every indicator has settled when the period begins. A
// symbol that the source has no bars for is absent; Run's report names it.
func Gather(ctx context.Context, source market.Source, settings trade.Settings, symbols []string, from, to time.Time) (map[string][]trade.Bar, error) {
	bars, err := source.Bars(ctx, trade.BarQuery{
		Symbols: symbols, Timeframe: settings.Timeframe,
		Start: market.HistoryStart(settings.Timeframe, engine.BarsNeeded(settings), from), End: to,
	})
	if err != nil {
		return nil, fmt.Errorf("gather bars: %w", err)
	}
	for symbol, all := range bars {
		for len(all) > 0 && !all[len(all)-1].ClosedAt(to) {
			all = all[:len(all)-1]
		}
		bars[symbol] = all
	}
	return bars, nil
}
