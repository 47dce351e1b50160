package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// ownKey names the key from which the installation's other keys are derived. rootKey begins the
// names of ENCRYPTION_KEYs that a key service keeps wrapped, retiredKey those of stamps (in
// hexadecimal) under which nothing may be wrapped any more.
const (
	ownKey     = "installation"
	rootKey    = "root "
	retiredKey = "retired "
)

// installationKey returns nil when there is none of the name.
func (s *Store) installationKey(ctx context.Context, from bun.IDB, name string) ([]byte, error) {
	var wrapped []byte
	err := from.NewRaw("SELECT wrapped FROM installation_keys WHERE name = ?", name).Scan(ctx, &wrapped)
	if errors.Is(err, sql.ErrNoRows) || isMissingTable(err) {
		return nil, nil
	}
	return wrapped, explain(err)
}

func insertInstallationKey(ctx context.Context, tx bun.Tx, name string, wrapped []byte, now instant) error {
	_, err := tx.NewRaw("INSERT INTO installation_keys (name, wrapped, wrapped_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
		name, wrapped, now).Exec(ctx)
	return err
}

// RootKey returns the ENCRYPTION_KEY that the key service at the address has wrapped, nil when
// there is none. It may be called before Migrate.
func (s *Store) RootKey(ctx context.Context, address string) ([]byte, error) {
	return s.installationKey(ctx, s.read, rootKey+address)
}

// CreateRootKey keeps the wrapped ENCRYPTION_KEY and returns the one that counts: of several
// processes that start together, the first one's.
func (s *Store) CreateRootKey(ctx context.Context, address string, wrapped []byte) ([]byte, error) {
	var kept []byte
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if err := insertInstallationKey(ctx, tx, rootKey+address, wrapped, at(s.clock.Now())); err != nil {
			return err
		}
		kept, err = s.installationKey(ctx, tx, rootKey+address)
		return err
	})
	return kept, err
}

// UpdateRootKey keeps the same ENCRYPTION_KEY in a newer wrapping.
func (s *Store) UpdateRootKey(ctx context.Context, address string, wrapped []byte) error {
	_, err := s.write.NewRaw("UPDATE installation_keys SET wrapped = ?, wrapped_at = ? WHERE name = ?",
		wrapped, at(s.clock.Now()), rootKey+address).Exec(ctx)
	return explain(err)
}

// CountDataKeys returns how many data keys there are, and how many do not begin with the stamp.
func (s *Store) CountDataKeys(ctx context.Context, stamp []byte) (all, others int, err error) {
	err = s.read.NewRaw("SELECT COUNT(*), COUNT(CASE WHEN substr(wrapped, 1, ?) <> ? THEN 1 END) FROM user_keys", secret.StampSize, stamp).
		Scan(ctx, &all, &others)
	return all, others, explain(err)
}

// OtherDataKeys returns up to limit data keys that do not begin with the stamp, by user id, after
// the one of the user.
func (s *Store) OtherDataKeys(ctx context.Context, stamp []byte, after string, limit int) ([]secret.WrappedKey, error) {
	var keys []secret.WrappedKey
	err := s.read.NewRaw("SELECT user_id, wrapped FROM user_keys WHERE user_id > ? AND substr(wrapped, 1, ?) <> ? ORDER BY user_id LIMIT ?",
		after, secret.StampSize, stamp, limit).Scan(ctx, &keys)
	return keys, explain(err)
}

// ReplaceDataKeys stores the data keys that rewrap gives for the old ones, all or none. A key that
// was changed or deleted meanwhile stays as it is. It returns how many were replaced.
func (s *Store) ReplaceDataKeys(ctx context.Context, old []secret.WrappedKey, rewrapped [][]byte) (replaced int, err error) {
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		replaced = 0
		for i, key := range old {
			changed, err := changedOne(tx.NewRaw("UPDATE user_keys SET wrapped = ? WHERE user_id = ? AND wrapped = ?",
				rewrapped[i], key.UserID, key.Wrapped).Exec(ctx))
			if err != nil {
				return err
			}
			if changed {
				replaced++
			}
		}
		return nil
	})
	return replaced, err
}

// insertDataKey refuses a key of a server that was not restarted before a rotation: without the
// earlier ENCRYPTION_KEY nobody could open it. The caller holds the row on which a rotation ends.
func (s *Store) insertDataKey(ctx context.Context, tx bun.Tx, row userKeyRow) error {
	retired, err := s.installationKey(ctx, tx, retiredKey+hex.EncodeToString(secret.StampOf(row.Wrapped)))
	if err != nil {
		return err
	}
	if retired != nil {
		return fault.New(fault.Unavailable, "This server runs with an ENCRYPTION_KEY that was replaced. Restart it with the new one.")
	}
	_, err = tx.NewInsert().Model(&row).Exec(ctx)
	return err
}

// FinishRotation wraps the canary and the installation's key anew, forgets what other key services
// than the one at keep have wrapped, retires the earlier keys, and writes the entry: together, and only when no data key is
// left that does not begin with the stamp. It reports whether it is done; nothing is changed and
// nothing written when all of it was done before, so that a rotation is recorded once.
func (s *Store) FinishRotation(ctx context.Context, keys *secret.Keyring, keep string, entry audit.Entry) (done bool, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		done = false
		old, left, err := s.rotationState(ctx, tx, keys.Stamp())
		if err != nil || left > 0 {
			return err
		}
		if done = true; string(old) == string(keys.Stamp()) {
			return nil
		}
		if err := s.moveInstallation(ctx, tx, keys, keep); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
	return done, err
}

// rotationState locks the row on which new users queue, and returns the canary's stamp and how
// many data keys are left.
func (s *Store) rotationState(ctx context.Context, tx bun.Tx, stamp []byte) (canary []byte, left int, err error) {
	if _, err := tx.NewRaw("UPDATE installation SET id = id WHERE id = 1").Exec(ctx); err != nil {
		return nil, 0, err
	}
	err = tx.NewRaw("SELECT canary, (SELECT COUNT(*) FROM user_keys WHERE substr(wrapped, 1, ?) <> ?) FROM installation WHERE id = 1",
		secret.StampSize, stamp).Scan(ctx, &canary, &left)
	return secret.StampOf(canary), left, err
}

func (s *Store) moveInstallation(ctx context.Context, tx bun.Tx, keys *secret.Keyring, keep string) error {
	wrapped, err := s.installationKey(ctx, tx, ownKey)
	if err != nil {
		return err
	}
	if wrapped, err = keys.RewrapInstallationKey(wrapped); err != nil {
		return err
	}
	now := at(s.clock.Now())
	for _, stamp := range keys.Stamps()[1:] {
		if err := insertInstallationKey(ctx, tx, retiredKey+hex.EncodeToString(stamp), stamp, now); err != nil {
			return err
		}
	}
	for _, statement := range []*bun.RawQuery{
		tx.NewRaw("UPDATE installation SET canary = ? WHERE id = 1", keys.NewCanary()),
		tx.NewRaw("UPDATE installation_keys SET wrapped = ?, wrapped_at = ? WHERE name = ?", wrapped, now, ownKey),
		tx.NewRaw("DELETE FROM installation_keys WHERE name LIKE ? AND name <> ?", rootKey+"%", rootKey+keep),
		tx.NewRaw("DELETE FROM installation_keys WHERE name = ?", retiredKey+hex.EncodeToString(keys.Stamp())),
	} {
		if _, err := statement.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// UseAuditKey sets the key of the audit chain, which is known only once Prepare has told the keys
// of the installation's own. It is called before the store is shared.
func (s *Store) UseAuditKey(key []byte) { s.auditKey = key }
