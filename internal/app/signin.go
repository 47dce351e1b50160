package app

import (
	"context"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Credentials are what somebody types to sign in.
type Credentials struct {
	Login    string // user name or e-mail address
	Password secret.Text
}

// errWrongCredentials is the same for an unknown name and for a wrong password.
var errWrongCredentials = fault.New(fault.Unauthenticated, "The user name or the password is wrong.")

// SignIn verifies the credentials, has begin open a session, and records the sign-in under the
// session id that begin returns. An unknown name and a wrong password give the same fault
// (Unauthenticated) after the same time; a disabled user with the right password is Forbidden.
func (a *App) SignIn(ctx context.Context, p auth.Principal, given Credentials, begin func(auth.User) (session string, err error)) (auth.User, error) {
	if err := p.Require(auth.Public); err != nil {
		return auth.User{}, err
	}
	user, err := a.verify(ctx, p, given)
	if err != nil {
		return auth.User{}, err
	}
	p.UserID, p.Username = user.ID, user.Username
	if user.Disabled {
		refused := fault.New(fault.Forbidden, "This user is disabled. Ask the administrator.")
		return auth.User{}, a.recordFailure(ctx, p, user, "disabled", refused)
	}
	a.renewHash(ctx, user, given.Password)
	if p.SessionID, err = begin(user); err != nil {
		return auth.User{}, err
	}
	err = a.Store.RecordLogin(ctx, user.ID, a.Clock.Now(), a.entry(p, audit.Login, "user:"+user.ID, nil))
	return user, err
}

// verify finds the user and checks the password; the zero user of an unknown name has no hash,
// which takes as long as any.
func (a *App) verify(ctx context.Context, p auth.Principal, given Credentials) (auth.User, error) {
	user, err := a.Store.UserByLogin(ctx, strings.TrimSpace(given.Login))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return auth.User{}, err
	}
	matches, err := a.Passwords.Verify(ctx, given.Password.Reveal(), user.PasswordHash)
	if err != nil {
		return auth.User{}, err
	}
	if !matches {
		return auth.User{}, a.recordFailure(ctx, p, user, "wrong credentials", errWrongCredentials)
	}
	return user, nil
}

// recordFailure writes the failed sign-in and returns the refusal. The name that was typed is not
// kept: it may be a password in the wrong field.
func (a *App) recordFailure(ctx context.Context, p auth.Principal, user auth.User, reason string, refusal error) error {
	p.UserID, p.Username = user.ID, user.Username
	target := ""
	if user.ID != "" {
		target = "user:" + user.ID
	}
	if err := a.Store.Append(ctx, a.entry(p, audit.LoginFailed, target, map[string]any{"reason": reason})); err != nil {
		return err
	}
	return refusal
}

// renewHash replaces a hash of an older cost. The sign-in goes on when that fails.
func (a *App) renewHash(ctx context.Context, user auth.User, password secret.Text) {
	if !a.Passwords.NeedsRehash(user.PasswordHash) {
		return
	}
	hash, err := a.Passwords.Hash(ctx, password.Reveal())
	if err == nil {
		err = a.Store.UpdatePasswordHash(ctx, user.ID, hash)
	}
	if err != nil {
		a.Logger.WarnContext(ctx, "renew the password hash", "user", user.ID, "cause", err)
	}
}

// SignOut records that the principal's session ends; ending it is the caller's.
func (a *App) SignOut(ctx context.Context, p auth.Principal) error {
	if p.UserID == "" {
		return nil
	}
	return a.Store.Append(ctx, a.entry(p, audit.Logout, "user:"+p.UserID, nil))
}

// SignedIn returns the user behind a session. A fault of kind Unauthenticated when the user is
// gone or disabled: the session is worth nothing any more.
func (a *App) SignedIn(ctx context.Context, userID string) (auth.User, error) {
	user, err := a.Store.UserByID(ctx, userID)
	if fault.Is(err, fault.NotFound) || (err == nil && user.Disabled) {
		return auth.User{}, fault.New(fault.Unauthenticated, "Sign in first.")
	}
	return user, err
}

// SessionInfo is what the pages need to know before and after a sign-in.
type SessionInfo struct {
	User             *auth.User // nil: nobody is signed in
	RegistrationOpen bool
	FirstUser        bool // nobody has registered yet
	Demo             bool
}

// Session describes the principal's session to itself.
func (a *App) Session(ctx context.Context, p auth.Principal) (SessionInfo, error) {
	count, err := a.Store.CountUsers(ctx)
	if err != nil {
		return SessionInfo{}, err
	}
	info := SessionInfo{RegistrationOpen: a.RegistrationOpen || count == 0, FirstUser: count == 0, Demo: a.Demo}
	if p.UserID == "" {
		return info, nil
	}
	user, err := a.Store.UserByID(ctx, p.UserID)
	info.User = &user
	return info, err
}
