package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type leaseRow struct {
	bun.BaseModel `bun:"table:leases"`

	AccountID string
	Holder    string
	Epoch     int64
	ExpiresAt int64 // on the database's clock
}

// AcquireLease takes or renews the account's lease on the database's clock; a fault of kind
// Conflict when somebody else holds it. The epoch rises with each new holder; renewing keeps it,
// even late, as long as nobody else has held the lease meanwhile.
func (s *Store) AcquireLease(ctx context.Context, accountID, holder string) (trade.Lease, error) {
	lease, err := acquiring.act(ctx, s, s.cycling, trade.Lease{AccountID: accountID, Holder: holder})
	if err != nil {
		return trade.Lease{}, err
	}
	return lease, nil
}

func leasedAccount(lease *trade.Lease) string { return lease.AccountID }

var acquiring = &kind[trade.Lease]{
	about: leasedAccount,
	change: func(ctx context.Context, s *Store, tx bun.Tx, all []*one[trade.Lease]) error {
		rows := make([][]any, len(all))
		for i, lease := range all {
			rows[i] = []any{lease.of.AccountID, lease.of.Holder}
		}
		statement := fmt.Sprintf(`INSERT INTO leases (account_id, holder, epoch, expires_at)
			SELECT account_id, holder, 1, %[1]s + %[2]d FROM given WHERE TRUE ORDER BY account_id
			ON CONFLICT (account_id) DO UPDATE SET
				epoch = CASE WHEN leases.holder = excluded.holder THEN leases.epoch ELSE leases.epoch + 1 END,
				holder = excluded.holder, expires_at = excluded.expires_at
			WHERE leases.holder = excluded.holder OR leases.expires_at <= %[1]s
			RETURNING account_id, epoch`, s.dialect.now, s.lease.Microseconds())
		var taken []leaseRow
		if err := s.given(tx, "account_id TEXT, holder TEXT", rows, statement).Scan(ctx, &taken); err != nil {
			return err
		}
		epochs := make(map[string]int64, len(taken))
		for _, row := range taken {
			epochs[row.AccountID] = row.Epoch
		}
		for _, lease := range all {
			epoch, ours := epochs[lease.of.AccountID]
			if lease.of.Epoch = epoch; !ours {
				lease.refused = fault.New(fault.Conflict, "Another process is trading this account right now.")
			}
		}
		return nil
	},
}

// ReleaseLease frees the account for others; a lease that is lost already changes nothing.
func (s *Store) ReleaseLease(ctx context.Context, lease trade.Lease) error {
	_, err := releasing.act(ctx, s, s.cycling, lease)
	return err
}

var releasing = &kind[trade.Lease]{
	about: leasedAccount,
	change: func(ctx context.Context, s *Store, tx bun.Tx, all []*one[trade.Lease]) error {
		rows := make([][]any, len(all))
		for i, lease := range all {
			rows[i] = []any{lease.of.AccountID, lease.of.Holder, lease.of.Epoch}
		}
		_, err := s.given(tx, "account_id TEXT, holder TEXT, epoch BIGINT", rows, `UPDATE leases SET expires_at = 0, holder = '' FROM given
			WHERE leases.account_id = given.account_id AND leases.holder = given.holder AND leases.epoch = given.epoch`).Exec(ctx)
		return err
	},
}

// holdLeases refuses those whose lease somebody has taken, and lets nobody take the others' before
// the transaction ends. It returns what is left.
func holdLeases[T any](ctx context.Context, s *Store, tx bun.Tx, all []*one[T], lease func(*T) trade.Lease) ([]*one[T], error) {
	accounts := make([]string, len(all))
	for i, o := range all {
		accounts[i] = lease(&o.of).AccountID
	}
	var rows []leaseRow
	err := tx.NewRaw("SELECT account_id, holder, epoch FROM leases WHERE account_id IN (?) ORDER BY account_id"+s.dialect.forUpdate,
		bun.In(accounts)).Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	held := make(map[trade.Lease]bool, len(rows))
	for _, row := range rows {
		held[trade.Lease{AccountID: row.AccountID, Holder: row.Holder, Epoch: row.Epoch}] = true
	}
	for _, o := range all {
		if !held[lease(&o.of)] {
			o.refused = fault.New(fault.Conflict, "Another process has taken over this account.")
		}
	}
	return accepted(all), nil
}

// holdLease is holdLeases for an act that is done by itself.
func (s *Store) holdLease(ctx context.Context, tx bun.Tx, lease trade.Lease) error {
	mine := &one[trade.Lease]{of: lease}
	_, err := holdLeases(ctx, s, tx, []*one[trade.Lease]{mine}, func(lease *trade.Lease) trade.Lease { return *lease })
	return firstError(err, mine.refused)
}
