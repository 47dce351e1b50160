package app

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Registration is what a new user gives.
type Registration struct {
	Username  string
	Email     string
	Password  secret.Text
	Invite    secret.Text // from the fragment of an invite's link; empty: none
	SetupCode secret.Text // for the very first user, where one is asked for
}

// Register creates a user with the default settings; the first one becomes admin. Nobody is
// signed in by it. Faults: Invalid (name, address or password), Forbidden (registration is not
// open, or the invite or the setup code is not valid), Conflict (the name or the address is in
// use). Forbidden and Conflict are recorded.
//
// A stranger is not told that a name is in use: without an invite Register then returns no user and
// no error, after the same work and time as when one was made. Whoever holds an invite is told.
func (a *App) Register(ctx context.Context, p auth.Principal, wanted Registration) (auth.User, error) {
	if err := p.Require(auth.Public); err != nil {
		return auth.User{}, err
	}
	floor := time.NewTimer(a.SignInFloor)
	defer floor.Stop()
	user, err := a.register(ctx, p, wanted)
	switch {
	case fault.Is(err, fault.Forbidden):
		return user, firstError(a.recordNotRegistered(ctx, p, "not admitted"), err)
	case fault.Is(err, fault.Conflict):
		if failed := a.recordNotRegistered(ctx, p, "taken"); failed != nil {
			return user, failed
		}
		if wanted.Invite.IsEmpty() {
			err = nil
		}
	case err != nil:
		return user, err
	}
	select {
	case <-floor.C:
	case <-ctx.Done():
	}
	return user, err
}

// recordNotRegistered writes why somebody could not register. What was typed is not kept: it may be a
// password in the wrong field.
func (a *App) recordNotRegistered(ctx context.Context, p auth.Principal, reason string) error {
	return a.Store.Append(ctx, a.entry(p, audit.RegisterFailed, "", map[string]any{"reason": reason}))
}

func (a *App) register(ctx context.Context, p auth.Principal, wanted Registration) (auth.User, error) {
	terms, err := a.admission(ctx, wanted)
	if err != nil {
		return auth.User{}, err
	}
	user, err := a.createUser(ctx, p, wanted, terms)
	if terms.OnlyFirst && fault.Is(err, fault.Forbidden) { // somebody else was first: now the rules for everybody hold
		return a.register(ctx, p, wanted)
	}
	if fault.Is(err, fault.Conflict) {
		err = errTaken
	}
	return user, err
}

// errTaken does not tell which of the two it is.
var errTaken = fault.New(fault.Conflict, "This user name or e-mail address is taken.")

// admission says on what terms a stranger may register now. What it looks at is looked at again
// in the transaction that makes the user.
func (a *App) admission(ctx context.Context, wanted Registration) (auth.Admission, error) {
	count, err := a.Store.CountUsers(ctx)
	if err != nil {
		return auth.Admission{}, err
	}
	if count == 0 {
		return auth.Admission{OnlyFirst: true}, a.checkSetupCode(wanted.SetupCode)
	}
	settings, err := a.Installation(ctx)
	switch {
	case err != nil:
		return auth.Admission{}, err
	case settings.Registration == auth.ClosedRegistration:
		return auth.Admission{}, fault.New(fault.Forbidden, "Registration is closed here. Ask the administrator for an account.")
	case !wanted.Invite.IsEmpty():
		return a.inviteAdmission(ctx, wanted.Invite)
	case settings.Registration == auth.InviteRegistration:
		return auth.Admission{}, fault.New(fault.Forbidden, "Registration needs an invite here. Ask the administrator for one.")
	}
	return auth.Admission{}, nil
}

// inviteAdmission refuses an invite that cannot be used before a password is hashed for it.
func (a *App) inviteAdmission(ctx context.Context, shown secret.Text) (auth.Admission, error) {
	hash := auth.HashLinkSecret(shown)
	valid, err := a.Store.InviteValid(ctx, hash)
	if err == nil && !valid {
		err = auth.ErrInvite
	}
	return auth.Admission{InviteHash: hash}, err
}

// checkSetupCode refuses a stranger who comes before the operator.
func (a *App) checkSetupCode(given secret.Text) error {
	if a.SetupCode.IsEmpty() || auth.SameSetupCode(given, a.SetupCode) {
		return nil
	}
	return fault.New(fault.Forbidden, "The first user needs the setup code that the server wrote to its log when it started.")
}

// EnsureAdmin creates the administrator on an empty database, and does nothing on any other.
func (a *App) EnsureAdmin(ctx context.Context, wanted Registration) (created bool, err error) {
	count, err := a.Store.CountUsers(ctx)
	if err != nil || count > 0 {
		return false, err
	}
	_, err = a.createUser(ctx, auth.Nobody, wanted, auth.Admission{})
	return err == nil, err
}

func (a *App) createUser(ctx context.Context, p auth.Principal, wanted Registration, terms auth.Admission) (auth.User, error) {
	user := a.newUser(wanted.Username, wanted.Email, auth.Trader)
	err := firstError(auth.ValidateUsername(user.Username), auth.ValidateEmail(user.Email))
	if err != nil {
		return auth.User{}, err
	}
	if user.PasswordHash, err = a.hashNew(ctx, user, wanted.Password); err != nil {
		return auth.User{}, err
	}
	p.UserID, p.Username = user.ID, user.Username
	return a.admit(ctx, user, terms, a.entry(p, audit.Register, "user:"+user.ID, nil))
}

// welcome runs the new user's hook. The user exists whatever becomes of it.
func (a *App) welcome(ctx context.Context, user auth.User) {
	if a.NewUserHook == nil {
		return
	}
	if err := a.NewUserHook(ctx, user); err != nil {
		a.Logger.ErrorContext(ctx, "equip the new user", "user", user.ID, "cause", err)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
