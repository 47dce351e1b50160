package store

import (
	"context"
	"slices"
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

// barsInOneInsert bounds the length of one statement.
const barsInOneInsert = 500

// StoredBars returns bars with Start in [from, to], oldest first.
func (s *Store) StoredBars(ctx context.Context, feed, symbol string, timeframe trade.Timeframe, from, to time.Time) ([]trade.Bar, error) {
	var rows []barRow
	err := s.read.NewSelect().Model(&rows).Where("feed = ? AND symbol = ? AND timeframe = ?", feed, symbol, timeframe).
		Where("start_at BETWEEN ? AND ?", from.UnixMicro(), to.UnixMicro()).Order("start_at").Scan(ctx)
	bars := make([]trade.Bar, 0, len(rows))
	for _, r := range rows {
		bars = append(bars, trade.Bar{
			Start: r.StartAt.Time, End: r.EndAt.Time, Open: r.Open, High: r.High, Low: r.Low, Close: r.Close, Volume: r.Volume,
		})
	}
	return bars, explain(err)
}

// StoreBars inserts or overwrites, all or none.
func (s *Store) StoreBars(ctx context.Context, feed, symbol string, timeframe trade.Timeframe, bars []trade.Bar) error {
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		for chunk := range slices.Chunk(bars, barsInOneInsert) {
			rows := make([]barRow, 0, len(chunk))
			for _, b := range chunk {
				rows = append(rows, barRow{
					Feed: feed, Symbol: symbol, Timeframe: timeframe, StartAt: at(b.Start), EndAt: at(b.End),
					Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: b.Volume,
				})
			}
			_, err := tx.NewInsert().Model(&rows).On("CONFLICT (feed, symbol, timeframe, start_at) DO UPDATE").
				Set("end_at = EXCLUDED.end_at, open = EXCLUDED.open, high = EXCLUDED.high, low = EXCLUDED.low, close = EXCLUDED.close, volume = EXCLUDED.volume").
				Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
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
