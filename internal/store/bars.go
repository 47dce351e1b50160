package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

type barRow struct {
	bun.BaseModel `bun:"table:bars"`

	Feed      string
	Symbol    string
	Timeframe trade.Timeframe
	StartAt   instant
	EndAt     instant
	Open      float64
	High      float64
	Low       float64
	Close     float64
	Volume    float64
}

func (r barRow) bar() trade.Bar {
	return trade.Bar{Start: r.StartAt.Time, End: r.EndAt.Time, Open: r.Open, High: r.High, Low: r.Low, Close: r.Close, Volume: r.Volume}
}

// barsInOneInsert bounds the length of one statement.
const barsInOneInsert = 500

// StoredBars returns bars with Start in [from, to], oldest first.
func (s *Store) StoredBars(ctx context.Context, feed, symbol string, timeframe trade.Timeframe, from, to time.Time) ([]trade.Bar, error) {
	found, err := s.ReadBars(ctx, feed, []string{symbol}, timeframe, from, to)
	return append([]trade.Bar{}, found[symbol]...), err
}

// StoreBars inserts or overwrites, all or none.
func (s *Store) StoreBars(ctx context.Context, feed, symbol string, timeframe trade.Timeframe, bars []trade.Bar) error {
	return s.AddBars(ctx, feed, timeframe, map[string][]trade.Bar{symbol: bars})
}

// ForgetBars removes all bars of the symbol and timeframe.
func (s *Store) ForgetBars(ctx context.Context, feed, symbol string, timeframe trade.Timeframe) error {
	_, err := s.write.NewRaw("DELETE FROM bars WHERE feed = ? AND symbol = ? AND timeframe = ?", feed, symbol, timeframe).Exec(ctx)
	return explain(err)
}

// BarSeries names one run of stored bars.
type BarSeries struct {
	Feed      string
	Symbol    string
	Timeframe trade.Timeframe
}

// StoredSeries lists what StoredBars has bars of, by feed and symbol.
func (s *Store) StoredSeries(ctx context.Context) (series []BarSeries, err error) {
	err = s.read.NewSelect().Distinct().Table("bars").Column("feed", "symbol", "timeframe").
		Order("feed", "symbol", "timeframe").Scan(ctx, &series)
	return series, explain(err)
}
