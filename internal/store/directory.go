package store

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

type recordRow struct {
	userRow `bun:",extend"`

	TwoFactor bool `bun:",scanonly"`
	Sessions  int  `bun:",scanonly"`
}

// ListUsers returns one page of all users, by folded user name. A page costs as much at the end of
// the directory as at its start.
func (s *Store) ListUsers(ctx context.Context, query auth.UserQuery) (auth.UserPage, error) {
	var rows []recordRow
	limit := pageSize(query.Limit)
	find := s.read.NewSelect().Model(&rows).ModelTableExpr("users AS u").ColumnExpr("u.*").
		ColumnExpr("("+sessionCount+") AS sessions", at(s.clock.Now())).ColumnExpr("(" + hasSecondFactor + ") AS two_factor").
		OrderExpr("u.username_key").Limit(int64(limit) + 1)
	if query.After != "" {
		find = find.Where("u.username_key > ?", query.After)
	}
	if text := fold(strings.TrimSpace(query.Text)); text != "" {
		pattern := "%" + escapeLike.Replace(text) + "%"
		find = find.Where("(u.username_key LIKE ? ESCAPE '!' OR u.email_key LIKE ? ESCAPE '!')", pattern, pattern)
	}
	if err := find.Scan(ctx); err != nil {
		return auth.UserPage{}, explain(err)
	}
	return pageOf(rows, limit), nil
}

const sessionCount = "SELECT COUNT(*) FROM sessions WHERE sessions.user_id = u.id AND sessions.ended_at IS NULL AND sessions.expires_at > ?"

var escapeLike = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

func pageSize(asked int) int {
	if asked <= 0 {
		return auth.UsualUserPage
	}
	return min(asked, auth.LongestUserPage)
}

func pageOf(rows []recordRow, limit int) auth.UserPage {
	page := auth.UserPage{Users: make([]auth.UserRecord, 0, min(limit, len(rows)))}
	for _, row := range rows[:min(limit, len(rows))] {
		page.Users = append(page.Users, auth.UserRecord{User: row.user(), TwoFactor: row.TwoFactor, Sessions: row.Sessions})
	}
	if len(rows) > limit {
		page.Next = rows[limit-1].UsernameKey
	}
	return page
}

// ChangeUser changes the user's role and whether it is disabled, and writes the entries that
// describe returns for what became of it. Disabling ends the user's sessions and its password
// link in the same transaction. A fault of kind Conflict, when nobody would be left who can
// administer: of two administrators who remove each other at once, one stays.
func (s *Store) ChangeUser(ctx context.Context, id string, change auth.UserChange, describe func(auth.UserChanged) []audit.Entry) (auth.User, error) {
	var changed auth.UserChanged
	err := s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := queue(ctx, tx); err != nil {
			return err
		}
		var row userRow
		if err := tx.NewRaw("SELECT * FROM users WHERE id = ?"+s.dialect.forUpdate, id).Scan(ctx, &row); err != nil {
			return missing(err, noUser)
		}
		changed = applyUserChange(row.user(), change)
		if err := requireAnotherAdmin(ctx, tx, changed); err != nil {
			return err
		}
		if err := s.storeUserChange(ctx, tx, &changed); err != nil {
			return err
		}
		return s.audit(ctx, tx, describe(changed)...)
	})
	return changed.After, err
}

func applyUserChange(before auth.User, change auth.UserChange) auth.UserChanged {
	after := before
	if change.Role != nil {
		after.Role = *change.Role
	}
	if change.Disabled != nil {
		after.Disabled = *change.Disabled
	}
	return auth.UserChanged{Before: before, After: after}
}

func administers(user auth.User) bool { return user.Role == auth.Admin && !user.Disabled }

// requireAnotherAdmin refuses to take away the last administrator who can sign in.
func requireAnotherAdmin(ctx context.Context, tx bun.Tx, changed auth.UserChanged) error {
	if !administers(changed.Before) || administers(changed.After) {
		return nil
	}
	another, err := tx.NewSelect().Table("users").
		Where("role = 'admin' AND NOT disabled AND password_hash <> '' AND id <> ?", changed.Before.ID).Exists(ctx)
	if err != nil || another {
		return err
	}
	return fault.New(fault.Conflict, "This is the last administrator who can sign in. Make another one first.")
}

func (s *Store) storeUserChange(ctx context.Context, tx bun.Tx, changed *auth.UserChanged) error {
	after := changed.After
	_, err := tx.NewRaw("UPDATE users SET role = ?, disabled = ? WHERE id = ?", after.Role, after.Disabled, after.ID).Exec(ctx)
	if err != nil || changed.Before.Disabled || !after.Disabled {
		return err
	}
	if _, err := tx.NewRaw("DELETE FROM password_links WHERE user_id = ?", after.ID).Exec(ctx); err != nil {
		return err
	}
	changed.SessionsEnded, err = s.endSessions(ctx, tx, after.ID)
	return err
}

// EndUserSessions ends all of the user's sessions and writes the entry that describe returns for
// how many there were.
func (s *Store) EndUserSessions(ctx context.Context, userID string, describe func(ended int64) audit.Entry) (ended int64, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lockUser(ctx, tx, userID); err != nil {
			return err
		}
		if ended, err = s.endSessions(ctx, tx, userID); err != nil {
			return err
		}
		return s.audit(ctx, tx, describe(ended))
	})
	return ended, err
}
