package api_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/auth"
)

// TestTheLogSaysWhoAndFromWhere: every refusal is a line with what, who and from where.
func TestTheLogSaysWhoAndFromWhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user("root") // the first one administers
	ann := b.withAccount("ann")
	bot := ann.token("read")
	stranger := b.visitor()
	id := b.id("ann")
	for name, call := range map[string]struct {
		made answer
		line string // regular expression
	}{
		"a stranger":         {stranger.call("GET", "/api/accounts", nil), `status=401 cause=`},
		"a wrong role":       {ann.call("GET", "/api/admin/users", nil), `user=` + id + ` status=403 cause=`},
		"a token's scope":    {bot.call("PUT", "/api/settings", `{}`), `user=` + id + ` token=\S+ status=403 cause=`},
		"a wrong token":      {stranger.call("GET", "/api/accounts", nil, "Authorization", "Bearer at_x"), `status=401 cause=`},
		"another site":       {ann.call("POST", "/api/watchlist", `{"symbol":"SPY"}`, "Origin", "https://evil.example"), `status=403 cause=`},
		"a broken body":      {ann.call("POST", "/api/watchlist", `{"symbol":`), `user=` + id + ` status=400 cause="malformed body"`},
		"a repeated key":     {ann.call("POST", "/api/watchlist", `{"symbol":"SPY","symbol":"QQQ"}`), `user=` + id + ` status=400 cause="malformed body"`},
		"an unknown field":   {ann.call("POST", "/api/watchlist", `{"symbol":"SPY","owner":"x"}`), `user=` + id + ` status=400 cause="body: unexpected property"`},
		"a missing field":    {ann.call("POST", "/api/watchlist", `{}`), `user=` + id + ` status=400 cause="body: expected required property symbol`},
		"a wrong value":      {ann.call("PUT", "/api/settings", `{"max_positions":0}`), `user=` + id + ` status=400 cause=`},
		"another media type": {ann.call("POST", "/api/watchlist", `symbol=SPY`, "Content-Type", "text/plain"), `user=` + id + ` status=415 cause="not JSON"`},
		"a packed body":      {ann.call("POST", "/api/watchlist", `{}`, "Content-Encoding", "gzip"), `user=` + id + ` status=415 cause="packed body"`},
		"another method":     {ann.call("DELETE", "/api/watchlist", nil), `status=405 cause=`},
	} {
		made := call.made.header.Get("X-Request-Id")
		line := regexp.MustCompile(fmt.Sprintf(`(?m)^.*msg="request refused" request=%s method=\S+ path=\S+ address=127\.0\.0\.1 %s.*$`, made, call.line))
		if !line.MatchString(b.log.String()) {
			t.Errorf("%s: no line like %s in\n%s", name, line, linesWith(b.log.String(), made))
		}
	}
}

func linesWith(log, part string) string {
	var found []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, part) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

// TestNoSecretReachesTheLog plants secrets wherever one can be sent, well and badly, and looks for them.
func TestNoSecretReachesTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	bot := v.token("read")
	app := v.authenticator()
	planted := []string{password, "PLANTEDKEY", "planted-secret", "planted password", "plantedcode", app.secret, app.recovery[0], bot.token, v.cookie().Value}
	for _, body := range []string{
		`{"name":"x","api_key":"PLANTEDKEY","secret_key":"planted-secret"}`,
		`{"name":"x","api_key":["PLANTEDKEY"],"secret_key":"planted-secret"}`,
		`{"PLANTEDKEY":"planted-secret"}`, `{"PLANTEDKEY":1,"PLANTEDKEY":2}`, `{"password":"planted password"`,
		`{"username":"ann","password":"planted password"}`, `{"current_password":"` + password + `","new_password":"planted password"}`,
		`{"token":"plantedcode"}`, `{"token":"` + app.recovery[0] + `"}`, `"planted password"`, `{"token":"` + app.code(0) + `x"}`,
	} {
		for _, path := range []string{
			"/api/accounts", "/api/auth/login", "/api/auth/register", "/api/auth/password", "/api/auth/step-up", "/api/auth/verify-2fa",
			"/api/2fa/disable", "/api/2fa/enable", "/api/auth/set-password", "/api/tokens", "/api/auth/passkey/finish",
		} {
			b.visitor().call("POST", path, body)
			v.call("POST", path, body)
			b.clock.Advance(auth.FreshFor)
		}
	}
	stranger := b.visitor()
	stranger.call("GET", "/api/accounts?token="+bot.token, nil)
	stranger.call("GET", "/api/accounts", nil, "Authorization", "Bearer "+bot.token+"x", "Cookie", "")
	stranger.call("GET", "/api/accounts", nil, "Cookie", "sid="+v.cookie().Value, "Authorization", "Bearer "+bot.token)
	if !strings.Contains(b.log.String(), "request refused") {
		t.Fatal("nothing was logged")
	}
	for _, secret := range planted {
		if found := linesWith(b.log.String(), secret); found != "" {
			t.Errorf("the log has %q:\n%s", secret, found)
		}
	}
}
