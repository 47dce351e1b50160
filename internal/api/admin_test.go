package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// followed is where a one-time link of the wanted page leads: its secret, from the fragment.
func (a answer) followed(page string) string {
	a.t.Helper()
	var made struct {
		Link      string
		ExpiresAt string `json:"expires_at"`
	}
	a.decode(&made)
	path, secret, ok := strings.Cut(made.Link, "#")
	if !ok || path != page || len(secret) != 43 {
		a.t.Fatalf("the link to %s is %q", page, made.Link)
	}
	return secret
}

func (v *visitor) setPassword(token, password string) answer {
	return v.call("POST", "/api/auth/set-password", map[string]any{"token": token, "new_password": password})
}

func (v *visitor) tryRegister(name string, more ...string) answer {
	body := map[string]any{"username": name, "email": name + "@example.com", "password": password}
	for i := 0; i < len(more); i += 2 {
		body[more[i]] = more[i+1]
	}
	return v.call("POST", "/api/auth/register", body)
}

func TestAnAdministratorMakesAUser(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *app.Config, _ *api.Config) { c.PublicURL = "https://trader.example" })
	root := b.user("root")
	made := root.call("POST", "/api/admin/users", map[string]any{"username": "ben", "email": "ben@example.com", "role": "viewer"}).want(201)
	token := made.followed("https://trader.example/set-password")
	b.visitor().call("POST", "/api/auth/login", map[string]any{"username": "ben", "password": ""}).problem(401)
	for _, weak := range []string{"short", "password", "ben@example.com"} {
		b.visitor().setPassword(token, weak).problem(400) // and the link can still be used
	}
	b.visitor().setPassword("another", password).problem(403)
	b.visitor().setPassword(token, password).want(200).json(`{"success":true}`)
	b.visitor().setPassword(token, "another good password").problem(403)
	ben := b.visitor()
	ben.signIn("ben")
	ben.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).problem(403)
	root.call("POST", "/api/admin/users", map[string]any{"username": "BEN", "email": "other@example.com", "role": "viewer"}).problem(409)
	root.call("POST", "/api/admin/users", map[string]any{"username": "king", "email": "king@example.com", "role": "king"}).problem(400)

	listed := root.call("GET", "/api/admin/users?q=BEN", nil).want(200)
	var page struct {
		Users []struct {
			Username, Email, Role string
			Disabled              bool
			TwoFactor             bool `json:"two_factor"`
			Sessions              int
			LastLogin             *string `json:"last_login"`
		}
		Next *string
	}
	listed.decode(&page)
	if len(page.Users) != 1 || page.Next != nil || page.Users[0].Role != "viewer" || page.Users[0].Sessions != 1 || page.Users[0].LastLogin == nil {
		t.Errorf("listed: %s", listed.text)
	}
	if strings.Contains(listed.text, "argon2id") {
		t.Errorf("the list shows hashes: %s", listed.text)
	}
}

func TestAResetPasswordEndsSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root, ann, bob := b.user("root"), b.user("ann"), b.user("bob")
	path := "/api/admin/users/" + b.id("ann")
	older := root.call("POST", path+"/reset-password", nil).want(200).followed("/set-password")
	newer := root.call("POST", path+"/reset-password", nil).want(200).followed("/set-password")
	ann.call("GET", "/api/accounts", nil).want(200) // until the link is used all stays as it is
	b.visitor().setPassword(older, "another good password").problem(403)
	b.clock.Advance(24*time.Hour - time.Second)
	root.signIn("root")
	ann.signIn("ann")
	b.visitor().setPassword(newer, "another good password").want(200)
	ann.call("GET", "/api/accounts", nil).problem(401)
	b.visitor().call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": password}).problem(401)
	b.visitor().call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": "another good password"}).want(200)
	bob.signIn("bob")

	late := root.call("POST", path+"/reset-password", nil).want(200).followed("/set-password")
	b.clock.Advance(24 * time.Hour)
	b.visitor().setPassword(late, password).problem(403)
	root.signIn("root")
	disabled := root.call("POST", path+"/reset-password", nil).want(200).followed("/set-password")
	root.call("PUT", path, map[string]any{"disabled": true}).want(200)
	b.visitor().setPassword(disabled, password).problem(403)
	root.call("POST", path+"/reset-password", nil).problem(409)
}

func TestDisablingEndsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, live)
	root, ann := b.user("root"), b.user("ann")
	stream := ann.listen()
	stream.next("status", "")
	path := "/api/admin/users/" + b.id("ann")
	root.call("PUT", path, map[string]any{"disabled": true}).want(200)
	ann.call("GET", "/api/accounts", nil).problem(401)
	stream.end()
	b.visitor().call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": password}).problem(401)
	root.call("PUT", path, map[string]any{"disabled": false}).want(200)
	ann.call("GET", "/api/accounts", nil).problem(401) // the old session stays dead
	ann.signIn("ann")
	var ended struct{ Ended int }
	root.call("DELETE", path+"/sessions", nil).want(200).decode(&ended)
	if ended.Ended != 1 {
		t.Errorf("ended %d sessions", ended.Ended)
	}
	ann.call("GET", "/api/accounts", nil).problem(401)
	root.call("GET", "/api/accounts", nil).want(200)
}

func TestARoleCountsFromTheNextRequestOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root, ann := b.user("root"), b.user("ann")
	path := "/api/admin/users/" + b.id("ann")
	root.call("PUT", path, map[string]any{"role": "admin"}).want(200)
	ann.call("GET", "/api/admin/users", nil).want(200)
	root.call("PUT", path, map[string]any{"role": "viewer"}).want(200)
	ann.call("GET", "/api/admin/users", nil).problem(403)
	ann.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).problem(403)
	root.call("PUT", path, map[string]any{}).problem(400)
}

func TestAnAdministratorCannotLockEverybodyOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := b.user("root")
	self := "/api/admin/users/" + b.id("root")
	for _, lost := range []map[string]any{{"disabled": true}, {"role": "trader"}, {"role": "viewer", "disabled": false}} {
		root.call("PUT", self, lost).problem(409)
	}
	b.create(auth.User{Username: "second", Role: auth.Admin})
	root.call("PUT", self, map[string]any{"disabled": true}).problem(409) // not even beside another one
	root.call("PUT", "/api/admin/users/"+b.id("second"), map[string]any{"role": "trader"}).want(200)
	root.call("GET", "/api/admin/users", nil).want(200)
}

func TestDangerousActsNeedAFreshFactor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := b.user("root")
	b.clock.Advance(auth.FreshFor + time.Second)
	asked := 0
	for _, route := range stepUpRoutes(t) {
		asked++
		method, path := target(route)
		answer := root.call(method, path, routeAccess[route].content())
		answer.problem(403)
		if !strings.Contains(answer.text, `"code":"step_up_required"`) {
			t.Errorf("%s: %s", route, answer.text)
		}
	}
	if asked < 10 {
		t.Errorf("only %d routes ask for a fresh factor", asked)
	}
	root.call("GET", "/api/admin/users", nil).want(200)
	root.call("POST", "/api/auth/step-up", map[string]any{"password": password}).want(200)
	root.call("PUT", "/api/admin/settings", map[string]any{"registration": "closed"}).want(200)
}

// stepUpRoutes are the routes that ask for a fresh factor, from the description that clients get.
func stepUpRoutes(t *testing.T) []string {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			StepUp bool `json:"x-step-up"`
		}
	}
	described(t, &document)
	var routes []string
	for path, methods := range document.Paths {
		for method, operation := range methods {
			if operation.StepUp {
				routes = append(routes, strings.ToUpper(method)+" "+path)
			}
		}
	}
	return routes
}

func TestWhoMayRegister(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := b.user("root")
	session := func(want string) {
		t.Helper()
		if got := b.visitor().call("GET", "/api/session", nil).want(200).text; !strings.Contains(got, want) {
			t.Errorf("the page is told %s, want %s", got, want)
		}
	}
	mode := func(registration string) {
		t.Helper()
		root.call("PUT", "/api/admin/settings", map[string]any{"registration": registration}).want(200)
	}
	invite := func(body map[string]any) string {
		t.Helper()
		return root.call("POST", "/api/admin/invites", body).want(201).followed("/register")
	}
	session(`"registration":"open","registration_open":true`)
	mode("invite")
	session(`"registration":"invite","registration_open":false`)
	b.visitor().tryRegister("ann").problem(403)
	b.visitor().tryRegister("ann", "invite", "invented").problem(403)
	forViewer := invite(map[string]any{"role": "viewer", "note": "Ann from work"})
	b.visitor().tryRegister("root", "invite", forViewer).problem(409) // the name is taken: the invite is not used up
	b.visitor().tryRegister("ann", "invite", forViewer).want(201)
	b.visitor().tryRegister("bob", "invite", forViewer).problem(403)
	ann := b.visitor()
	ann.signIn("ann")
	ann.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).problem(403)
	if list := root.call("GET", "/api/admin/invites", nil).want(200).text; !strings.Contains(list, `"used_by":"ann"`) || !strings.Contains(list, "Ann from work") || strings.Contains(list, forViewer) {
		t.Errorf("invites: %s", list)
	}
	short := invite(map[string]any{"expires_days": 1})
	var revoked struct{ ID string }
	made := root.call("POST", "/api/admin/invites", map[string]any{}).want(201)
	made.decode(&revoked)
	root.call("DELETE", "/api/admin/invites/"+revoked.ID, nil).want(200)
	root.call("DELETE", "/api/admin/invites/"+revoked.ID, nil).problem(404)
	b.visitor().tryRegister("eve", "invite", made.followed("/register")).problem(403)
	late := invite(map[string]any{})
	b.clock.Advance(24 * time.Hour)
	b.visitor().tryRegister("eve", "invite", short).problem(403)
	root.signIn("root")
	mode("closed")
	session(`"registration":"closed","registration_open":false`)
	b.visitor().tryRegister("eve", "invite", late).problem(403)
	mode("open")
	b.visitor().tryRegister("eve").want(201)
	for _, wrong := range []map[string]any{{"role": "admin"}, {"expires_days": 0}, {"expires_days": 91}, {"note": strings.Repeat("n", 201)}} {
		root.call("POST", "/api/admin/invites", wrong).problem(400)
	}
}

func TestTheFirstUserNeedsTheSetupCode(t *testing.T) {
	t.Parallel()
	code := auth.NewSetupCode([]byte("nineteen bytes here"))
	b := setup(t, func(c *app.Config, _ *api.Config) { c.SetupCode = code })
	b.visitor().call("GET", "/api/session", nil).json(`{"signed_in":false,"registration":"open","registration_open":true,"first_user":true,"setup_code_required":true,"demo":false,"version":"test"}`)
	b.visitor().tryRegister("eve").problem(403)
	b.visitor().tryRegister("eve", "setup_code", "AAAAA-AAAAA-AAAAA-AAAAA").problem(403)
	b.visitor().tryRegister("ann", "setup_code", strings.ToLower(strings.ReplaceAll(code.Reveal(), "-", " "))).want(201)
	ann := b.visitor()
	ann.signIn("ann")
	ann.call("GET", "/api/admin/users", nil).want(200)
	if info := b.visitor().call("GET", "/api/session", nil).text; !strings.Contains(info, `"setup_code_required":false`) {
		t.Errorf("after the first: %s", info)
	}
	b.visitor().tryRegister("bob").want(201)
}

func TestEveryReplicaFollowsWithinASecond(t *testing.T) {
	t.Parallel()
	one := setup(t, limited)
	other := setupReplica(t, one.store, one.clock, func(*http.Server) {}, limited)
	root := one.user("root")
	other.visitor().call("GET", "/api/session", nil).want(200) // it has read the settings a moment ago
	root.call("PUT", "/api/admin/settings", map[string]any{"registration": "closed", "rate_limits": map[string]any{"auth": "2/minute"}}).want(200)
	one.visitor().tryRegister("eve").problem(403)
	one.clock.Advance(time.Second)
	other.visitor().tryRegister("eve").problem(403)
	guess := map[string]any{"username": "nobody-here", "password": "wrong guess"}
	stranger := other.visitor()
	stranger.call("POST", "/api/auth/login", guess).problem(401)
	stranger.call("POST", "/api/auth/login", guess).problem(401)
	refused := stranger.call("POST", "/api/auth/login", guess)
	refused.problem(429)
	if policy := refused.header.Get("RateLimit-Policy"); policy != `"auth";q=2;w=60` {
		t.Errorf("the limit in force is %s", policy)
	}
	if got := root.call("GET", "/api/admin/settings", nil).want(200).text; !strings.Contains(got, `"auth":"2/minute"`) || !strings.Contains(got, `"api":"200/day;50/hour"`) {
		t.Errorf("settings: %s", got)
	}
	for _, wrong := range []map[string]any{{"auth": "lots"}, {"auth": "0/minute"}, {"dashboard": "1/week"}} {
		root.call("PUT", "/api/admin/settings", map[string]any{"registration": "open", "rate_limits": wrong}).problem(400)
	}
	back := root.call("PUT", "/api/admin/settings", map[string]any{"rate_limits": map[string]any{"auth": ""}}).want(200).text
	if !strings.Contains(back, `"auth":"1000/minute"`) || !strings.Contains(back, `"registration":"closed"`) {
		t.Errorf("taken back: %s", back)
	}
}

// limited gives a server a table of limits that its administrators may override.
func limited(a *app.Config, c *api.Config) {
	c.Limiter = limits(a.Clock, ratelimit.Limits{ratelimit.Auth: perMinute(1000), ratelimit.Register: perMinute(1000), ratelimit.Admin: perMinute(1000)})
	a.RateLimits = c.Limiter
}

func TestAdministrationIsInTheAudit(t *testing.T) {
	t.Parallel()
	b := setup(t, limited)
	root := b.user("root")
	b.user("ann")
	path := "/api/admin/users/" + b.id("ann")
	token := root.call("POST", "/api/admin/users", map[string]any{"username": "ben", "email": "ben@example.com", "role": "viewer"}).want(201).followed("/set-password")
	root.call("PUT", path, map[string]any{"role": "viewer", "disabled": true}).want(200)
	root.call("PUT", path, map[string]any{"disabled": true}).want(200) // changes nothing and says nothing
	root.call("PUT", path, map[string]any{"disabled": false}).want(200)
	root.call("POST", path+"/reset-password", nil).want(200)
	root.call("POST", path+"/reset-2fa", nil).want(200)
	root.call("DELETE", path+"/sessions", nil).want(200)
	root.call("PUT", "/api/admin/settings", map[string]any{"registration": "invite", "rate_limits": map[string]any{"api": "9/hour"}}).want(200)
	var made struct{ ID string }
	revoked := root.call("POST", "/api/admin/invites", map[string]any{}).want(201)
	revoked.decode(&made)
	root.call("DELETE", "/api/admin/invites/"+made.ID, nil).want(200)
	invite := root.call("POST", "/api/admin/invites", map[string]any{}).want(201).followed("/register")
	b.visitor().tryRegister("guest", "invite", invite).want(201)
	b.visitor().setPassword(token, password).want(200)
	links, err := b.store.AuditLinks(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, link := range links[4:] { // after two registrations and sign-ins
		got = append(got, link.ActorName+" "+string(link.Action))
		for _, secret := range []string{token, invite, "argon2id"} {
			if details, _ := audit.CanonicalDetails(link.Details); strings.Contains(string(details)+link.Target, secret) {
				t.Errorf("%s keeps a secret", link.Action)
			}
		}
	}
	want := []string{
		"root user_created", "root role_changed", "root user_disabled", "root user_enabled", "root password_reset_link", "root 2fa_reset",
		"root sessions_ended", "root registration_changed", "root rate_limits_changed", "root invite_created", "root invite_revoked",
		"root invite_created", "guest register", "guest invite_used", "ben password_set",
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("the audit has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSecretsOfLinksAreKeptAsHashesOnly(t *testing.T) {
	t.Parallel()
	shown, hash := auth.NewLinkSecret()
	again, _ := auth.NewLinkSecret()
	if shown == again || len(shown.Reveal()) != 43 || len(hash) != 32 || string(auth.HashLinkSecret(shown)) != string(hash) {
		t.Error("a link's secret is not 256 fresh bits under their hash")
	}
	if string(auth.HashLinkSecret(secret.NewText(shown.Reveal()+"x"))) == string(hash) {
		t.Error("two secrets have one hash")
	}
}

// A reset takes one factor away and leaves the other: neither link nor administrator opens a session.
func TestAResetOfOneFactorLeavesTheOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root, app := b.user("root"), b.user("ann").authenticator()
	path, renewed := "/api/admin/users/"+b.id("ann"), map[string]any{"username": "ann", "password": "another good password"}
	b.visitor().setPassword(root.call("POST", path+"/reset-password", nil).want(200).followed("/set-password"), "another good password").want(200)
	ann := b.visitor()
	ann.call("POST", "/api/auth/login", renewed).want(200)
	ann.call("GET", "/api/accounts", nil).problem(401)
	ann.call("POST", "/api/auth/verify-2fa", token(app.next())).want(200)
	ann.call("GET", "/api/accounts", nil).want(200)

	root.call("POST", path+"/reset-2fa", nil).want(200)
	ann.call("GET", "/api/accounts", nil).problem(401)
	b.visitor().call("POST", "/api/auth/login", credentials("ann")).problem(401)
	ann.call("POST", "/api/auth/login", renewed).want(200)
	ann.call("GET", "/api/accounts", nil).want(200)
}
