package api

import (
	"context"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// How long a session lasts. An open live page counts as activity.
const (
	idleTime     = 30 * time.Minute    // without a request
	lifeTime     = 12 * time.Hour      // in any case
	rememberTime = 30 * 24 * time.Hour // when asked to remember this device: no idle limit
	touchEvery   = time.Minute         // how exact the last activity is known
)

// The values that a session keeps, besides those of auth.SessionFacts.
const (
	seenValue     = "seen"     // int64: Unix time of the last activity
	endsValue     = "ends"     // int64: Unix time after which it is over
	rememberValue = "remember" // bool
	factorValue   = "factor"   // int64: Unix time at which a factor was last shown
	provedValue   = "proved"   // int64: Unix time at which all that a sign-in asks for was last shown
	passkeyValue  = "passkey"  // string: auth.PasskeyQuestion that waits for its answer, JSON
	pendingValue  = "pending"  // string: id of the pending sign-in; such a session has no user
)

// newSessions configures the session manager. Only hashes of tokens reach the store.
func newSessions(config Config) *scs.SessionManager {
	manager := scs.New()
	manager.Store = config.Sessions
	manager.HashTokenInStore = true
	manager.Lifetime = lifeTime
	manager.Cookie.Name = "sid"
	manager.Cookie.Persist = false
	manager.Cookie.Secure = config.Secure
	if config.Secure {
		manager.Cookie.Name = "__Host-sid"
	}
	manager.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		writeProblem(w, r, fault.Because(err, fault.Unavailable, "The session cannot be read or stored just now. Try again shortly."))
	}
	return manager
}

// identified finds who sends the request, and hands it on.
func (s *server) identified(next http.Handler) http.Handler {
	return s.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := s.sessionUser(r.Context())
		if err != nil {
			writeProblem(w, r, err)
			return
		}
		if user.ID != "" {
			known := requestOf(r.Context())
			known.principal = s.asPrincipal(r.Context(), known.principal, user)
			if known.principal.MustEnroll, err = s.App.MustEnroll(r.Context(), user); err != nil {
				writeProblem(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	}))
}

func (s *server) asPrincipal(ctx context.Context, p auth.Principal, user auth.User) auth.Principal {
	p.UserID, p.Username, p.Role = user.ID, user.Username, user.Role
	p.SessionID = s.sessions.GetString(ctx, auth.SessionID)
	if shown := s.sessions.GetInt64(ctx, factorValue); shown > 0 {
		p.FactorAt = time.Unix(shown, 0)
	}
	if shown := s.sessions.GetInt64(ctx, provedValue); shown > 0 {
		p.ProvedAt = time.Unix(shown, 0)
	}
	return p
}

// sessionUser returns the user of the context's session; the zero user when nobody is signed in.
// A session that is over, idle for too long, or of a user who is gone or disabled is destroyed.
func (s *server) sessionUser(ctx context.Context) (auth.User, error) {
	userID := s.sessions.GetString(ctx, auth.SessionUser)
	if userID == "" {
		return auth.User{}, nil
	}
	now := s.Clock.Now()
	if s.sessionOver(ctx, now) {
		return auth.User{}, s.sessions.Destroy(ctx)
	}
	user, err := s.App.SignedIn(ctx, userID, s.sessions.GetInt64(ctx, auth.SessionEpoch))
	if fault.Is(err, fault.Unauthenticated) {
		return auth.User{}, s.sessions.Destroy(ctx)
	}
	if err != nil {
		return auth.User{}, err
	}
	if now.Sub(time.Unix(s.sessions.GetInt64(ctx, seenValue), 0)) >= touchEvery {
		s.sessions.Put(ctx, seenValue, now.Unix())
	}
	return user, nil
}

func (s *server) sessionOver(ctx context.Context, now time.Time) bool {
	if now.Unix() >= s.sessions.GetInt64(ctx, endsValue) {
		return true
	}
	idle := now.Sub(time.Unix(s.sessions.GetInt64(ctx, seenValue), 0)) >= idleTime
	return idle && !s.sessions.GetBool(ctx, rememberValue)
}

// browser is what a sign-in needs of the request's browser. What it opened is undone by signIn.
func (s *server) browser(ctx context.Context) app.Browser {
	return app.Browser{
		Device: requestOf(ctx).device,
		Open: func(user auth.User, remember bool, device secret.Text) (string, error) {
			if err := s.beginSession(ctx, user, remember); err != nil {
				return "", err
			}
			s.rememberDevice(ctx, device)
			return s.sessions.GetString(ctx, auth.SessionID), nil
		},
	}
}

// signIn runs an act that may open the browser's session (browser.Open), and makes sure that a
// sign-in which failed after its session began leaves none.
func (s *server) signIn(ctx context.Context, act func(app.Browser) error) error {
	browser, opened := s.browser(ctx), false
	open := browser.Open
	browser.Open = func(user auth.User, remember bool, device secret.Text) (string, error) {
		opened = true
		return open(user, remember, device)
	}
	err := act(browser)
	if err != nil && opened {
		if destroyErr := s.sessions.Destroy(ctx); destroyErr != nil {
			return destroyErr
		}
	}
	return err
}

// beginSession makes the context's session the user's, under a new token: one that was planted
// in the browser before the sign-in is worth nothing.
func (s *server) beginSession(ctx context.Context, user auth.User, remember bool) error {
	if err := s.newToken(ctx); err != nil {
		return err
	}
	if err := s.sessions.Clear(ctx); err != nil {
		return err
	}
	now, length := s.Clock.Now(), lifeTime
	if remember {
		length = rememberTime
	}
	s.sessions.RememberMe(ctx, remember)
	s.sessions.SetDeadline(ctx, now.Add(length))
	s.sessions.Put(ctx, auth.SessionUser, user.ID)
	s.sessions.Put(ctx, auth.SessionEpoch, user.SessionEpoch)
	s.sessions.Put(ctx, auth.SessionID, uuid.NewString())
	s.sessions.Put(ctx, auth.SessionBegan, now.Unix())
	s.sessions.Put(ctx, auth.SessionAddress, principalOf(ctx).Address)
	s.sessions.Put(ctx, auth.SessionUserAgent, principalOf(ctx).UserAgent)
	s.sessions.Put(ctx, seenValue, now.Unix())
	s.sessions.Put(ctx, endsValue, now.Add(length).Unix())
	s.sessions.Put(ctx, rememberValue, remember)
	s.sessions.Put(ctx, factorValue, now.Unix())
	s.sessions.Put(ctx, provedValue, now.Unix())
	return nil
}

// awaitSecondFactor makes the context's session one of nobody that keeps the pending sign-in.
func (s *server) awaitSecondFactor(ctx context.Context, pendingID string) error {
	if err := s.newToken(ctx); err != nil {
		return err
	}
	if err := s.sessions.Clear(ctx); err != nil {
		return err
	}
	s.sessions.RememberMe(ctx, false)
	s.sessions.SetDeadline(ctx, s.Clock.Now().Add(auth.PendingFor))
	s.sessions.Put(ctx, pendingValue, pendingID)
	return nil
}

// pendingSignIn is the id of the pending sign-in that the context's session keeps; empty: none.
func (s *server) pendingSignIn(ctx context.Context) string {
	return s.sessions.GetString(ctx, pendingValue)
}

// steppedUp marks that the session's user has just shown a factor, or all that a sign-in asks for,
// and changes the token.
func (s *server) steppedUp(ctx context.Context, full bool) error {
	if err := s.newToken(ctx); err != nil {
		return err
	}
	now := s.Clock.Now().Unix()
	s.sessions.Put(ctx, factorValue, now)
	if full {
		s.sessions.Put(ctx, provedValue, now)
	}
	return nil
}

// carryOn keeps this one session of a user alive, under a new token, after an act that ended all of them.
func (s *server) carryOn(ctx context.Context, user auth.User) error {
	if err := s.newToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, auth.SessionEpoch, user.SessionEpoch)
	return nil
}

func (s *server) newToken(ctx context.Context) error {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return fault.Because(err, fault.Unavailable, "The session cannot be stored just now. Try again shortly.")
	}
	return nil
}

// stillSignedIn looks at the session behind token afresh, as a new request would, and counts as
// activity. It is how a live stream learns that its session has ended.
func (s *server) stillSignedIn(ctx context.Context, token string) (bool, error) {
	loaded, err := s.sessions.Load(detached{ctx}, token)
	if err != nil {
		return false, err
	}
	user, err := s.sessionUser(loaded)
	if err != nil || user.ID == "" {
		return false, err
	}
	if s.sessions.Status(loaded) == scs.Modified {
		_, _, err = s.sessions.Commit(loaded)
	}
	return err == nil, err
}

// detached is a context without the values of another: with its deadline, but without the
// session data that the request had when it began.
type detached struct{ context.Context }

func (detached) Value(any) any { return nil }
