package app

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// ListUsers returns one page of the directory of users.
func (a *App) ListUsers(ctx context.Context, p auth.Principal, query auth.UserQuery) (auth.UserPage, error) {
	if err := p.Require(auth.Administer); err != nil {
		return auth.UserPage{}, err
	}
	return a.Store.ListUsers(ctx, query)
}

// WantedUser is what an administrator says of a new user.
type WantedUser struct {
	Username string
	Email    string
	Role     auth.Role
	Password secret.Text // empty: the user sets the first one with a link
}

// AddUser creates a user, whoever may register. Without a password the link with which the user
// sets the first one comes back, to be shown once. On an empty database the user becomes admin.
func (a *App) AddUser(ctx context.Context, p auth.Principal, wanted WantedUser) (auth.User, Link, error) {
	if err := p.Require(auth.Administer); err != nil {
		return auth.User{}, Link{}, err
	}
	user := a.newUser(wanted.Username, wanted.Email, wanted.Role)
	err := firstError(auth.ValidateUsername(user.Username), auth.ValidateEmail(user.Email), auth.ValidateRole(user.Role))
	if err != nil {
		return auth.User{}, Link{}, err
	}
	var terms auth.Admission
	var link Link
	if wanted.Password.IsEmpty() {
		terms.Link, link = a.newPasswordLink(user.ID)
	} else if user.PasswordHash, err = a.hashNew(ctx, user, wanted.Password); err != nil {
		return auth.User{}, Link{}, err
	}
	details := map[string]any{"username": user.Username, "role": user.Role}
	user, err = a.admit(ctx, user, terms, a.entry(p, audit.UserCreated, "user:"+user.ID, details))
	return user, link, err
}

// newUser is a user that is not stored yet.
func (a *App) newUser(username, email string, role auth.Role) auth.User {
	return auth.User{
		ID: uuid.NewString(), Username: strings.TrimSpace(username), Email: strings.TrimSpace(email),
		Role: role, CreatedAt: a.Clock.Now(),
	}
}

// hashNew refuses a weak password and hashes any other.
func (a *App) hashNew(ctx context.Context, user auth.User, password secret.Text) (string, error) {
	if err := auth.ValidatePassword(password.Reveal(), user.Username, user.Email); err != nil {
		return "", err
	}
	return a.Passwords.Hash(ctx, password.Reveal())
}

// admit stores the user on the terms, and welcomes it.
func (a *App) admit(ctx context.Context, user auth.User, terms auth.Admission, entry audit.Entry) (auth.User, error) {
	user, err := a.Store.AdmitUser(ctx, user, a.Keyring.NewDataKey(user.ID), trade.DefaultSettings(), terms, entry)
	if err != nil {
		return auth.User{}, err
	}
	a.welcome(ctx, user)
	return user, nil
}

// ChangeUser changes the role and whether the user is disabled. Disabling ends the user's sessions
// and live pages. Conflict: an administrator would lock out himself, or everybody.
func (a *App) ChangeUser(ctx context.Context, p auth.Principal, id string, change auth.UserChange) (auth.User, error) {
	if err := p.Require(auth.Administer); err != nil {
		return auth.User{}, err
	}
	if change.Role != nil {
		if err := auth.ValidateRole(*change.Role); err != nil {
			return auth.User{}, err
		}
	}
	if err := refuseSelfLockout(p, id, change); err != nil {
		return auth.User{}, err
	}
	return a.Store.ChangeUser(ctx, id, change, func(changed auth.UserChanged) []audit.Entry {
		return a.describeUserChange(p, changed)
	})
}

func refuseSelfLockout(p auth.Principal, id string, change auth.UserChange) error {
	switch {
	case id != p.UserID:
		return nil
	case change.Disabled != nil && *change.Disabled:
		return fault.New(fault.Conflict, "You cannot disable yourself. Let another administrator do it.")
	case change.Role != nil && *change.Role != auth.Admin:
		return fault.New(fault.Conflict, "You cannot take the administrator's role from yourself. Let another administrator do it.")
	}
	return nil
}

// describeUserChange names what was changed; nothing, when all was so before.
func (a *App) describeUserChange(p auth.Principal, changed auth.UserChanged) []audit.Entry {
	before, after := changed.Before, changed.After
	var entries []audit.Entry
	note := func(action audit.Action, details map[string]any) {
		details["username"] = after.Username
		entries = append(entries, a.entry(p, action, "user:"+after.ID, details))
	}
	if before.Role != after.Role {
		note(audit.RoleChanged, map[string]any{"from": before.Role, "to": after.Role})
	}
	switch {
	case !before.Disabled && after.Disabled:
		note(audit.UserDisabled, map[string]any{"sessions_ended": changed.SessionsEnded})
	case before.Disabled && !after.Disabled:
		note(audit.UserEnabled, map[string]any{})
	}
	return entries
}

// EndUserSessions signs the user out everywhere and returns how many sessions there were.
func (a *App) EndUserSessions(ctx context.Context, p auth.Principal, id string) (int64, error) {
	user, err := a.administered(ctx, p, id)
	if err != nil {
		return 0, err
	}
	return a.Store.EndUserSessions(ctx, user.ID, func(ended int64) audit.Entry {
		return a.entry(p, audit.SessionsEnded, "user:"+user.ID, map[string]any{"username": user.Username, "ended": ended})
	})
}

// ResetSecondFactor removes all second factors of a user who lost them, and signs the user out
// everywhere: the password alone signs in again.
func (a *App) ResetSecondFactor(ctx context.Context, p auth.Principal, id string) error {
	user, err := a.administered(ctx, p, id)
	if err != nil {
		return err
	}
	return a.Store.RemoveFactors(ctx, user.ID, func(removed auth.Factors) audit.Entry {
		details := map[string]any{"username": user.Username, "totp": removed.TOTP, "passkeys": removed.Passkeys}
		return a.entry(p, audit.TwoFactorReset, "user:"+user.ID, details)
	})
}

// administered finds the user for a principal who may administer.
func (a *App) administered(ctx context.Context, p auth.Principal, id string) (auth.User, error) {
	if err := p.Require(auth.Administer); err != nil {
		return auth.User{}, err
	}
	return a.Store.UserByID(ctx, id)
}

// UserNamed finds a user by name or e-mail address, for who may administer: the command line names
// users so.
func (a *App) UserNamed(ctx context.Context, p auth.Principal, login string) (auth.User, error) {
	if err := p.Require(auth.Administer); err != nil {
		return auth.User{}, err
	}
	return a.Store.UserByLogin(ctx, strings.TrimSpace(login))
}
