package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// dangerous are the acts that need a factor shown in the last five minutes, with a body that a
// rightful user might send.
var dangerous = map[string]string{
	"POST /api/auth/password":      `{"current_password":"correct horse battery","new_password":"another good one"}`,
	"POST /api/auth/email":         `{"email":"new@example.com"}`,
	"POST /api/2fa/setup":          ``,
	"GET /api/2fa/qrcode":          ``,
	"POST /api/2fa/disable":        `{"password":"correct horse battery"}`,
	"POST /api/2fa/recovery-codes": ``,
	"POST /api/accounts":           `{"name":"x","api_key":"PK","secret_key":"s"}`,
	"PUT /api/accounts/paper":      `{"api_key":"PK","secret_key":"s"}`,
	"PUT /api/accounts/paper ":     `{"paper":false}`,
}

func TestActsOnOneselfNeedAFreshFactor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	v.call("GET", "/api/security", nil).want(200).has(`"fresh_until":"`)
	b.clock.Advance(5*time.Minute + time.Second)
	v.call("GET", "/api/security", nil).want(200).has(`"fresh_until":null`)
	for route, body := range dangerous {
		method, path, _ := strings.Cut(strings.TrimSpace(route), " ")
		v.call(method, path, body).stepUpRequired()
	}
	v.call("PUT", "/api/accounts/paper", map[string]any{"automated": false}).want(200)
	v.call("POST", "/api/auth/step-up", map[string]any{"password": "not the password"}).problem(401)
	v.call("POST", "/api/auth/step-up", map[string]any{}).problem(400)
	v.call("POST", "/api/auth/email", dangerous["POST /api/auth/email"]).stepUpRequired()

	before := v.cookie().Value
	v.call("POST", "/api/auth/step-up", map[string]any{"password": password}).want(200).has(`"success":true`, `"fresh_until":"`)
	if v.cookie().Value == before {
		t.Error("a step-up keeps the token")
	}
	b.visitor().call("GET", "/api/accounts", nil, "Cookie", "sid="+before).problem(401)
	v.call("PUT", "/api/accounts/paper", map[string]any{"api_key": "PK", "secret_key": "s"}).want(200)
	v.call("POST", "/api/auth/email", dangerous["POST /api/auth/email"]).want(200)
	b.clock.Advance(5*time.Minute + time.Second)
	v.call("POST", "/api/auth/email", dangerous["POST /api/auth/email"]).stepUpRequired()
}

// TestAStepUpCountsForItsOwnSession: not for another one of the same user, nor of another user.
func TestAStepUpCountsForItsOwnSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob := b.user("ann"), b.user("bob")
	elsewhere := b.visitor()
	elsewhere.signIn("ann")
	b.clock.Advance(6 * time.Minute)
	ann.call("POST", "/api/auth/step-up", map[string]any{"password": password}).want(200)
	for _, other := range []*visitor{elsewhere, bob} {
		other.call("POST", "/api/2fa/setup", nil).stepUpRequired()
	}
	b.visitor().call("POST", "/api/auth/step-up", map[string]any{"password": password}).problem(401)
	app := ann.authenticator()
	bob.call("POST", "/api/auth/step-up", map[string]any{"token": app.next()}).problem(400) // another user's code
	bob.authenticatorAfterStepUp()
	b.clock.Advance(6 * time.Minute)
	bob.call("POST", "/api/auth/step-up", token(app.next())).problem(401)
}

func (v *visitor) authenticatorAfterStepUp() authenticator {
	v.t.Helper()
	v.call("POST", "/api/auth/step-up", map[string]any{"password": password}).want(200)
	return v.authenticator()
}

// TestATokenIsNewWhereverSomethingIsProved: at each step the token from before is worth nothing.
func TestATokenIsNewWhereverSomethingIsProved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	app := v.authenticator()
	v.call("POST", "/api/auth/logout", nil).want(200)
	seen := map[string]bool{}
	step := func(name string, status int, before bool) {
		t.Helper()
		value := v.cookie().Value
		if seen[value] {
			t.Errorf("%s keeps the token", name)
		}
		for old := range seen {
			b.visitor().call("GET", "/api/security", nil, "Cookie", "sid="+old).problem(401)
		}
		seen[value] = true
	}
	v.call("POST", "/api/auth/login", credentials("ann"), "Cookie", "sid=planted-by-somebody").want(200)
	step("the password", 200, false)
	v.call("POST", "/api/auth/verify-2fa", token(app.next())).want(200)
	step("the second factor", 200, true)
	v.call("POST", "/api/auth/step-up", token(app.next())).want(200)
	step("a step-up", 200, true)
	v.call("POST", "/api/2fa/recovery-codes", nil).want(200)
	step("new recovery codes", 200, true)
	v.call("POST", "/api/auth/email", map[string]any{"email": "new@example.com"}).want(200)
	step("a new address", 200, true)
	v.call("POST", "/api/2fa/disable", map[string]any{"password": password}).want(200)
	step("no second factor any more", 200, true)
	v.call("POST", "/api/auth/password", map[string]any{"current_password": password, "new_password": "another good one"}).want(200)
	step("a new password", 200, true)
	v.call("GET", "/api/accounts", nil).want(200)
}

func TestAPendingSignInOfSomebodyElseIsNotMine(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.user("ann").authenticator()
	v := b.visitor()
	v.pending("ann")
	stolen := v.cookie().Value
	v.call("POST", "/api/auth/verify-2fa", token(app.next())).want(200)
	thief := b.visitor()
	thief.call("POST", "/api/auth/verify-2fa", token(app.next()), "Cookie", "sid="+stolen).problem(400)

	v.call("POST", "/api/auth/logout", nil).want(200)
	v.pending("ann")
	admin := b.completes("ann", app.next(), 200)
	admin.call("POST", "/api/auth/password", map[string]any{"current_password": password, "new_password": "another good one"}).want(200)
	v.call("POST", "/api/auth/verify-2fa", token(app.next())).problem(400) // it began with the old password
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setupOn(t, address)
		here, there, elsewhere := b.user("ann"), b.visitor(), b.visitor()
		b.clock.Advance(time.Second)
		there.signIn("ann")
		b.clock.Advance(time.Second)
		elsewhere.call("POST", "/api/auth/login", credentials("ann"), "User-Agent", strings.Repeat("ü", 5000)+"\xff").want(200)
		bob := b.user("bob")
		var open []struct {
			ID, Address string
			UserAgent   string `json:"user_agent"`
			Current     bool
		}
		here.call("GET", "/api/sessions", nil).want(200).decode(&open)
		if len(open) != 3 || !open[2].Current || open[0].Current || open[0].Address != "127.0.0.1" ||
			!strings.Contains(open[1].UserAgent, "Go-http-client") || open[0].UserAgent != strings.Repeat("ü", 200) {
			t.Fatalf("sessions %+v", open)
		}
		bob.call("DELETE", "/api/sessions/"+open[0].ID, nil).problem(404)
		here.call("DELETE", "/api/sessions/"+there.sessionID(), nil).want(200)
		there.call("GET", "/api/accounts", nil).problem(401)
		here.call("DELETE", "/api/sessions", nil).want(200).json(`{"success":true,"ended":1}`)
		elsewhere.call("GET", "/api/accounts", nil).problem(401)
		bob.call("GET", "/api/accounts", nil).want(200)
		id := here.sessionID()
		here.call("POST", "/api/auth/step-up", map[string]any{"password": password}).want(200)
		if here.sessionID() != id {
			t.Error("a step-up gives the session another id")
		}
		here.call("DELETE", "/api/sessions/"+id, nil).want(200)
		here.call("GET", "/api/accounts", nil).problem(401)
	})
}

// TestAStolenSessionIsWorthNothing: whatever the owner does against it, the thief is out, and the
// live page that the thief has open closes within five seconds.
func TestAStolenSessionIsWorthNothing(t *testing.T) {
	t.Parallel()
	disable := func(t *testing.T, b *bench, _ *visitor) {
		b.admin().call("PUT", "/api/admin/users/"+b.id("ann"), map[string]any{"disabled": true}).want(200)
	}
	for name, act := range map[string]func(t *testing.T, b *bench, owner *visitor){
		"signed out": func(_ *testing.T, _ *bench, owner *visitor) { owner.call("POST", "/api/auth/logout", nil).want(200) },
		"disabled":   disable,
		"ended by the administrator": func(_ *testing.T, b *bench, _ *visitor) {
			b.admin().call("DELETE", "/api/admin/users/"+b.id("ann")+"/sessions", nil).want(200)
		},
		"password changed": func(_ *testing.T, _ *bench, owner *visitor) {
			owner.call("POST", "/api/auth/password", map[string]any{"current_password": password, "new_password": "another good one"}).want(200)
		},
		"address changed": func(_ *testing.T, _ *bench, owner *visitor) {
			owner.call("POST", "/api/auth/email", map[string]any{"email": "new@example.com"}).want(200)
		},
		"second factor on": func(_ *testing.T, _ *bench, owner *visitor) { owner.authenticator() },
		"session ended": func(_ *testing.T, b *bench, owner *visitor) {
			elsewhere := b.visitor()
			elsewhere.signIn("ann")
			elsewhere.call("DELETE", "/api/sessions/"+owner.sessionID(), nil).want(200)
		},
		"other sessions ended": func(_ *testing.T, b *bench, _ *visitor) {
			elsewhere := b.visitor()
			elsewhere.signIn("ann")
			elsewhere.call("DELETE", "/api/sessions", nil).want(200)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, live)
			b.admin()
			owner := b.withAccount("ann")
			stolen := owner.cookie().Value
			thief := b.visitor()
			thief.keep(stolen)
			page := thief.listen()
			page.next("status", "")
			act(t, b, owner)
			page.end()
			thief.keep(stolen)
			thief.call("GET", "/api/accounts", nil).problem(401)
			thief.call("GET", "/api/stream", nil).problem(401)
		})
	}
}

// admin signs the installation's first user in, and makes it when there is none.
func (b *bench) admin() *visitor {
	b.t.Helper()
	v := b.visitor()
	v.call("POST", "/api/auth/register", map[string]any{"username": "chief", "email": "chief@example.com", "password": password})
	v.signIn("chief")
	return v
}

// keep puts a session's token into the visitor's browser.
func (v *visitor) keep(session string) {
	v.t.Helper()
	request, err := http.NewRequest("GET", v.url, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	v.client.Jar.SetCookies(request.URL, []*http.Cookie{{Name: "sid", Value: session, Path: "/"}})
}

func TestChangingPasswordAndAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	b.user("bob")
	change := func(current, wanted string) answer {
		return v.call("POST", "/api/auth/password", map[string]any{"current_password": current, "new_password": wanted})
	}
	change("not the password", "another good one").problem(401)
	change(password, password).problem(400)
	change(password, "short").problem(400)
	change(password, "password123").problem(400)
	bot := v.token("read")
	change(password, "another good one").want(200)
	bot.call("GET", "/api/watchlist", nil).want(200) // tokens are revoked one by one
	b.visitor().call("POST", "/api/auth/login", credentials("ann")).problem(401)
	b.visitor().call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": "another good one"}).want(200)
	for _, test := range []struct {
		address string
		status  int
	}{{"BOB@example.com", 409}, {"bob", 400}, {"nonsense", 400}, {" ann@example.com", 400}, {"ann.new@example.com", 200}} {
		v.call("POST", "/api/auth/email", map[string]any{"email": test.address}).want(test.status)
	}
	v.call("GET", "/api/session", nil).want(200).has(`"email":"ann.new@example.com"`)
	v.call("GET", "/api/security", nil).want(200).has(`"password_reminder":false`)
	b.clock.Advance(90*24*time.Hour + time.Second)
	late := b.visitor()
	late.call("POST", "/api/auth/login", map[string]any{"username": "ann.new@example.com", "password": "another good one"}).want(200)
	late.call("GET", "/api/security", nil).want(200).has(`"password_reminder":true`)
}

// TestAddressesAreTriedAsSeldomAsByRegistering: the change of the own address says whether another
// user has it, so that it is paid from the budget of registration, by all of a network's users together.
func TestAddressesAreTriedAsSeldomAsByRegistering(t *testing.T) {
	t.Parallel()
	b := setup(t, func(_ *app.Config, c *api.Config) {
		c.Limiter = limits(c.Clock, ratelimit.Limits{
			ratelimit.Register: {{Count: 5, Window: time.Hour}}, ratelimit.Auth: perMinute(1000), ratelimit.Dashboard: perMinute(1000),
		})
	})
	ann, bob := b.user("ann"), b.user("bob") // two of the five
	try := func(v *visitor, address string) answer {
		return v.call("POST", "/api/auth/email", map[string]any{"email": address})
	}
	try(ann, "bob@example.com").problem(409)
	try(ann, "nobody@example.com").want(200)
	try(bob, "nobody@example.com").problem(409)
	for _, v := range []*visitor{ann, bob} {
		if refused := try(v, "another@example.com"); refused.status != 429 || refused.header.Get("Retry-After") != "720" {
			t.Errorf("the sixth: %d, Retry-After %q", refused.status, refused.header.Get("Retry-After"))
		}
	}
	ann.call("POST", "/api/auth/step-up", map[string]any{"password": password}).want(200) // what else secures the sign-in goes on
	recorded, err := b.store.AuditEntries(t.Context(), audit.Filter{Action: audit.EmailChangeFailed, Limit: 10})
	if err != nil || len(recorded) != 2 || recorded[0].ActorName != "bob" || recorded[1].ActorName != "ann" {
		t.Errorf("recorded %+v (%v)", recorded, err)
	}
}

func TestWhoHasAStolenSessionCannotGuessThePassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	guess := func() answer { return v.call("POST", "/api/auth/step-up", map[string]any{"password": "a guess"}) }
	for range 5 {
		guess().problem(401)
	}
	if refused := guess(); refused.status != 429 || refused.header.Get("Retry-After") != "1" {
		t.Fatalf("the sixth guess: %d %s", refused.status, refused.header.Get("Retry-After"))
	}
	owner := b.visitor()
	owner.signIn("ann") // is not slowed down by it
}
