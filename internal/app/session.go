package app

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/auth"
)

// SessionInfo is what the pages need to know before and after a sign-in.
type SessionInfo struct {
	User              *auth.User // nil: nobody is signed in
	Registration      auth.RegistrationMode
	FirstUser         bool // nobody has registered yet, so that anybody may
	SetupCodeRequired bool // of the first user
	Demo              bool
}

// Session describes the principal's session to itself.
func (a *App) Session(ctx context.Context, p auth.Principal) (SessionInfo, error) {
	count, err := a.Store.CountUsers(ctx)
	if err != nil {
		return SessionInfo{}, err
	}
	settings, err := a.Installation(ctx)
	if err != nil {
		return SessionInfo{}, err
	}
	info := SessionInfo{Registration: settings.Registration, FirstUser: count == 0, SetupCodeRequired: count == 0 && !a.SetupCode.IsEmpty(), Demo: a.Demo}
	if p.UserID == "" {
		return info, nil
	}
	user, err := a.Store.UserByID(ctx, p.UserID)
	info.User = &user
	return info, err
}
