package store

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// TrackRecord returns what limits ask for: trades that ended, equity, and orders sent, all from
// since on (orders: at most a day before now); a zero since means all. Trades are made of
// executions, ours and others'; one whose cost the journal does not know is left out.
func (s *Store) TrackRecord(ctx context.Context, accountID string, since, now time.Time) (record trade.TrackRecord, err error) {
	if record.Trades, err = s.closedTrades(ctx, accountID, since); err != nil {
		return record, err
	}
	if record.OrderTimes, err = s.orderTimes(ctx, accountID, now.Add(-24*time.Hour)); err != nil {
		return record, err
	}
	if record.Peak, err = s.peak(ctx, accountID, since); err != nil {
		return record, err
	}
	record.ResumedAt, err = s.resumedAt(ctx, accountID)
	return record, err
}

// executionRow is a fill and the type of the order that made it.
type executionRow struct {
	fillRow

	OrderType trade.OrderType
}

// closedTrades reads the whole past of the symbols that were traded since then: a trade that ended
// may have begun at any time before.
func (s *Store) closedTrades(ctx context.Context, accountID string, since time.Time) ([]trade.ClosedTrade, error) {
	var rows []executionRow
	err := s.read.NewRaw(`SELECT f.*, COALESCE(l.type, i.type, '') AS order_type FROM fills AS f
		LEFT JOIN order_legs AS l ON l.account_id = f.account_id AND l.broker_order_id = f.broker_order_id
		LEFT JOIN intents AS i ON i.account_id = f.account_id AND i.client_order_id = f.client_order_id
		WHERE f.account_id = ?0 AND f.symbol IN (SELECT symbol FROM fills WHERE account_id = ?0 AND filled_at >= ?1)
		ORDER BY f.symbol, f.filled_at, f.execution_id`, accountID, max(since.UnixMicro(), 0)).Scan(ctx, &rows)
	if err != nil {
		return nil, explain(err)
	}
	baselines, err := readBaselines(ctx, s.read, accountID)
	if err != nil {
		return nil, explain(err)
	}
	var trades []trade.ClosedTrade
	for len(rows) > 0 {
		symbol, count := rows[0].Symbol, 0
		executions := make([]trade.Execution, 0, len(rows))
		for ; count < len(rows) && rows[count].Symbol == symbol; count++ {
			executions = append(executions, trade.Execution{Fill: rows[count].fill(), Stop: rows[count].OrderType.Stops()})
		}
		rows = rows[count:]
		trades = append(trades, trade.RoundTrips(symbol, baselines[holdingKey{accountID, symbol}], executions)...)
	}
	trades = slices.DeleteFunc(trades, func(t trade.ClosedTrade) bool { return t.ExitAt.Before(since) })
	slices.SortStableFunc(trades, func(a, b trade.ClosedTrade) int { return a.ExitAt.Compare(b.ExitAt) })
	return trades, nil
}

func (s *Store) orderTimes(ctx context.Context, accountID string, since time.Time) ([]time.Time, error) {
	var rows []orderRow
	err := s.read.NewSelect().Model(&rows).Column("submitted_at").Where("account_id = ? AND submitted_at >= ?", accountID, at(since)).
		Order("submitted_at").Scan(ctx)
	times := make([]time.Time, len(rows))
	for i, row := range rows {
		times[i] = row.SubmittedAt.Time
	}
	return times, explain(err)
}

// peak is the highest equity of any cycle since then. Floats only order the amounts.
func (s *Store) peak(ctx context.Context, accountID string, since time.Time) (decimal.Decimal, error) {
	var highest []cycleRow
	err := s.read.NewSelect().Model(&highest).Column("equity").
		Where("account_id = ? AND slot >= ? AND equity IS NOT NULL", accountID, max(since.UnixMicro(), 0)).
		OrderExpr("CAST(equity AS DOUBLE PRECISION) DESC").Limit(1).Scan(ctx, &highest)
	if err != nil || len(highest) == 0 {
		return decimal.Zero, explain(err)
	}
	return highest[0].Equity.Decimal, nil
}
