package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// unaskedFor is how long nobody has asked for bars of a symbol before they go: by the time of the
// newest bar of the same feed and timeframe, because markets may have a time of their own.
const unaskedFor = 30 * 24 * time.Hour

// barExtent is one run of stored bars.
type barExtent struct {
	bun.BaseModel `bun:"table:bars"`

	BarSeries
	Count  int
	Newest instant
}

// SweepBars removes stored bars that nobody needs any more, and returns how many: all but the newest
// keep of each symbol and timeframe (0 keeps all of them), symbols that nobody has asked for lately,
// and feeds that are abandoned. What is needed after all is fetched again. Each removal stands by
// itself, so that a sweep that is interrupted has done a part.
func (s *Store) SweepBars(ctx context.Context, keep int, abandoned func(feed string) bool) (removed int64, err error) {
	var extents []barExtent
	err = s.read.NewSelect().Model(&extents).Column("feed", "symbol", "timeframe").
		ColumnExpr("COUNT(*) AS count").ColumnExpr("MAX(start_at) AS newest").Group("feed", "symbol", "timeframe").Scan(ctx)
	if err != nil {
		return 0, explain(err)
	}
	last := map[BarSeries]time.Time{} // of each feed and timeframe
	for _, extent := range extents {
		if market := (BarSeries{Feed: extent.Feed, Timeframe: extent.Timeframe}); extent.Newest.After(last[market]) {
			last[market] = extent.Newest.Time
		}
	}
	for _, extent := range extents {
		left := keep
		if market := (BarSeries{Feed: extent.Feed, Timeframe: extent.Timeframe}); abandoned(extent.Feed) || last[market].Sub(extent.Newest.Time) > unaskedFor {
			left = 0
		} else if keep == 0 || extent.Count <= keep {
			continue
		}
		count, err := s.shorten(ctx, extent.BarSeries, left)
		if removed += count; err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// shorten leaves the newest bars of the series.
func (s *Store) shorten(ctx context.Context, series BarSeries, left int) (int64, error) {
	doomed := s.write.NewDelete().Model((*barRow)(nil)).Where("feed = ? AND symbol = ? AND timeframe = ?", series.Feed, series.Symbol, series.Timeframe)
	if left > 0 {
		oldest := s.write.NewSelect().Model((*barRow)(nil)).Column("start_at").
			Where("feed = ? AND symbol = ? AND timeframe = ?", series.Feed, series.Symbol, series.Timeframe).
			Order("start_at DESC").Offset(int64(left) - 1).Limit(1)
		doomed = doomed.Where("start_at < (?)", oldest)
	}
	result, err := doomed.Exec(ctx)
	if err != nil {
		return 0, explain(err)
	}
	return result.RowsAffected()
}
