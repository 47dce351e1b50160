package api_test

import (
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

func demanding(rule auth.FactorRule) option {
	return func(forApp *app.Config, _ *api.Config) { forApp.Require2FA = rule }
}

// mustEnroll checks that the answer asks for a second factor first.
func (a answer) mustEnroll() {
	a.t.Helper()
	if said := a.problem(403); !strings.Contains(said, "Set up an authenticator app or a passkey") || !strings.Contains(a.text, `"code":"second_factor_required"`) {
		a.t.Errorf("%s: %s", a.call, a.text)
	}
}

// TestWhoMustEnrollCanDoNothingElse walks every route of the table as somebody without a second
// factor, and again after one was set up.
func TestWhoMustEnrollCanDoNothingElse(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		nothingElse(t, setupOn(t, address, demanding(auth.DemandAll)))
	})
}

func nothingElse(t *testing.T, b *bench) {
	t.Helper()
	root := b.user("root")
	root.call("GET", "/api/session", nil).want(200).has(`"must_enroll":true`)
	open := 0
	for route, access := range routeAccess {
		method, path := target(route)
		if access.nobody != 401 || selfRoute(path) {
			open++
			continue
		}
		root.call(method, path, access.content()).mustEnroll()
	}
	if open > 40 {
		t.Errorf("%d routes are open to who must enroll", open)
	}
	root.call("POST", "/api/tokens", `{"name":"x","scopes":["read"]}`).mustEnroll()
	root.call("GET", "/api/sessions", nil).want(200)

	app := root.authenticator()
	root.call("GET", "/api/session", nil).want(200)
	root.call("GET", "/api/admin/users", nil).want(200)
	root.call("GET", "/api/accounts", nil).want(200)
	root.call("POST", "/api/2fa/disable", map[string]any{"password": password}).problem(409)
	b.completes("root", app.next(), 200).call("GET", "/api/accounts", nil).want(200)
}

// selfRoute reports whether the path manages how one signs in.
func selfRoute(path string) bool {
	for _, prefix := range []string{"/api/security", "/api/auth/", "/api/2fa/", "/api/sessions", "/api/passkeys/", "/api/tokens"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

func TestASecondFactorMayBeDemandedOfAdministratorsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, demanding(auth.DemandAdmins))
	root := b.user("root")
	root.call("GET", "/api/admin/users", nil).mustEnroll()
	b.withAccount("ann").call("GET", "/api/accounts", nil).want(200)
	root.authenticator()
	root.call("GET", "/api/admin/users", nil).want(200)
}

// TestATokenOfWhoMustEnrollIsRefused: one that was made before the demand.
func TestATokenOfWhoMustEnrollIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bot := b.user("ann").token("read")
	bot.call("GET", "/api/watchlist", nil).want(200)
	b.app.Require2FA = auth.DemandAll
	bot.call("GET", "/api/watchlist", nil).mustEnroll()
}
