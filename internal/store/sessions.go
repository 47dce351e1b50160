package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Sessions keeps browser sessions; it is the store of scs (CtxStore). Tokens come here hashed and
// are kept as an HMAC of that, so that who can write to the database but does not know SECRET_KEY
// cannot make a session, and a new SECRET_KEY ends all of them. It reads whose session it is from
// the data as auth.SessionFactsOf does.
type Sessions struct {
	store *Store
	key   []byte
}

// Sessions returns the session store under the key: secret.DeriveKey of SECRET_KEY.
func (s *Store) Sessions(key []byte) Sessions { return Sessions{s, key} }

// row is how a session's hashed token stands in the database.
func (s Sessions) row(token string) string {
	sum := hmac.New(sha256.New, s.key)
	sum.Write([]byte(token))
	return hex.EncodeToString(sum.Sum(nil))
}

// FindCtx returns the data of a session that has not expired.
func (s Sessions) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = s.store.read.NewRaw("SELECT data FROM sessions WHERE token = ? AND ended_at IS NULL AND expires_at > ?",
		s.row(token), at(s.store.clock.Now())).Scan(ctx, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, explain(err)
}

// CommitCtx stores the session's data and expiry; committing again counts as seeing it. A session
// that was ended stays ended: a request that was under way meanwhile does not bring it back.
func (s Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	facts := auth.SessionFactsOf(data)
	now := s.store.clock.Now()
	if facts.Began.IsZero() {
		facts.Began = now
	}
	var userID *string
	if facts.UserID != "" {
		userID = &facts.UserID
	}
	return s.store.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO sessions (token, user_id, data, address, user_agent, public_id, created_at, seen_at, expires_at)
			VALUES (?0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
			ON CONFLICT (token) DO UPDATE SET user_id = excluded.user_id, data = excluded.data, address = excluded.address,
			user_agent = excluded.user_agent, public_id = excluded.public_id, created_at = excluded.created_at,
			seen_at = excluded.seen_at, expires_at = excluded.expires_at
			WHERE sessions.ended_at IS NULL`,
			s.row(token), userID, data, facts.Address, facts.UserAgent, facts.ID, at(facts.Began), at(now), at(expiry)).Exec(ctx)
		return err
	})
}

// DeleteCtx ends the session; one that does not exist is no error.
func (s Sessions) DeleteCtx(ctx context.Context, token string) error {
	_, err := s.store.write.NewRaw("UPDATE sessions SET ended_at = ?, data = '' WHERE token = ? AND ended_at IS NULL",
		at(s.store.clock.Now()), s.row(token)).Exec(ctx)
	return explain(err)
}

// Find is FindCtx without a context, for scs.
func (s Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context, for scs.
func (s Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a context, for scs.
func (s Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// endedFor is how long an ended session is kept: longer than any request that might store it again.
const endedFor = time.Hour

// Sweep removes expired sessions, and those that ended a while ago, and returns how many there were.
func (s Sessions) Sweep(ctx context.Context) (int64, error) {
	now := s.store.clock.Now()
	result, err := s.store.write.NewRaw("DELETE FROM sessions WHERE expires_at <= ? OR ended_at <= ?", at(now), at(now.Add(-endedFor))).Exec(ctx)
	if err != nil {
		return 0, explain(err)
	}
	return result.RowsAffected()
}

// ListSessions returns the user's sessions that have neither ended nor expired, latest seen first.
func (s *Store) ListSessions(ctx context.Context, userID string) ([]auth.Session, error) {
	var rows []struct {
		PublicID, Address, UserAgent string
		CreatedAt, SeenAt, ExpiresAt instant
	}
	err := s.read.NewRaw(`SELECT public_id, address, user_agent, created_at, seen_at, expires_at FROM sessions
		WHERE user_id = ? AND ended_at IS NULL AND expires_at > ? ORDER BY seen_at DESC, token`, userID, at(s.clock.Now())).Scan(ctx, &rows)
	sessions := make([]auth.Session, 0, len(rows))
	for _, row := range rows {
		sessions = append(sessions, auth.Session{
			ID: row.PublicID, Address: row.Address, UserAgent: row.UserAgent,
			CreatedAt: row.CreatedAt.Time, SeenAt: row.SeenAt.Time, ExpiresAt: row.ExpiresAt.Time,
		})
	}
	return sessions, explain(err)
}

// EndSession ends one session of the user; a fault of kind NotFound when there is none of that id.
func (s *Store) EndSession(ctx context.Context, userID, sessionID string, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw("UPDATE sessions SET ended_at = ?, data = '' WHERE user_id = ? AND public_id = ? AND ended_at IS NULL AND expires_at > ?",
			at(s.clock.Now()), userID, sessionID, at(s.clock.Now())).Exec(ctx)
		if err := mustChange(result, err, fault.New(fault.NotFound, "There is no such session.")); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}

// EndOtherSessions ends all sessions of the user but one, which may be empty, and writes the entry
// that describe returns for how many they were.
func (s *Store) EndOtherSessions(ctx context.Context, userID, except string, describe func(ended int64) audit.Entry) (ended int64, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw("UPDATE sessions SET ended_at = ?, data = '' WHERE user_id = ? AND public_id <> ? AND ended_at IS NULL AND expires_at > ?",
			at(s.clock.Now()), userID, except, at(s.clock.Now())).Exec(ctx)
		if err != nil {
			return err
		}
		if ended, err = result.RowsAffected(); err != nil {
			return err
		}
		if _, err := tx.NewRaw("DELETE FROM pending_sign_ins WHERE user_id = ?", userID).Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, describe(ended))
	})
	return ended, err
}

// endSessions ends all sessions and pending sign-ins of the user, in the transaction that has the
// reason for it. The epoch ends those too that are only about to be stored.
func (s *Store) endSessions(ctx context.Context, tx bun.Tx, userID string) (int64, error) {
	if _, err := tx.NewRaw("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = ?", userID).Exec(ctx); err != nil {
		return 0, err
	}
	if _, err := tx.NewRaw("DELETE FROM pending_sign_ins WHERE user_id = ?", userID).Exec(ctx); err != nil {
		return 0, err
	}
	result, err := tx.NewRaw("UPDATE sessions SET ended_at = ?, data = '' WHERE user_id = ? AND ended_at IS NULL", at(s.clock.Now()), userID).Exec(ctx)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
