package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
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
		return insertBars(ctx, tx, barRows(feed, timeframe, bars))
	})
}

// ReplaceBars puts the bars in the place of all that is stored of their symbols: after a crash
// either the old or the new ones are there.
func (s *Store) ReplaceBars(ctx context.Context, feed string, timeframe trade.Timeframe, bars map[string][]trade.Bar) error {
	symbols := make([]string, 0, len(bars))
	for symbol := range bars {
		symbols = append(symbols, symbol)
	}
	slices.Sort(symbols) // all replicas lock rows in one order
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		for some := range slices.Chunk(symbols, symbolsInOneQuery) {
			_, err := tx.NewDelete().Model((*barRow)(nil)).
				Where("feed = ? AND timeframe = ? AND symbol IN (?)", feed, timeframe, bun.In(some)).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return insertBars(ctx, tx, barRows(feed, timeframe, bars))
	})
}

// barRows are ordered by symbol, so that all replicas lock rows in one order.
func barRows(feed string, timeframe trade.Timeframe, bars map[string][]trade.Bar) []barRow {
	var rows []barRow
	for symbol, run := range bars {
		for _, b := range run {
			rows = append(rows, barRow{
				Feed: feed, Symbol: symbol, Timeframe: timeframe, StartAt: at(b.Start), EndAt: at(b.End),
				Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: b.Volume,
			})
		}
	}
	slices.SortStableFunc(rows, func(a, b barRow) int {
		return cmp.Or(strings.Compare(a.Symbol, b.Symbol), a.StartAt.Compare(b.StartAt.Time))
	})
	return rows
}

// insertBars inserts or overwrites.
func insertBars(ctx context.Context, tx bun.Tx, all []barRow) error {
	for rows := range slices.Chunk(all, barsInOneInsert) {
		_, err := tx.NewInsert().Model(&rows).On("CONFLICT (feed, symbol, timeframe, start_at) DO UPDATE").
			Set("end_at = EXCLUDED.end_at, open = EXCLUDED.open, high = EXCLUDED.high, low = EXCLUDED.low, close = EXCLUDED.close, volume = EXCLUDED.volume").
			Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}
