package api_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
)

func secure(_ *app.Config, c *api.Config)   { c.Secure = true }
func loopback(_ *app.Config, c *api.Config) { c.LoopbackOnly = true }

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	v := setup(t, secure).visitor()
	for _, path := range []string{"/", "/login", "/health", "/api/session", "/api/account", "/api/nothing", "/openapi.json"} {
		answer := v.call("GET", path, nil)
		for name, want := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Referrer-Policy":              "same-origin",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Strict-Transport-Security":    "max-age=63072000; includeSubDomains",
		} {
			if got := answer.header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if policy := answer.header.Get("Permissions-Policy"); answer.header.Get("X-Request-Id") == "" || !strings.Contains(policy, "camera=()") || strings.Contains(policy, "web-share") { // Chromium does not know web-share
			t.Errorf("%s: %v", path, answer.header)
		}
	}
	if plain := setup(t).visitor().call("GET", "/", nil); plain.header.Get("Strict-Transport-Security") != "" {
		t.Error("HSTS on plain http")
	}
	signedIn := setup(t).user("ann")
	if caching := signedIn.call("GET", "/api/accounts", nil).header.Values("Cache-Control"); caching[0] != "no-store" {
		t.Errorf("a signed-in answer may be cached: %v", caching)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	v := setup(t).user("ann")
	if said := v.call("GET", "/api/nothing", nil).problem(404); !strings.Contains(said, "/api/nothing") {
		t.Errorf("said %q", said)
	}
	v.call("GET", "/api/", nil).problem(404)
	v.call("POST", "/api/nothing", map[string]any{}).problem(404)
	for call, allow := range map[string]string{
		"DELETE /api/watchlist": "GET, POST", "POST /api/account": "GET", "PATCH /api/accounts/x": "DELETE, PUT",
		"GET /api/auth/login": "POST", "PUT /health": "GET", "POST /openapi.json": "GET", "POST /": "GET, HEAD", "DELETE /login": "GET, HEAD", "POST /logout": "GET",
	} {
		method, path, _ := strings.Cut(call, " ")
		answer := v.call(method, path, nil)
		answer.problem(405)
		if answer.header.Get("Allow") != allow {
			t.Errorf("%s: Allow is %q, want %q", call, answer.header.Get("Allow"), allow)
		}
	}
	for _, path := range []string{"/", "/login", "/settings/anything", "/verify-2fa"} {
		if v.call("GET", path, nil).want(200).text != "the page" {
			t.Errorf("%s is not the page", path)
		}
	}
	if head := v.call("HEAD", "/health", nil).want(200); head.text != "" {
		t.Errorf("HEAD has a body: %q", head.text)
	}
}

func TestOtherSitesCannotChangeAnything(t *testing.T) {
	t.Parallel()
	v := setup(t).withAccount("ann")
	add := map[string]any{"symbol": "AAPL"}
	for _, headers := range [][]string{
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
		{"Origin", "", "Sec-Fetch-Site", "cross-site"},
		{"Origin", "", "Sec-Fetch-Site", "same-site"},
		{"Origin", ""}, // neither: no browser of today, but it has a session cookie
	} {
		v.call("POST", "/api/watchlist", add, headers...).problem(403)
		v.call("POST", "/api/auth/logout", nil, headers...).problem(403)
	}
	v.call("GET", "/logout", nil, "Sec-Fetch-Site", "cross-site").problem(403)
	v.call("GET", "/logout", nil, "Sec-Fetch-Site", "same-site").problem(403)
	v.call("GET", "/logout", nil, "Origin", "").problem(403) // an older browser, which does not say where the link was
	v.call("GET", "/api/watchlist", nil).want(200).json(`[]`)
	v.call("POST", "/api/watchlist", add, "Origin", "", "Sec-Fetch-Site", "same-origin").want(201)
	v.call("GET", "/logout", nil, "Sec-Fetch-Site", "none").want(303)

	script := setup(t).visitor() // a script without a cookie may sign in without saying where it comes from
	script.call("POST", "/api/auth/login", map[string]any{"username": "x", "password": "y"}, "Origin", "").problem(401)
}

func TestALoopbackServerAnswersToLocalhostOnly(t *testing.T) {
	t.Parallel()
	v := setup(t, loopback).visitor()
	for host, status := range map[string]int{
		"localhost": 200, "LOCALHOST:5000": 200, "127.0.0.1:5000": 200, "127.0.0.1": 200, "[::1]:5000": 200, "[::1]": 200,
		"evil.example": 421, "evil.example:5000": 421, "localhost.evil.example": 421, "192.168.1.5:5000": 421,
	} {
		if answer := v.call("GET", "/api/session", nil, "Host", host); answer.status != status {
			t.Errorf("Host %s: %d, want %d", host, answer.status, status)
		}
	}
	setup(t).visitor().call("GET", "/api/session", nil, "Host", "trader.example").want(200)
}

func TestAServerWithAPublicAddressAnswersToItsName(t *testing.T) {
	t.Parallel()
	public := func(_ *app.Config, c *api.Config) { c.PublicURL = "https://trader.example.com" }
	for _, options := range [][]option{{public}, {public, loopback}} {
		v := setup(t, options...).visitor()
		for host, status := range map[string]int{
			"trader.example.com": 200, "Trader.example.com:8443": 200, "localhost:5000": 200, "127.0.0.1": 200,
			"evil.example": 421, "trader.example.com.evil.example": 421, "192.0.2.7": 421, "x.trader.example.com": 421,
		} {
			if answer := v.call("GET", "/api/session", nil, "Host", host); answer.status != status {
				t.Errorf("Host %s: %d, want %d", host, answer.status, status)
			}
		}
		v.call("GET", "/health", nil, "Host", "10.0.0.7:5000").want(200)
		wrong := map[string]any{"username": "x", "password": "y"}
		v.call("POST", "/api/auth/login", wrong, "Host", "localhost:5000", "Origin", "https://trader.example.com").problem(401)
		v.call("POST", "/api/auth/login", wrong, "Host", "trader.example.com", "Origin", "https://trader.example.com").problem(401)
		v.call("POST", "/api/auth/login", wrong, "Host", "trader.example.com", "Origin", "https://evil.example").problem(403)
		v.call("POST", "/api/auth/login", wrong, "Host", "trader.example.com", "Origin", "http://localhost:5000").problem(403)
	}
}

func TestLimitsByAddressAndByUser(t *testing.T) {
	t.Parallel()
	tight := func(_ *app.Config, c *api.Config) {
		c.Limiter = limits(c.Clock, ratelimit.Limits{
			ratelimit.Auth: perMinute(3), ratelimit.Register: {{Count: 2, Window: time.Hour}}, ratelimit.Dashboard: perMinute(5),
		})
	}
	b := setup(t, tight)
	ann, bob := b.user("ann"), b.user("bob")
	refused := b.visitor().call("POST", "/api/auth/register", map[string]any{"username": "eve", "email": "eve@example.com", "password": password})
	refused.problem(429)
	if refused.header.Get("Retry-After") != "1800" {
		t.Errorf("Retry-After %q", refused.header.Get("Retry-After"))
	}
	guess := map[string]any{"username": "ann", "password": "wrong guess"}
	stranger := b.visitor()
	stranger.call("POST", "/api/auth/login", guess).problem(401)
	last := stranger.call("POST", "/api/auth/login", guess)
	last.problem(429)
	if policy, state := last.header.Get("RateLimit-Policy"), last.header.Get("RateLimit"); policy != `"auth";q=3;w=60` || state != `"auth";r=0;t=60` {
		t.Errorf("RateLimit-Policy %s, RateLimit %s", policy, state)
	}
	for range 5 {
		ann.call("GET", "/api/watchlist", nil).want(200)
	}
	ann.call("GET", "/api/watchlist", nil).problem(429)
	bob.call("GET", "/api/watchlist", nil).want(200)
	b.clock.Advance(time.Minute)
	ann.call("GET", "/api/watchlist", nil).want(200)
	stranger.call("POST", "/api/auth/login", guess).problem(401)
}

func (v *visitor) cookie() *http.Cookie {
	v.t.Helper()
	request, err := http.NewRequest("GET", v.url, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, cookie := range v.client.Jar.Cookies(request.URL) {
		if cookie.Name == "sid" {
			return cookie
		}
	}
	return nil
}

func TestTheSessionCookie(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user("ann")
	v := b.visitor()
	v.call("GET", "/api/session", nil)
	if v.cookie() != nil {
		t.Error("a visitor who did nothing has a session")
	}
	signIn := v.call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": password}).want(200)
	cookie := signIn.cookie("sid")
	if cookie.Name != "sid" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Secure || cookie.MaxAge != 0 {
		t.Errorf("cookie: %s", cookie)
	}
	remembered := v.call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": password, "remember": true}).want(200).cookie("sid")
	if days := float64(remembered.MaxAge) / 86400; days < 29.9 || days > 30.1 {
		t.Errorf("remembered for %.2f days", days)
	}
	tls := setup(t, secure)
	tls.visitor().call("POST", "/api/auth/register", map[string]any{"username": "ann", "email": "a@example.com", "password": password}).want(201)
	cookie = tls.visitor().call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": password}).want(200).cookie("__Host-sid")
	if cookie.Name != "__Host-sid" || !cookie.Secure || cookie.Domain != "" || cookie.Path != "/" {
		t.Errorf("cookie on TLS: %s", cookie)
	}
}

func TestSigningInAgainGivesANewToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	planted := v.cookie()
	v.signIn("ann")
	if v.cookie().Value == planted.Value {
		t.Fatal("the token from before the sign-in is still in use")
	}
	thief := b.visitor()
	thief.call("GET", "/api/accounts", nil, "Cookie", "sid="+planted.Value).problem(401)
	invented := b.visitor()
	signIn := invented.call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": password}, "Cookie", "sid=chosen-by-an-attacker").want(200)
	if signIn.cookie("sid").Value == "chosen-by-an-attacker" {
		t.Fatal("a token that somebody else chose became a session")
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	idle, busy := b.user("ann"), b.visitor()
	busy.signIn("ann")
	remembered := b.visitor()
	remembered.call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": password, "remember": true}).want(200)
	for range 24 { // twelve hours in steps of half an hour
		b.clock.Advance(29 * time.Minute)
		busy.call("GET", "/api/accounts", nil).want(200)
		b.clock.Advance(time.Minute - time.Second)
	}
	idle.call("GET", "/api/accounts", nil).problem(401)
	busy.call("GET", "/api/accounts", nil).want(200)
	b.clock.Advance(time.Minute)
	busy.call("GET", "/api/accounts", nil).problem(401)
	b.clock.Advance(20 * 24 * time.Hour)
	remembered.call("GET", "/api/accounts", nil).want(200)
	b.clock.Advance(10 * 24 * time.Hour)
	remembered.call("GET", "/api/accounts", nil).problem(401)
}

func TestASignedOutTokenIsWorthNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	token := v.cookie().Value
	b.clock.Advance(2 * time.Minute) // so that requests store their activity, which must not bring the session back
	stop := make(chan struct{})
	var others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					answer, err := get(t.Context(), v.url+"/api/watchlist", token)
					if err == nil {
						answer.Body.Close()
					}
				}
			}
		})
	}
	v.call("POST", "/api/auth/logout", nil).want(200)
	close(stop)
	others.Wait()
	answer, err := get(t.Context(), v.url+"/api/watchlist", token)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 401 {
		t.Fatalf("the token of a session that was signed out: %d", answer.StatusCode)
	}
}

func get(ctx context.Context, url, token string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, err
	}
	request.AddCookie(&http.Cookie{Name: "sid", Value: token})
	return http.DefaultClient.Do(request)
}

// firing disables users after they have signed in.
type firing struct {
	app.Store
	mu    sync.Mutex
	fired map[string]bool
	err   error
}

func (f *firing) UserByID(ctx context.Context, id string) (auth.User, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return auth.User{}, f.err
	}
	user, err := f.Store.UserByID(ctx, id)
	user.Disabled = f.fired[user.Username]
	return user, err
}

func (f *firing) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func TestADisabledUserIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	staff := &firing{fired: map[string]bool{}}
	b := setup(t, func(c *app.Config, _ *api.Config) { staff.Store = c.Store; c.Store = staff })
	v := b.user("ann")
	v.call("GET", "/api/accounts", nil).want(200)
	staff.set(func() { staff.fired["ann"] = true })
	v.call("GET", "/api/accounts", nil).problem(401)
	staff.set(func() { staff.fired["ann"] = false })
	v.call("GET", "/api/accounts", nil).problem(401) // the session is gone, not asleep
}

func TestASignInOfADisabledUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user("ann")
	b.create(auth.User{Username: "former", Role: auth.Trader, Disabled: true})
	v := b.visitor()
	wrong := v.call("POST", "/api/auth/login", map[string]any{"username": "former", "password": "not the password"}).problem(401)
	right := v.call("POST", "/api/auth/login", map[string]any{"username": "former", "password": password})
	unknown := v.call("POST", "/api/auth/login", map[string]any{"username": "nobody-here", "password": password}).problem(401)
	known := v.call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": "not the password"}).problem(401)
	if said := right.problem(401); wrong != unknown || known != unknown || said != unknown {
		t.Errorf("who exists can be told: %q, %q, %q, %q", wrong, known, said, unknown)
	}
	if len(right.cookies) > 0 {
		t.Errorf("a disabled user got a cookie: %v", right.cookies)
	}
}

func TestADatabaseThatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	staff := &firing{fired: map[string]bool{}}
	b := setup(t, func(c *app.Config, _ *api.Config) { staff.Store = c.Store; c.Store = staff })
	v := b.user("ann")
	staff.set(func() { staff.err = fault.New(fault.Unavailable, "The database does not answer. Try again shortly.") })
	answer := v.call("GET", "/api/accounts", nil)
	answer.problem(503)
	if answer.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	staff.set(func() { staff.err = nil })
	v.call("GET", "/api/accounts", nil).want(200) // trouble did not end the session
}

func TestAPanicIsOneAnswerAndNothingMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).want(201)
	b.broker.set(func(f *fakeBroker) { f.panics = true })
	if said := v.call("GET", "/api/signals", nil).problem(500); strings.Contains(said, "broke") {
		t.Errorf("the panic is in the answer: %s", said)
	}
	if !strings.Contains(b.log.String(), "signals broke") {
		t.Error("the panic is not in the log")
	}
	v.call("GET", "/api/watchlist", nil).want(200)
}

func TestServerLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	server := b.server.Config
	if server.ReadHeaderTimeout != 5*time.Second || server.ReadTimeout != 15*time.Second || server.WriteTimeout != 30*time.Second || server.IdleTimeout != 60*time.Second {
		t.Errorf("timeouts: %v %v %v %v", server.ReadHeaderTimeout, server.ReadTimeout, server.WriteTimeout, server.IdleTimeout)
	}
	for kib, status := range map[int]string{15: "200", 17: "431", 40: "431"} {
		if answer := answerToHeaders(t, b, kib<<10); !strings.HasPrefix(answer, "HTTP/1.1 "+status) {
			t.Errorf("headers of %d KiB: %.40s", kib, answer)
		}
	}
}

// answerToHeaders is what the server says to a request whose headers have about that many bytes.
func answerToHeaders(t *testing.T, b *bench, size int) string {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Big: %s\r\n\r\n", strings.Repeat("a", size))
	text, _ := io.ReadAll(connection)
	return string(text)
}
