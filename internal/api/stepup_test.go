package api_test

import (
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
)

// TestWhatIsMoreDangerousNeedsAFreshFactor: within routes that need none by themselves. Each is
// refused with an old factor, nothing changes, and the same request is good after a step-up.
func TestWhatIsMoreDangerousNeedsAFreshFactor(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]struct{ method, path, body string }{
		"larger positions":       {"PUT", "/api/settings", `{"position_size_pct":10.5}`},
		"more positions":         {"PUT", "/api/settings", `{"max_positions":6}`},
		"short sales":            {"PUT", "/api/settings", `{"allow_short":true}`},
		"automation":             {"PUT", "/api/accounts/paper", `{"automated":true}`},
		"automation by a switch": {"PUT", "/api/indicators", `{"schedule_enabled":true}`},
		"other keys":             {"PUT", "/api/accounts/paper", `{"api_key":"PK","secret_key":"s"}`},
		"paper to live":          {"PUT", "/api/accounts/paper", `{"paper":false}`},
		"deleting an account":    {"DELETE", "/api/accounts/paper", ``},
		"the other sessions":     {"DELETE", "/api/sessions", ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := setup(t).withAccount("ann")
			settings, accounts := v.call("GET", "/api/settings", nil).text, v.call("GET", "/api/accounts", nil).text
			v.clock.Advance(auth.FreshFor + 1)
			v.call(act.method, act.path, act.body).stepUpRequired()
			if v.call("GET", "/api/settings", nil).text != settings || v.call("GET", "/api/accounts", nil).text != accounts {
				t.Error("something was changed")
			}
			v.call("POST", "/api/auth/step-up", map[string]any{"password": password}).want(200)
			v.call(act.method, act.path, act.body).want(200)
		})
	}
}

// TestWhatIsMoreCarefulNeedsNone: an emergency waits for no code.
func TestWhatIsMoreCarefulNeedsNone(t *testing.T) {
	t.Parallel()
	v := setup(t).withAccount("ann")
	v.call("PUT", "/api/settings", `{"allow_short":true,"position_size_pct":20,"max_positions":8}`).want(200)
	v.call("PUT", "/api/accounts/paper", `{"automated":true}`).want(200)
	v.clock.Advance(auth.FreshFor + 1)
	v.call("PUT", "/api/settings", `{"allow_short":false,"position_size_pct":5,"max_positions":2}`).want(200)
	v.call("PUT", "/api/accounts/paper", `{"automated":false}`).want(200)
	v.call("PUT", "/api/accounts/paper", `{"name":"careful"}`).want(200)
	v.call("DELETE", "/api/sessions/"+v.sessionID(), nil).want(200) // its own: a sign-out
	v.call("GET", "/api/sessions", nil).problem(401)
}

// TestAnotherSessionEndsWithAFreshFactorOnly: who found a browser open cannot throw its owner out elsewhere.
func TestAnotherSessionEndsWithAFreshFactorOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	there := b.user("ann")
	here := b.visitor()
	here.signIn("ann")
	b.clock.Advance(auth.FreshFor + 1)
	here.call("DELETE", "/api/sessions/"+there.sessionID(), nil).stepUpRequired()
	there.call("GET", "/api/accounts", nil).want(200)
	here.call("POST", "/api/auth/step-up", map[string]any{"password": password}).want(200)
	here.call("DELETE", "/api/sessions/"+there.sessionID(), nil).want(200)
	there.call("GET", "/api/accounts", nil).problem(401)
}

// TestATokenRaisesNoRisk: no factor was shown for that, whatever the scope.
func TestATokenRaisesNoRisk(t *testing.T) {
	t.Parallel()
	v := setup(t).withAccount("ann")
	bot := v.token("trade:paper", "trade:live")
	bot.call("PUT", "/api/settings", `{"max_positions":6}`).problem(403)
	bot.call("PUT", "/api/settings", `{"allow_short":true}`).problem(403)
	bot.call("PUT", "/api/settings", `{"max_positions":3}`).want(200)
}

func (a answer) fullStepUpRequired() {
	a.t.Helper()
	a.stepUpRequired()
	a.has(`"full":true`)
}

// TestHowOneSignsInNeedsAllOfASignIn: a code alone lifts a halt, but changes neither the address nor
// factors: who has found a telephone lying about has not found the password.
func TestHowOneSignsInNeedsAllOfASignIn(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]struct {
		method, path string
		body         any
		status       int // once all was shown
	}{
		"address":        {"POST", "/api/auth/email", map[string]any{"email": "new@example.org"}, 200},
		"another app":    {"POST", "/api/2fa/setup", nil, 409},
		"its picture":    {"GET", "/api/2fa/qrcode", nil, 404},
		"its first code": {"POST", "/api/2fa/enable", map[string]any{"token": "000000"}, 404},
		"recovery codes": {"POST", "/api/2fa/recovery-codes", nil, 200},
		"a passkey":      {"POST", "/api/passkeys/register/begin", nil, 400}, // by an IP address
		"not a passkey":  {"DELETE", "/api/passkeys/none", nil, 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.user("ann")
			app := v.authenticator()
			b.clock.Advance(auth.FreshFor + time.Minute)
			v.call(act.method, act.path, act.body).fullStepUpRequired()
			v.call("POST", "/api/auth/step-up", map[string]any{"password": password}).problem(403)
			v.call("POST", "/api/auth/step-up", token(app.next())).want(200)
			v.call("DELETE", "/api/sessions", nil).want(200) // a code is enough for that
			v.call(act.method, act.path, act.body).fullStepUpRequired()
			b.clock.Advance(time.Minute)
			code := app.next()
			v.call("POST", "/api/auth/step-up", map[string]any{"password": "not the password", "token": code}).problem(401)
			v.call(act.method, act.path, act.body).fullStepUpRequired()
			v.call("POST", "/api/auth/step-up", map[string]any{"password": password, "token": code}).want(200) // the code was kept
			v.call(act.method, act.path, act.body).want(act.status)
			b.clock.Advance(auth.FreshFor + 1)
			v.call(act.method, act.path, act.body).fullStepUpRequired()
		})
	}
}
