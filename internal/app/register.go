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

// Registration is what a new user gives.
type Registration struct {
	Username string
	Email    string
	Password secret.Text
}

// Register creates a user with the default settings; the first one becomes admin. Nobody is
// signed in by it. Faults: Invalid (name, address or password), Conflict (taken), Forbidden
// (registration is closed).
func (a *App) Register(ctx context.Context, p auth.Principal, wanted Registration) (auth.User, error) {
	if err := p.Require(auth.Public); err != nil {
		return auth.User{}, err
	}
	if open, err := a.registrationOpen(ctx); err != nil {
		return auth.User{}, err
	} else if !open {
		return auth.User{}, fault.New(fault.Forbidden, "Registration is closed here. Ask the administrator for an account.")
	}
	return a.createUser(ctx, p, wanted)
}

// registrationOpen reports whether a stranger may register now.
func (a *App) registrationOpen(ctx context.Context) (bool, error) {
	if a.RegistrationOpen {
		return true, nil
	}
	count, err := a.Store.CountUsers(ctx)
	return count == 0, err
}

// EnsureAdmin creates the administrator on an empty database, and does nothing on any other.
func (a *App) EnsureAdmin(ctx context.Context, wanted Registration) (created bool, err error) {
	count, err := a.Store.CountUsers(ctx)
	if err != nil || count > 0 {
		return false, err
	}
	_, err = a.createUser(ctx, auth.Nobody, wanted)
	return err == nil, err
}

func (a *App) createUser(ctx context.Context, p auth.Principal, wanted Registration) (auth.User, error) {
	user := auth.User{
		ID: uuid.NewString(), Username: strings.TrimSpace(wanted.Username), Email: strings.TrimSpace(wanted.Email),
		Role: auth.Trader, CreatedAt: a.Clock.Now(),
	}
	err := firstError(
		auth.ValidateUsername(user.Username), auth.ValidateEmail(user.Email),
		auth.ValidatePassword(wanted.Password.Reveal(), user.Username, user.Email))
	if err != nil {
		return auth.User{}, err
	}
	if user.PasswordHash, err = a.Passwords.Hash(ctx, wanted.Password.Reveal()); err != nil {
		return auth.User{}, err
	}
	p.UserID, p.Username = user.ID, user.Username
	entry := a.entry(p, audit.Register, "user:"+user.ID, nil)
	user, err = a.Store.CreateUser(ctx, user, a.Keyring.NewDataKey(user.ID), trade.DefaultSettings(), entry)
	if err != nil {
		return auth.User{}, err
	}
	a.welcome(ctx, user)
	return user, nil
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
