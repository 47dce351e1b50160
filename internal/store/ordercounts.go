package store

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Attempts returns how often the account has journaled an intent for the purpose and bar.
func (s *Store) Attempts(ctx context.Context, accountID, symbol string, purpose trade.Purpose, barEnd time.Time) (int, error) {
	var count int
	err := s.read.NewRaw("SELECT COUNT(*) FROM intents WHERE account_id = ? AND symbol = ? AND bar_end = ? AND purpose = ?",
		accountID, symbol, at(barEnd), purpose).Scan(ctx, &count)
	return count, explain(err)
}

// Entries returns by symbol the newest intent to enter that was executed at least in part.
func (s *Store) Entries(ctx context.Context, accountID string, symbols []string) (map[string]trade.Intent, error) {
	entries := make(map[string]trade.Intent, len(symbols))
	for _, symbol := range symbols {
		var rows []intentRow
		err := s.read.NewRaw(`SELECT i.* FROM intents AS i JOIN orders AS o ON o.account_id = i.account_id AND o.client_order_id = i.client_order_id
			WHERE i.account_id = ? AND i.symbol = ? AND i.purpose = ? AND o.filled_qty <> '0'
			ORDER BY i.bar_end DESC, i.created_at DESC LIMIT 1`, accountID, symbol, trade.Entry).Scan(ctx, &rows)
		if err != nil {
			return nil, explain(err)
		}
		for _, row := range rows {
			entries[symbol] = row.intent()
		}
	}
	return entries, nil
}

const mostRejections = 10

// Rejections returns how many of the account's newest answered orders the broker rejected one after
// the other, since the moment and since a person last resumed trading, at most ten. Orders that
// never reached the broker say nothing about it and are left out.
func (s *Store) Rejections(ctx context.Context, accountID string, since time.Time) (int, error) {
	resumed, err := s.resumedAt(ctx, accountID)
	if err != nil {
		return 0, err
	}
	if resumed.After(since) {
		since = resumed
	}
	var states []trade.OrderState
	err = s.read.NewRaw(`SELECT state FROM orders WHERE account_id = ? AND updated_at >= ? AND (broker_order_id <> '' OR state = ?)
		ORDER BY updated_at DESC, client_order_id LIMIT ?`, accountID, at(since), trade.Rejected, mostRejections).Scan(ctx, &states)
	for i, state := range states {
		if state != trade.Rejected {
			return i, nil
		}
	}
	return len(states), explain(err)
}

// resumedAt is when a person last set the account, or the whole installation, active.
func (s *Store) resumedAt(ctx context.Context, accountID string) (time.Time, error) {
	var rows []standingRow
	err := s.read.NewSelect().Model(&rows).Where("account_id IN (?, ?) AND state = ? AND since > 0", accountID, trade.WholeInstallation, trade.Active).Scan(ctx)
	var resumed time.Time
	for _, row := range rows {
		if row.Since.After(resumed) {
			resumed = row.Since.Time
		}
	}
	return resumed, explain(err)
}
