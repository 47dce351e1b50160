package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
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
)

// newSessions configures the session manager. Only hashes of tokens reach the store.
func newSessions(config Config) *scs.SessionManager {
	manager := scs.New()
	manager.Store = newForgetful(config.Sessions, config.Clock)
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
		}
		next.ServeHTTP(w, r)
	}))
}

func (s *server) asPrincipal(ctx context.Context, p auth.Principal, user auth.User) auth.Principal {
	p.UserID, p.Username, p.Role = user.ID, user.Username, user.Role
	p.SessionID = sessionID(s.sessions.Token(ctx))
	if shown := s.sessions.GetInt64(ctx, factorValue); shown > 0 {
		p.FactorAt = time.Unix(shown, 0)
	}
	return p
}

// sessionID is the form in which a session is named in the audit: it opens nothing.
func sessionID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16])
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
	user, err := s.App.SignedIn(ctx, userID)
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

// beginSession makes the context's session the user's, under a new token: one that was planted
// in the browser before the sign-in is worth nothing.
func (s *server) beginSession(ctx context.Context, user auth.User, remember bool) (session string, err error) {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return "", fault.Because(err, fault.Unavailable, "The session cannot be stored just now. Try again shortly.")
	}
	now, length := s.Clock.Now(), lifeTime
	if remember {
		length = rememberTime
	}
	s.sessions.RememberMe(ctx, remember)
	s.sessions.SetDeadline(ctx, now.Add(length))
	s.sessions.Put(ctx, auth.SessionUser, user.ID)
	s.sessions.Put(ctx, auth.SessionAddress, principalOf(ctx).Address)
	s.sessions.Put(ctx, auth.SessionUserAgent, principalOf(ctx).UserAgent)
	s.sessions.Put(ctx, seenValue, now.Unix())
	s.sessions.Put(ctx, endsValue, now.Add(length).Unix())
	s.sessions.Put(ctx, rememberValue, remember)
	s.sessions.Put(ctx, factorValue, now.Unix())
	return sessionID(s.sessions.Token(ctx)), nil
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
