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

	"github.com/jcap24/alpaca-trader/internal/auth"
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

// Session is what a user may see of a session.
type Session struct {
	Token     string // as its row is named; opens nothing
	UserID    string
	Address   string
	UserAgent string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

// FindCtx returns the data of a session that has not expired.
func (s Sessions) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = s.store.read.NewRaw("SELECT data FROM sessions WHERE token = ? AND expires_at > ?",
		s.row(token), at(s.store.clock.Now())).Scan(ctx, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, explain(err)
}

// CommitCtx stores the session's data and expiry; committing again counts as seeing it.
func (s Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	facts := auth.SessionFactsOf(data)
	now := at(s.store.clock.Now())
	var userID *string
	if facts.UserID != "" {
		userID = &facts.UserID
	}
	return s.store.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO sessions (token, user_id, data, address, user_agent, created_at, seen_at, expires_at)
			VALUES (?0, ?1, ?2, ?3, ?4, ?5, ?5, ?6)
			ON CONFLICT (token) DO UPDATE SET user_id = excluded.user_id, data = excluded.data, address = excluded.address,
			user_agent = excluded.user_agent, seen_at = excluded.seen_at, expires_at = excluded.expires_at`,
			s.row(token), userID, data, facts.Address, facts.UserAgent, now, at(expiry)).Exec(ctx)
		return err
	})
}

// DeleteCtx ends the session; one that does not exist is no error.
func (s Sessions) DeleteCtx(ctx context.Context, token string) error {
	_, err := s.store.write.NewRaw("DELETE FROM sessions WHERE token = ?", s.row(token)).Exec(ctx)
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

// List returns the user's sessions that have not expired, latest seen first.
func (s Sessions) List(ctx context.Context, userID string) ([]Session, error) {
	var rows []struct {
		Token, Address, UserAgent    string
		CreatedAt, SeenAt, ExpiresAt instant
	}
	err := s.store.read.NewRaw(`SELECT token, address, user_agent, created_at, seen_at, expires_at FROM sessions
		WHERE user_id = ? AND expires_at > ? ORDER BY seen_at DESC, token`, userID, at(s.store.clock.Now())).Scan(ctx, &rows)
	sessions := make([]Session, 0, len(rows))
	for _, row := range rows {
		sessions = append(sessions, Session{
			row.Token, userID, row.Address, row.UserAgent, row.CreatedAt.Time, row.SeenAt.Time, row.ExpiresAt.Time,
		})
	}
	return sessions, explain(err)
}

// EndSessions ends all of the user's sessions but the one with the hashed token except, which may
// be empty, and returns how many it ended.
func (s Sessions) EndSessions(ctx context.Context, userID, except string) (int64, error) {
	return s.remove(ctx, "user_id = ? AND token <> ?", userID, s.row(except))
}

// Sweep removes expired sessions and returns how many there were.
func (s Sessions) Sweep(ctx context.Context) (int64, error) {
	return s.remove(ctx, "expires_at <= ?", at(s.store.clock.Now()))
}

func (s Sessions) remove(ctx context.Context, where string, args ...any) (int64, error) {
	result, err := s.store.write.NewDelete().Table("sessions").Where(where, args...).Exec(ctx)
	if err != nil {
		return 0, explain(err)
	}
	return result.RowsAffected()
}
