package app

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
)

// SessionInfo is what the pages need to know before and after a sign-in.
type SessionInfo struct {
	User              *auth.User // nil: nobody is signed in
	Registration      auth.RegistrationMode
	FirstUser         bool // nobody has registered yet, so that anybody may
	SetupCodeRequired bool // of the first user
	Demo              bool
	SingleUser        bool // nobody signs in: whoever reaches the server is its one user
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
	info := SessionInfo{Registration: settings.Registration, FirstUser: count == 0, SetupCodeRequired: count == 0 && !a.SetupCode.IsEmpty(), Demo: a.Demo, SingleUser: a.SingleUser}
	if p.UserID == "" {
		return info, nil
	}
	user, err := a.Store.UserByID(ctx, p.UserID)
	info.User = &user
	return info, err
}

// ListSessions returns the principal's sessions, latest seen first.
func (a *App) ListSessions(ctx context.Context, p auth.Principal) ([]auth.Session, error) {
	if err := p.Require(auth.Self); err != nil {
		return nil, err
	}
	return a.Store.ListSessions(ctx, p.UserID)
}

// EndSession ends one of the principal's sessions. The one that asks needs nothing for it, another
// one a fresh factor.
func (a *App) EndSession(ctx context.Context, p auth.Principal, sessionID string) error {
	if err := p.Require(auth.Self); err != nil {
		return err
	}
	if sessionID != p.SessionID {
		if err := p.RequireFresh(a.Clock.Now()); err != nil {
			return err
		}
	}
	entry := a.entry(p, audit.SessionEnd, "session:"+sessionID, nil)
	return a.Store.EndSession(ctx, p.UserID, sessionID, entry)
}

// EndOtherSessions ends all of the principal's sessions but the one that asks.
func (a *App) EndOtherSessions(ctx context.Context, p auth.Principal) (ended int64, err error) {
	if err := p.Require(auth.Self); err != nil {
		return 0, err
	}
	return a.Store.EndOtherSessions(ctx, p.UserID, p.SessionID, func(ended int64) audit.Entry {
		return a.entry(p, audit.SessionEnd, userTarget(p.UserID), map[string]any{"ended": ended})
	})
}
