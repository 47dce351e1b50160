package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type userRow struct {
	bun.BaseModel `bun:"table:users"`

	ID           string
	Username     string
	UsernameKey  string
	Email        string
	EmailKey     string
	PasswordHash string
	Role         auth.Role
	Disabled     bool
	CreatedAt    instant
	LastLogin    instant

	SessionEpoch      int64
	PasswordChangedAt instant
}

func rowOfUser(u auth.User) userRow {
	return userRow{
		ID: u.ID, Username: u.Username, UsernameKey: fold(u.Username), Email: u.Email, EmailKey: fold(u.Email),
		PasswordHash: u.PasswordHash, Role: u.Role, Disabled: u.Disabled,
		CreatedAt: at(u.CreatedAt), LastLogin: at(u.LastLogin),
		SessionEpoch: u.SessionEpoch, PasswordChangedAt: at(u.PasswordChangedAt),
	}
}

func (r userRow) user() auth.User {
	return auth.User{
		ID: r.ID, Username: r.Username, Email: r.Email, PasswordHash: r.PasswordHash, Role: r.Role,
		Disabled: r.Disabled, CreatedAt: r.CreatedAt.Time, LastLogin: r.LastLogin.Time,
		SessionEpoch: r.SessionEpoch, PasswordChangedAt: r.PasswordChangedAt.Time,
	}
}

type userKeyRow struct {
	bun.BaseModel `bun:"table:user_keys"`

	UserID  string
	Wrapped []byte
}

const (
	noUser      = "There is no such user."
	nameTaken   = "This user name is taken."
	emailTaken  = "This e-mail address is taken."
	eitherTaken = "This user name or e-mail address is taken."
)

// CreateUser is AdmitUser without a condition.
func (s *Store) CreateUser(ctx context.Context, user auth.User, wrappedDataKey []byte, settings trade.Settings, entry audit.Entry) (auth.User, error) {
	return s.AdmitUser(ctx, user, wrappedDataKey, settings, auth.Admission{}, entry)
}

// AdmitUser inserts the user with its wrapped data key, its settings and the audit entry, on the
// terms of the admission. The very first user who signs in becomes admin, who uses an invite gets the invite's
// role, and a role that is empty becomes trader. The entry's actor and target are the new user
// where they are empty.
func (s *Store) AdmitUser(ctx context.Context, user auth.User, wrappedDataKey []byte, settings trade.Settings, terms auth.Admission, entry audit.Entry) (auth.User, error) {
	if user.CreatedAt.IsZero() {
		user.CreatedAt = s.clock.Now()
	}
	if user.Role == "" {
		user.Role = auth.Trader
	}
	given := user
	err := s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		user = given
		first, err := queueAsFirst(ctx, tx)
		if err != nil {
			return err
		}
		if terms.OnlyFirst && !first {
			return fault.New(fault.Forbidden, "Somebody else was first: there is a user already.")
		}
		entries := []audit.Entry{named(entry, user)}
		if len(terms.InviteHash) > 0 {
			invite, err := s.useInvite(ctx, tx, terms.InviteHash, user.Username)
			if err != nil {
				return err
			}
			user.Role = invite.Role
			entries = append(entries, inviteUsed(entries[0], invite))
		}
		if first && user.ID != auth.LocalUserID {
			user.Role = auth.Admin
		}
		if err := s.insertUser(ctx, tx, user, wrappedDataKey, settings); err != nil {
			return err
		}
		if err := insertPasswordLink(ctx, tx, terms.Link); err != nil {
			return err
		}
		return s.audit(ctx, tx, entries...)
	})
	if err != nil {
		return auth.User{}, err
	}
	return rowOfUser(user).user(), nil
}

// queueAsFirst makes transactions that create users wait for each other, so that exactly one finds
// the table empty.
func queueAsFirst(ctx context.Context, tx bun.Tx) (bool, error) {
	if err := queue(ctx, tx); err != nil {
		return false, err
	}
	count, err := tx.NewSelect().Table("users").Where("id <> ?", auth.LocalUserID).Count(ctx)
	return count == 0, err
}

// queue makes transactions that decide by looking at all users wait for each other.
func queue(ctx context.Context, tx bun.Tx) error {
	_, err := tx.NewRaw("UPDATE installation SET id = id WHERE id = 1").Exec(ctx)
	return err
}

func (s *Store) insertUser(ctx context.Context, tx bun.Tx, user auth.User, wrappedDataKey []byte, settings trade.Settings) error {
	row := rowOfUser(user)
	if err := checkTaken(ctx, tx, row); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return taken(err, fault.New(fault.Conflict, eitherTaken))
	}
	if err := s.insertDataKey(ctx, tx, userKeyRow{UserID: user.ID, Wrapped: wrappedDataKey}); err != nil {
		return err
	}
	chosen := rowOfSettings(user.ID, settings)
	_, err := tx.NewInsert().Model(&chosen).Exec(ctx)
	return err
}

func checkTaken(ctx context.Context, tx bun.Tx, row userRow) error {
	// A name may not equal another's address either: sign-in accepts both.
	for _, check := range []struct{ key, sentence string }{{row.UsernameKey, nameTaken}, {row.EmailKey, emailTaken}} {
		exists, err := tx.NewSelect().Table("users").Where("username_key = ? OR email_key = ?", check.key, check.key).Exists(ctx)
		if err != nil {
			return err
		}
		if exists {
			return fault.New(fault.Conflict, "%s", check.sentence)
		}
	}
	return nil
}

func named(entry audit.Entry, user auth.User) audit.Entry {
	if entry.Actor == "" && entry.ActorName == "" {
		entry.Actor, entry.ActorName = user.ID, user.Username
	}
	if entry.Target == "" {
		entry.Target = "user:" + user.ID
	}
	return entry
}

// UserByLogin finds by user name or e-mail address, without regard to case.
func (s *Store) UserByLogin(ctx context.Context, login string) (auth.User, error) {
	var row userRow
	key := fold(login)
	err := s.read.NewSelect().Model(&row).Where("username_key = ? OR email_key = ?", key, key).Limit(1).Scan(ctx)
	return row.user(), missing(err, noUser)
}

// UserByID finds by id; a fault of kind NotFound otherwise.
func (s *Store) UserByID(ctx context.Context, id string) (auth.User, error) {
	var row userRow
	err := s.read.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	return row.user(), missing(err, noUser)
}

// CountUsers returns how many users there are, besides the built-in one of a single-user dashboard.
func (s *Store) CountUsers(ctx context.Context) (int, error) {
	count, err := s.read.NewSelect().Table("users").Where("id <> ?", auth.LocalUserID).Count(ctx)
	return int(count), explain(err)
}

// RenewPasswordHash replaces the hash by another one of the same password. A password that was
// changed meanwhile stays as it is.
func (s *Store) RenewPasswordHash(ctx context.Context, userID, old, renewed string) error {
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?", renewed, userID, old).Exec(ctx)
		return err
	})
}

// ChangePassword stores the hash of a new password, ends all sessions and pending sign-ins, and
// forgets the known devices. A fault of kind Conflict when the old hash is not the current one.
func (s *Store) ChangePassword(ctx context.Context, userID, old, hash string, entry audit.Entry) (user auth.User, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw("UPDATE users SET password_hash = ?, password_changed_at = ? WHERE id = ? AND password_hash = ?",
			hash, at(s.clock.Now()), userID, old).Exec(ctx)
		if err := mustChange(result, err, fault.New(fault.Conflict, "The password was changed meanwhile. Sign in again.")); err != nil {
			return err
		}
		if _, err := tx.NewRaw("DELETE FROM known_devices WHERE user_id = ?", userID).Exec(ctx); err != nil {
			return err
		}
		if user, err = s.endAndRead(ctx, tx, userID); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
	return user, err
}

// ChangeEmail stores the address and ends all sessions; a fault of kind Conflict when it is taken.
func (s *Store) ChangeEmail(ctx context.Context, userID, email string, entry audit.Entry) (user auth.User, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		key := fold(email)
		exists, err := tx.NewSelect().Table("users").Where("(username_key = ? OR email_key = ?) AND id <> ?", key, key, userID).Exists(ctx)
		if err != nil {
			return err
		}
		if exists {
			return fault.New(fault.Conflict, emailTaken)
		}
		result, err := tx.NewRaw("UPDATE users SET email = ?, email_key = ? WHERE id = ?", email, key, userID).Exec(ctx)
		if err := mustChange(result, taken(err, fault.New(fault.Conflict, emailTaken)), fault.New(fault.NotFound, noUser)); err != nil {
			return err
		}
		if user, err = s.endAndRead(ctx, tx, userID); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
	return user, err
}

// endAndRead ends all sessions of the user and returns the user with its new session epoch.
func (s *Store) endAndRead(ctx context.Context, tx bun.Tx, userID string) (auth.User, error) {
	if _, err := s.endSessions(ctx, tx, userID); err != nil {
		return auth.User{}, err
	}
	var row userRow
	err := tx.NewSelect().Model(&row).Where("id = ?", userID).Scan(ctx)
	return row.user(), missing(err, noUser)
}

// DataKey returns the user's wrapped data key.
func (s *Store) DataKey(ctx context.Context, userID string) ([]byte, error) {
	rows, err := s.dataKeys.of(ctx, userID)
	if err != nil {
		return nil, explain(err)
	}
	if len(rows) == 0 {
		return nil, fault.New(fault.NotFound, noUser)
	}
	return rows[0].Wrapped, nil
}

// lockUser makes transactions on one user's rows wait for each other.
func (s *Store) lockUser(ctx context.Context, tx bun.Tx, userID string) error {
	var id string
	err := tx.NewRaw("SELECT id FROM users WHERE id = ?"+s.dialect.forUpdate, userID).Scan(ctx, &id)
	return missing(err, noUser)
}
