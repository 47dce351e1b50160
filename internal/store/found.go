package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// RecordFound takes orders into the journal that were found at the broker: each with its intent, as
// it stands there, its legs and an audit entry, under the lease. What the journal has under the id
// already is left alone.
func (s *Store) RecordFound(ctx context.Context, lease trade.Lease, orders []trade.Order) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.holdLease(ctx, tx, lease); err != nil {
			return err
		}
		var entries []audit.Entry
		for _, order := range orders {
			fresh, err := insertFound(ctx, tx, order)
			if err != nil {
				return err
			}
			if fresh {
				entry := intentEntry(order.Intent)
				entry.At, entry.Details["broker_order_id"] = s.clock.Now(), order.BrokerOrderID
				entries = append(entries, entry)
			}
		}
		return s.auditTrades(ctx, tx, entries)
	})
}

// insertFound reports whether the order is new.
func insertFound(ctx context.Context, tx bun.Tx, order trade.Order) (bool, error) {
	intent := rowOfIntent(order.Intent)
	result, err := tx.NewInsert().Model(&intent).On("CONFLICT (account_id, client_order_id) DO NOTHING").Exec(ctx)
	if err != nil {
		return false, err
	}
	if written, err := result.RowsAffected(); err != nil || written == 0 {
		return false, err
	}
	row := rowOfOrder(order)
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return false, err
	}
	return true, insertLegs(ctx, tx, legsOf(order))
}
