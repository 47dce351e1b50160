package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// bearing lets API tokens in: a request with `Authorization: Bearer` goes to withToken as the
// token's user, any other one to withSession. Other schemes are not ours: a proxy may use them.
func (s *server) bearing(withToken, withSession http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, given := bearerOf(r)
		if !given {
			withSession.ServeHTTP(w, r)
			return
		}
		if err := s.bear(r, text); err != nil {
			s.refuseBearer(w, r, err)
			return
		}
		withToken.ServeHTTP(w, r)
	})
}

// bearerOf returns the text after the scheme; two headers make a text that is no token.
func bearerOf(r *http.Request) (text secret.Text, given bool) {
	for _, value := range r.Header.Values("Authorization") {
		scheme, rest, _ := strings.Cut(value, " ")
		if strings.EqualFold(scheme, "Bearer") {
			if given {
				return secret.Text{}, true
			}
			text, given = secret.NewText(strings.TrimSpace(rest)), true
		}
	}
	return text, given
}

// bear makes the request the token's user's.
func (s *server) bear(r *http.Request, text secret.Text) error {
	if _, err := r.Cookie(s.sessions.Cookie.Name); err == nil {
		return fault.New(fault.Invalid, "Send the session cookie or an API token, not both.")
	}
	known := requestOf(r.Context())
	principal, err := s.App.Bearer(r.Context(), known.principal, text)
	if err != nil {
		return err
	}
	known.principal, known.bearer = principal, text
	return nil
}

// refuseBearer answers who came with a token that is not valid; such requests are paid from the
// budget of their address.
func (s *server) refuseBearer(w http.ResponseWriter, r *http.Request, err error) {
	if spent := s.spend(w, r, userBudget); spent != nil {
		err = spent
	}
	if fault.Is(err, fault.Unauthenticated) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	w.Header().Set("Cache-Control", "no-store")
	writeProblem(w, r, err)
}

// stillThere returns a look at whether the session or the API token that the request came with
// would be let in now.
func (s *server) stillThere(ctx context.Context) func(context.Context) (bool, error) {
	known := requestOf(ctx)
	if s.Local != nil {
		return func(context.Context) (bool, error) { return true, nil }
	}
	if known.bearer.IsEmpty() {
		token := s.sessions.Token(ctx)
		return func(ctx context.Context) (bool, error) { return s.stillSignedIn(ctx, token) }
	}
	return func(ctx context.Context) (bool, error) {
		_, err := s.App.Bearer(ctx, known.principal, known.bearer)
		return err == nil, err
	}
}
