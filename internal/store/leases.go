package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// AcquireLease takes or renews the account's lease on the database's clock; a fault of kind
// Conflict when somebody else holds it. The epoch rises with each new holder; renewing keeps it,
// even late, as long as nobody else has held the lease meanwhile.
func (s *Store) AcquireLease(ctx context.Context, accountID, holder string) (trade.Lease, error) {
	lease := trade.Lease{AccountID: accountID, Holder: holder}
	query := fmt.Sprintf(`INSERT INTO leases (account_id, holder, epoch, expires_at) VALUES (?0, ?1, 1, %[1]s + ?2)
		ON CONFLICT (account_id) DO UPDATE SET
			epoch = CASE WHEN leases.holder = excluded.holder THEN leases.epoch ELSE leases.epoch + 1 END,
			holder = excluded.holder, expires_at = excluded.expires_at
		WHERE leases.holder = excluded.holder OR leases.expires_at <= %[1]s
		RETURNING epoch`, s.dialect.now)
	err := s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewRaw(query, accountID, holder, s.lease.Microseconds()).Scan(ctx, &lease.Epoch)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.Conflict, "Another process is trading this account right now.")
		}
		return err
	})
	if err != nil {
		return trade.Lease{}, err
	}
	return lease, nil
}

// ReleaseLease frees the account for others; a lease that is lost already changes nothing.
func (s *Store) ReleaseLease(ctx context.Context, lease trade.Lease) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE leases SET expires_at = 0, holder = '' WHERE account_id = ? AND holder = ? AND epoch = ?",
			lease.AccountID, lease.Holder, lease.Epoch).Exec(ctx)
		return err
	})
}

// holdLease makes sure that nobody has taken the lease, and that nobody takes it before the
// transaction ends.
func holdLease(ctx context.Context, tx bun.Tx, lease trade.Lease) error {
	result, err := tx.NewRaw("UPDATE leases SET epoch = epoch WHERE account_id = ? AND holder = ? AND epoch = ?",
		lease.AccountID, lease.Holder, lease.Epoch).Exec(ctx)
	return mustChange(result, err, fault.New(fault.Conflict, "Another process has taken over this account."))
}
