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

// BarStore keeps closed bars. feed names where they come from (one data address, one kind of
// adjustment, and whose licence), so that bars of two markets never mix.
type BarStore interface {
	// ReadBars returns bars with Start in [from, to] by symbol, oldest first; symbols without are absent.
	ReadBars(ctx context.Context, feed string, symbols []string, timeframe trade.Timeframe, from, to time.Time) (map[string][]trade.Bar, error)
	// AddBars inserts or overwrites, all or none.
	AddBars(ctx context.Context, feed string, timeframe trade.Timeframe, bars map[string][]trade.Bar) error
	// ReplaceBars puts the bars in the place of all that is kept of their symbols, all or none.
	ReplaceBars(ctx context.Context, feed string, timeframe trade.Timeframe, bars map[string][]trade.Bar) error
}
