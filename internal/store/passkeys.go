package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

type passkeyRow struct {
	bun.BaseModel `bun:"table:passkeys"`

	ID           string
	UserID       string
	Name         string
	CredentialID []byte
	Record       []byte
	SignCount    int64
	CreatedAt    instant
	LastUsedAt   instant
}

func rowOfPasskey(p auth.Passkey) passkeyRow {
	return passkeyRow{
		ID: p.ID, UserID: p.UserID, Name: p.Name, CredentialID: p.CredentialID, Record: p.Record,
		SignCount: int64(p.SignCount), CreatedAt: at(p.CreatedAt), LastUsedAt: at(p.LastUsedAt),
	}
}

func (r passkeyRow) passkey() auth.Passkey {
	return auth.Passkey{
		ID: r.ID, UserID: r.UserID, Name: r.Name, CredentialID: r.CredentialID, Record: r.Record,
		SignCount: uint32(r.SignCount), CreatedAt: r.CreatedAt.Time, LastUsedAt: r.LastUsedAt.Time,
	}
}

const noPasskey = "You have no such passkey."

// ListPasskeys returns the user's passkeys, oldest first.
func (s *Store) ListPasskeys(ctx context.Context, userID string) ([]auth.Passkey, error) {
	var rows []passkeyRow
	err := s.read.NewSelect().Model(&rows).Where("user_id = ?", userID).Order("created_at", "id").Scan(ctx)
	passkeys := make([]auth.Passkey, 0, len(rows))
	for _, row := range rows {
		passkeys = append(passkeys, row.passkey())
	}
	return passkeys, explain(err)
}

// PasskeyByCredential finds a passkey of anybody by the id that its authenticator gave it.
func (s *Store) PasskeyByCredential(ctx context.Context, credentialID []byte) (auth.Passkey, error) {
	var row passkeyRow
	err := s.read.NewSelect().Model(&row).Where("credential_id = ?", credentialID).Scan(ctx)
	return row.passkey(), missing(err, noPasskey)
}

// CreatePasskey inserts the passkey, spends the challenge that it answers and ends all sessions of
// the user. Faults: Conflict when the challenge was answered before, the authenticator is registered
// already, or the user has auth.PasskeysPerUser.
func (s *Store) CreatePasskey(ctx context.Context, passkey auth.Passkey, challenge []byte, entry audit.Entry) (user auth.User, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lockUser(ctx, tx, passkey.UserID); err != nil {
			return err
		}
		count, err := tx.NewSelect().Table("passkeys").Where("user_id = ?", passkey.UserID).Count(ctx)
		if err != nil {
			return err
		}
		if count >= auth.PasskeysPerUser {
			return fault.New(fault.Conflict, "You have %d passkeys, which is the most. Delete one first.", count)
		}
		if err := s.spend(ctx, tx, challenge); err != nil {
			return err
		}
		row := rowOfPasskey(passkey)
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return taken(err, fault.New(fault.Conflict, "This passkey is registered already."))
		}
		if user, err = s.endAndRead(ctx, tx, passkey.UserID); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
	return user, err
}

// UsePasskey spends the challenge and stores what the passkey's use has changed: record, count and
// last use. auth.ErrCloned when the count does not rise, also when another process was first; a
// fault of kind Conflict when the challenge was answered before.
func (s *Store) UsePasskey(ctx context.Context, passkey auth.Passkey, challenge []byte) error {
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.spend(ctx, tx, challenge); err != nil {
			return err
		}
		row := rowOfPasskey(passkey)
		result, err := tx.NewRaw(`UPDATE passkeys SET record = ?, sign_count = ?, last_used_at = ?
			WHERE id = ? AND user_id = ? AND (sign_count < ? OR sign_count = 0 AND ? = 0)`,
			row.Record, row.SignCount, row.LastUsedAt, row.ID, row.UserID, row.SignCount, row.SignCount).Exec(ctx)
		return mustChange(result, err, auth.ErrCloned)
	})
}

// challengesKeptFor is far longer than a challenge can be answered.
const challengesKeptFor = time.Hour

// spend marks a challenge as answered, once, and forgets those that are too old to be answered.
func (s *Store) spend(ctx context.Context, tx bun.Tx, challenge []byte) error {
	now := s.clock.Now()
	if _, err := tx.NewRaw("DELETE FROM spent_challenges WHERE spent_at < ?", at(now.Add(-challengesKeptFor))).Exec(ctx); err != nil {
		return err
	}
	result, err := tx.NewRaw("INSERT INTO spent_challenges (hash, spent_at) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING", challenge, at(now)).Exec(ctx)
	return mustChange(result, err, fault.New(fault.Conflict, "This passkey request was answered already. Start again."))
}

// RenamePasskey gives the user's passkey another name; a fault of kind NotFound when it is not there.
func (s *Store) RenamePasskey(ctx context.Context, userID, id, name string, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw("UPDATE passkeys SET name = ? WHERE id = ? AND user_id = ?", name, id, userID).Exec(ctx)
		if err := mustChange(result, err, fault.New(fault.NotFound, noPasskey)); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}

// DeletePasskey removes the user's passkey, and the recovery codes when no other factor is left for
// them to stand in for, and ends all sessions of the user; a fault of kind NotFound when it is not there.
func (s *Store) DeletePasskey(ctx context.Context, userID, id string, entry audit.Entry) (user auth.User, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw("DELETE FROM passkeys WHERE id = ? AND user_id = ?", id, userID).Exec(ctx)
		if err := mustChange(result, err, fault.New(fault.NotFound, noPasskey)); err != nil {
			return err
		}
		if err := dropIdleCodes(ctx, tx, userID); err != nil {
			return err
		}
		if user, err = s.endAndRead(ctx, tx, userID); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
	return user, err
}
