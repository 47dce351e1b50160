package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

type passwordLinkRow struct {
	bun.BaseModel `bun:"table:password_links"`

	UserID     string
	SecretHash []byte
	CreatedAt  instant
	ExpiresAt  instant
}

// insertPasswordLink stores the link, in place of an older one of the same user.
func insertPasswordLink(ctx context.Context, tx bun.Tx, link auth.PasswordLink) error {
	if len(link.Hash) == 0 {
		return nil
	}
	if _, err := tx.NewRaw("DELETE FROM password_links WHERE user_id = ?", link.UserID).Exec(ctx); err != nil {
		return err
	}
	row := passwordLinkRow{UserID: link.UserID, SecretHash: link.Hash, CreatedAt: at(link.CreatedAt), ExpiresAt: at(link.ExpiresAt)}
	_, err := tx.NewInsert().Model(&row).Exec(ctx)
	return err
}

// CreatePasswordLink stores the link, in place of an older one of the same user; a fault of kind
// NotFound when there is no such user.
func (s *Store) CreatePasswordLink(ctx context.Context, link auth.PasswordLink, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lockUser(ctx, tx, link.UserID); err != nil {
			return err
		}
		if err := insertPasswordLink(ctx, tx, link); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}

// PasswordLinkUser returns the user whose link has the hash; auth.ErrPasswordLink when there is
// none that can be used, also for a disabled user.
func (s *Store) PasswordLinkUser(ctx context.Context, hash []byte) (auth.User, error) {
	var row userRow
	err := s.read.NewSelect().Model(&row).
		Join("JOIN password_links AS link ON link.user_id = user_row.id").
		Where("link.secret_hash = ? AND link.expires_at > ? AND NOT user_row.disabled", hash, at(s.clock.Now())).Scan(ctx)
	if fault.Is(missing(err, ""), fault.NotFound) {
		return auth.User{}, auth.ErrPasswordLink
	}
	return row.user(), explain(err)
}

// UsePasswordLink uses the link up, stores the password's hash and ends all of the user's sessions,
// together. Of two calls with one link exactly one succeeds; the other gets auth.ErrPasswordLink.
func (s *Store) UsePasswordLink(ctx context.Context, hash []byte, passwordHash string, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		var userID string
		err := tx.NewRaw("DELETE FROM password_links WHERE secret_hash = ? AND expires_at > ? RETURNING user_id",
			hash, at(s.clock.Now())).Scan(ctx, &userID)
		if fault.Is(missing(err, ""), fault.NotFound) {
			return auth.ErrPasswordLink
		}
		if err != nil {
			return err
		}
		result, err := tx.NewRaw("UPDATE users SET password_hash = ?, password_changed_at = ? WHERE id = ? AND NOT disabled",
			passwordHash, at(s.clock.Now()), userID).Exec(ctx)
		if err := mustChange(result, err, auth.ErrPasswordLink); err != nil {
			return err
		}
		if _, err := tx.NewRaw("DELETE FROM known_devices WHERE user_id = ?", userID).Exec(ctx); err != nil {
			return err
		}
		if _, err := s.endSessions(ctx, tx, userID); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}
