// Package market knows when the exchange trades and where bars come from.
package market

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Source is a broker's market data.
type Source interface {
	// Bars returns split-adjusted bars, oldest first, closed and forming; symbols without data are absent.
	Bars(ctx context.Context, query trade.BarQuery) (map[string][]trade.Bar, error)
}

// BarStore keeps closed bars. feed names where they come from (one data address and one kind of
// adjustment), so that bars of two markets never mix.
type BarStore interface {
	// StoredBars returns bars with Start in [from, to], oldest first.
	StoredBars(ctx context.Context, feed, symbol string, timeframe trade.Timeframe, from, to time.Time) ([]trade.Bar, error)
	// StoreBars inserts or overwrites, all or none.
	StoreBars(ctx context.Context, feed, symbol string, timeframe trade.Timeframe, bars []trade.Bar) error
	// ForgetBars removes all bars of the symbol and timeframe.
	ForgetBars(ctx context.Context, feed, symbol string, timeframe trade.Timeframe) error
}
