package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// FreshKeys is what a new ENCRYPTION_KEY puts into the place of the lost one.
type FreshKeys struct {
	Canary          []byte
	InstallationKey []byte                                                   // wrapped
	AuditKey        []byte                                                   // derived from it
	DataKey         func(userID string) []byte                               // makes one, wrapped for the user
	SignReceipt     func(last int64, lastHash []byte) (audit.Receipt, error) // stands for all archived entries
	Entry           func(accounts, factors int, rechained int64) audit.Entry // of the act
}

// Loss counts what cannot be opened without the ENCRYPTION_KEY.
type Loss struct {
	Users    int
	Accounts int // brokerage accounts, whose broker keys go
	Factors  int // authenticator apps
}

// CountLoss counts what a reset of the keys would remove.
func (s *Store) CountLoss(ctx context.Context) (loss Loss, err error) {
	err = s.read.NewRaw("SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM brokerage_accounts), (SELECT COUNT(*) FROM totp_secrets)").
		Scan(ctx, &loss.Users, &loss.Accounts, &loss.Factors)
	return loss, explain(err)
}

// Canary returns what only the present ENCRYPTION_KEY opens, nil when none was ever used here. It may
// be called before Migrate.
func (s *Store) Canary(ctx context.Context) ([]byte, error) { return s.canary(ctx) }

// ResetKeys puts new keys into the place of lost ones: all of it, or nothing. What only the lost
// key opened goes: broker keys, authenticator secrets and recovery codes. Accounts stay without
// keys, not automated and not armed; everybody is signed out. Entries of the audit log stay as they
// are and are chained anew, so that changes from now on are found; what was archived is stood for
// by one receipt. The store uses the new audit key afterwards.
func (s *Store) ResetKeys(ctx context.Context, fresh FreshKeys) error {
	before := s.auditKey
	s.auditKey = fresh.AuditKey
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		var loss Loss
		err := tx.NewRaw("SELECT (SELECT COUNT(*) FROM brokerage_accounts), (SELECT COUNT(*) FROM totp_secrets)").Scan(ctx, &loss.Accounts, &loss.Factors)
		if err != nil {
			return err
		}
		if err := s.replaceKeys(ctx, tx, fresh); err != nil {
			return err
		}
		rechained, err := s.rechain(ctx, tx, fresh)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, fresh.Entry(loss.Accounts, loss.Factors, rechained))
	})
	if err != nil {
		s.auditKey = before
	}
	return err
}

// replaceKeys locks the installation's row first, on which new users queue.
func (s *Store) replaceKeys(ctx context.Context, tx bun.Tx, fresh FreshKeys) error {
	for _, statement := range []*bun.RawQuery{
		tx.NewRaw("UPDATE installation SET canary = ? WHERE id = 1", fresh.Canary),
		tx.NewRaw("DELETE FROM installation_keys"),
		tx.NewRaw("UPDATE brokerage_accounts SET sealed_key = ?0, sealed_secret = ?0, api_key_hint = '', automated = ?1, next_run_at = NULL, armed_at = NULL", []byte{}, false),
		tx.NewRaw("DELETE FROM totp_secrets"),
		tx.NewRaw("DELETE FROM recovery_codes"),
		tx.NewRaw("DELETE FROM sessions"),
		tx.NewRaw("DELETE FROM pending_sign_ins"),
		tx.NewRaw("DELETE FROM known_devices"),
		tx.NewRaw("UPDATE users SET session_epoch = session_epoch + 1"),
		tx.NewRaw("DELETE FROM user_keys"),
	} {
		if _, err := statement.Exec(ctx); err != nil {
			return err
		}
	}
	if err := insertInstallationKey(ctx, tx, ownKey, fresh.InstallationKey, at(s.clock.Now())); err != nil {
		return err
	}
	var users []string
	if err := tx.NewRaw("SELECT id FROM users ORDER BY id").Scan(ctx, &users); err != nil {
		return err
	}
	for _, user := range users {
		if _, err := tx.NewInsert().Model(&userKeyRow{UserID: user, Wrapped: fresh.DataKey(user)}).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

const rechainBatch = 1000

// rechain computes the chain of all entries under the new key, and returns how many there are.
// Checkpoints and receipts that the lost key signed go.
func (s *Store) rechain(ctx context.Context, tx bun.Tx, fresh FreshKeys) (count int64, err error) {
	var last int64
	var hash []byte
	if err := tx.NewRaw("UPDATE audit_head SET sequence = sequence WHERE id = 1 RETURNING sequence, hash").Scan(ctx, &last, &hash); err != nil {
		return 0, err
	}
	if hash, err = s.replaceReceipts(ctx, tx, fresh, hash); err != nil {
		return 0, err
	}
	for after := int64(0); ; {
		var rows []auditRow
		if err := tx.NewSelect().Model(&rows).Where("sequence > ?", after).Order("sequence").Limit(rechainBatch).Scan(ctx); err != nil {
			return 0, err
		}
		for _, row := range rows {
			if hash, err = rechainOne(ctx, tx, fresh.AuditKey, hash, row); err != nil {
				return 0, err
			}
			after = row.Sequence
		}
		if count += int64(len(rows)); len(rows) < rechainBatch {
			break
		}
	}
	_, err = tx.NewRaw("UPDATE audit_head SET hash = ? WHERE id = 1", hash).Exec(ctx)
	return count, err
}

func rechainOne(ctx context.Context, tx bun.Tx, key, previous []byte, row auditRow) ([]byte, error) {
	link, err := row.link()
	if err == nil {
		link, err = audit.Chain(key, previous, link.Entry)
	}
	if err != nil {
		return nil, err
	}
	_, err = tx.NewRaw("UPDATE audit_entries SET previous_hash = ?, hash = ? WHERE sequence = ?", append([]byte{}, link.PreviousHash...), link.Hash, row.Sequence).Exec(ctx)
	return link.Hash, err
}

// replaceReceipts returns the hash before the oldest entry that is not archived.
func (s *Store) replaceReceipts(ctx context.Context, tx bun.Tx, fresh FreshKeys, head []byte) ([]byte, error) {
	var archived int64
	if err := tx.NewRaw("SELECT COALESCE(MAX(last_sequence), 0) FROM audit_archives").Scan(ctx, &archived); err != nil {
		return nil, err
	}
	for _, table := range []string{"audit_checkpoints", "audit_archives"} {
		if _, err := tx.NewDelete().Table(table).Where("1 = 1").Exec(ctx); err != nil {
			return nil, err
		}
	}
	if archived == 0 {
		return nil, nil
	}
	var oldest []auditRow
	if err := tx.NewSelect().Model(&oldest).Order("sequence").Limit(1).Scan(ctx); err != nil {
		return nil, err
	}
	last := head
	if len(oldest) > 0 {
		if oldest[0].Sequence != archived+1 {
			return nil, fault.New(fault.Conflict, "Entry %d of the audit log is missing. Look at it with `alpaca-trader audit verify` and the old key; nothing was changed.", archived+1)
		}
		last = oldest[0].PreviousHash
	}
	receipt, err := fresh.SignReceipt(archived, last)
	if err != nil {
		return nil, err
	}
	_, err = tx.NewRaw("INSERT INTO audit_archives (last_sequence, at, note) VALUES (?, ?, ?)", receipt.Last, at(receipt.At), receipt.Note).Exec(ctx)
	return last, err
}
