package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// symbolsInOneQuery bounds the length of one statement.
const symbolsInOneQuery = 200

// ReadBars is StoredBars of many symbols; those without bars are absent.
func (s *Store) ReadBars(ctx context.Context, feed string, symbols []string, timeframe trade.Timeframe, from, to time.Time) (map[string][]trade.Bar, error) {
	bars := make(map[string][]trade.Bar, len(symbols))
	for some := range slices.Chunk(symbols, symbolsInOneQuery) {
		var rows []barRow
		err := s.read.NewSelect().Model(&rows).
			Where("feed = ? AND timeframe = ? AND symbol IN (?)", feed, timeframe, bun.In(some)).
			Where("start_at BETWEEN ? AND ?", from.UnixMicro(), to.UnixMicro()).Order("symbol", "start_at").Scan(ctx)
		if err != nil {
			return nil, explain(err)
		}
		for _, r := range rows {
			bars[r.Symbol] = append(bars[r.Symbol], r.bar())
		}
	}
	return bars, nil
}

// AddBars is StoreBars of many symbols, in one transaction.
func (s *Store) AddBars(ctx context.Context, feed string, timeframe trade.Timeframe, bars map[string][]trade.Bar) error {
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		return insertBars(ctx, tx, feed, timeframe, bars)
	})
}

// ReplaceBars puts the bars in the place of all that is stored of their symbols: after a crash
// either the old or the new ones are there.
func (s *Store) ReplaceBars(ctx context.Context, feed string, timeframe trade.Timeframe, bars map[string][]trade.Bar) error {
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		for some := range slices.Chunk(slices.Sorted(maps.Keys(bars)), symbolsInOneQuery) { // all replicas lock rows in one order
			_, err := tx.NewDelete().Model((*barRow)(nil)).
				Where("feed = ? AND timeframe = ? AND symbol IN (?)", feed, timeframe, bun.In(some)).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return insertBars(ctx, tx, feed, timeframe, bars)
	})
}

// insertBars inserts or overwrites, in the order of the symbols, so that all replicas lock rows in
// one order. It makes the rows of one statement at a time: there may be a million.
func insertBars(ctx context.Context, tx bun.Tx, feed string, timeframe trade.Timeframe, bars map[string][]trade.Bar) error {
	rows := make([]barRow, 0, barsInOneInsert)
	for _, symbol := range slices.Sorted(maps.Keys(bars)) {
		run := slices.Clone(bars[symbol])
		slices.SortStableFunc(run, func(a, b trade.Bar) int { return a.Start.Compare(b.Start) })
		for _, b := range run {
			rows = append(rows, barRow{
				Feed: feed, Symbol: symbol, Timeframe: timeframe, StartAt: at(b.Start), EndAt: at(b.End),
				Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: b.Volume,
			})
			if len(rows) == barsInOneInsert {
				if err := upsertBars(ctx, tx, rows); err != nil {
					return err
				}
				rows = rows[:0]
			}
		}
	}
	return upsertBars(ctx, tx, rows)
}

func upsertBars(ctx context.Context, tx bun.Tx, rows []barRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (feed, symbol, timeframe, start_at) DO UPDATE").
		Set("end_at = EXCLUDED.end_at, open = EXCLUDED.open, high = EXCLUDED.high, low = EXCLUDED.low, close = EXCLUDED.close, volume = EXCLUDED.volume").
		Exec(ctx)
	return err
}
