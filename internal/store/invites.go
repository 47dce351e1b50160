package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

type inviteRow struct {
	bun.BaseModel `bun:"table:invites"`

	ID         string
	SecretHash []byte
	Role       auth.Role
	Note       string
	CreatedBy  string
	CreatedAt  instant
	ExpiresAt  instant
	UsedAt     instant
	UsedBy     *string
}

func (r inviteRow) invite() auth.Invite {
	invite := auth.Invite{
		ID: r.ID, Role: r.Role, Note: r.Note, CreatedBy: r.CreatedBy,
		CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time, UsedAt: r.UsedAt.Time,
	}
	if r.UsedBy != nil {
		invite.UsedBy = *r.UsedBy
	}
	return invite
}

// shownInvites is how many invites a list has at most: the newest.
const shownInvites = 500

// Invites returns the newest invites, used and expired ones too, newest first.
func (s *Store) Invites(ctx context.Context) ([]auth.Invite, error) {
	var rows []inviteRow
	err := s.read.NewSelect().Model(&rows).Order("created_at DESC", "id").Limit(shownInvites).Scan(ctx)
	invites := make([]auth.Invite, 0, len(rows))
	for _, row := range rows {
		invites = append(invites, row.invite())
	}
	return invites, explain(err)
}

// CreateInvite stores an invite whose secret has the hash.
func (s *Store) CreateInvite(ctx context.Context, invite auth.Invite, hash []byte, entry audit.Entry) error {
	row := inviteRow{
		ID: invite.ID, SecretHash: hash, Role: invite.Role, Note: invite.Note, CreatedBy: invite.CreatedBy,
		CreatedAt: at(invite.CreatedAt), ExpiresAt: at(invite.ExpiresAt),
	}
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}

// RevokeInvite removes an invite, used or not; a fault of kind NotFound when there is none.
func (s *Store) RevokeInvite(ctx context.Context, id string, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw("DELETE FROM invites WHERE id = ?", id).Exec(ctx)
		if err := mustChange(result, err, fault.New(fault.NotFound, "There is no such invite.")); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}

// InviteValid reports whether the invite can be used now.
func (s *Store) InviteValid(ctx context.Context, hash []byte) (bool, error) {
	valid, err := s.read.NewSelect().Model((*inviteRow)(nil)).Where(usableInvite, hash, at(s.clock.Now())).Exists(ctx)
	return valid, explain(err)
}

const usableInvite = "secret_hash = ? AND used_at IS NULL AND expires_at > ?"

// useInvite uses the invite up, once: of two transactions that try, one finds it used.
func (s *Store) useInvite(ctx context.Context, tx bun.Tx, hash []byte, username string) (auth.Invite, error) {
	var row inviteRow
	now := at(s.clock.Now())
	err := tx.NewRaw("UPDATE invites SET used_at = ?, used_by = ? WHERE "+usableInvite+" RETURNING *",
		now, username, hash, now).Scan(ctx, &row)
	if fault.Is(missing(err, ""), fault.NotFound) {
		return auth.Invite{}, auth.ErrInvite
	}
	return row.invite(), err
}

// inviteUsed is the entry beside that of a registration.
func inviteUsed(registered audit.Entry, invite auth.Invite) audit.Entry {
	registered.Action, registered.Target = audit.InviteUsed, "invite:"+invite.ID
	registered.Details = map[string]any{"role": invite.Role, "invited_by": invite.CreatedBy}
	return registered
}

// keepInvites is how long an invite is shown after it could no longer be used.
const keepInvites = 90 * 24 * time.Hour

// SweepLinks removes one-time links that have expired, invites and API tokens long after that.
func (s *Store) SweepLinks(ctx context.Context) error {
	now := s.clock.Now()
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("DELETE FROM password_links WHERE expires_at <= ?", at(now)).Exec(ctx)
		if err != nil {
			return err
		}
		if _, err = tx.NewRaw("DELETE FROM invites WHERE expires_at <= ?", at(now.Add(-keepInvites))).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewRaw("DELETE FROM api_tokens WHERE expires_at <= ?", at(now.Add(-auth.ExpiredTokensKept))).Exec(ctx)
		return err
	})
}
