package api_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// program is a client that has an API token and no browser.
type program struct {
	*visitor
	token string
	id    string
}

// token makes an API token of the signed-in user, with a limit that does not get into the way.
func (v *visitor) token(scopes ...string) program {
	v.t.Helper()
	return v.tokenWith(map[string]any{"name": "Bot", "scopes": scopes, "rate_limit": "1000/second"})
}

func (v *visitor) tokenWith(wanted map[string]any) program {
	v.t.Helper()
	var made struct {
		Success   bool
		ID, Token string
	}
	v.call("POST", "/api/tokens", wanted).want(201).decode(&made)
	if !made.Success || made.ID == "" {
		v.t.Fatalf("made %+v", made)
	}
	return program{v.visitor(), made.Token, made.ID}
}

// call sends a request as a script would: with the token, without cookie and Origin.
func (p program) call(method, path string, body any, headers ...string) answer {
	p.t.Helper()
	return p.visitor.call(method, path, body, append([]string{"Origin", "", "Authorization", "Bearer " + p.token}, headers...)...)
}

// tokenAccess says what a route answers to tokens that hold one scope only, while the active
// account is a paper one. Tokens may call no route that is not here.
var tokenAccess = map[string]struct{ read, paper, live int }{
	"GET /health":                {200, 200, 200},
	"GET /livez":                 {200, 200, 200},
	"GET /readyz":                {200, 200, 200},
	"GET /api/account":           {200, 403, 403},
	"GET /api/positions":         {200, 403, 403},
	"GET /api/orders":            {200, 403, 403},
	"GET /api/portfolio-history": {200, 403, 403},
	"GET /api/signals":           {200, 403, 403},
	"GET /api/cycles":            {200, 403, 403},
	"GET /api/scheduler-status":  {200, 403, 403},
	"GET /api/stream":            {0, 403, 403}, // 0: it does not end by itself; another test asks

	"GET /api/watchlist":             {200, 403, 403},
	"POST /api/watchlist":            {403, 201, 403},
	"DELETE /api/watchlist/{symbol}": {403, 200, 403},
	"GET /api/indicators":            {200, 403, 403},
	"PUT /api/indicators":            {403, 200, 403},
	"GET /api/settings":              {200, 403, 403},
	"PUT /api/settings":              {403, 200, 403},
	"GET /api/schedule/next":         {200, 403, 403},

	"GET /api/explain":                      {400, 403, 403},
	"GET /api/trading":                      {200, 403, 403},
	"POST /api/trading/halt":                {403, 200, 403},
	"POST /api/trading/flatten":             {403, 200, 403},
	"POST /api/accounts/{name}/reconcile":   {403, 200, 403},
	"GET /api/accounts/{name}/strategy":     {200, 403, 403},
	"PUT /api/accounts/{name}/strategy":     {403, 200, 403},
	"DELETE /api/accounts/{name}/strategy":  {403, 200, 403},
	"GET /api/accounts/{name}/watchlist":    {200, 403, 403},
	"PUT /api/accounts/{name}/watchlist":    {403, 200, 403},
	"DELETE /api/accounts/{name}/watchlist": {403, 200, 403},
}

// TestEveryRouteWithEveryScope calls each route, on both databases, with tokens of an administrator:
// what a token may not do, its role would allow.
func TestEveryRouteWithEveryScope(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		shared := setupOn(t, address)
		shared.user("root")
		for i, route := range listedRoutes(t) {
			t.Run(route, func(t *testing.T) {
				t.Parallel()
				b := shared.in(t)
				owner := b.withAccount(fmt.Sprintf("owner-%d", i))
				role := auth.Admin
				if _, err := b.store.ChangeUser(t.Context(), b.id(fmt.Sprintf("owner-%d", i)), auth.UserChange{Role: &role}, func(auth.UserChanged) []audit.Entry { return nil }); err != nil {
					t.Fatal(err)
				}
				owner.signIn(fmt.Sprintf("owner-%d", i))
				owner.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).want(201)
				scoped{owner, route, b.id("root")}.check()
			})
		}
	})
}

// scoped is one route that the owner's tokens call.
type scoped struct {
	owner *visitor
	route string
	id    string // that the route names
}

func (s scoped) check() {
	s.owner.t.Helper()
	method, path, _ := strings.Cut(s.route, " ")
	path = strings.NewReplacer("{name}", "paper", "{symbol}", "AAPL", "{id}", s.id).Replace(path)
	var body any
	if text := routeAccess[s.route].body; text != "" {
		body = text
	}
	expected, allowed := tokenAccess[s.route]
	if !allowed {
		everything := s.owner.token("read", "trade:paper", "trade:live")
		if said := everything.call(method, path, body).problem(403); !strings.Contains(said, "An API token may not do this") {
			s.owner.t.Errorf("refused with %q", said)
		}
		return
	}
	for scope, status := range map[string]int{"read": expected.read, "trade:paper": expected.paper, "trade:live": expected.live} {
		if status == 0 {
			continue
		}
		if answer := s.owner.token(scope).call(method, path, body); answer.status != status {
			s.owner.t.Errorf("%s: %d, want %d: %s", scope, answer.status, status, answer.text)
		}
	}
}

func TestATokenIsBoundToTheModeOfTheAccounts(t *testing.T) {
	t.Parallel()
	v := setup(t).withAccount("ann")
	paper, live, both := v.token("trade:paper"), v.token("trade:live"), v.token("trade:paper", "trade:live")
	change := map[string]any{"max_positions": 4}
	paper.call("PUT", "/api/settings", change).want(200)
	live.call("PUT", "/api/settings", change).problem(403)
	paper.call("PUT", "/api/indicators", map[string]any{"schedule_enabled": true}).want(200)

	v.call("POST", "/api/accounts", map[string]any{"name": "live", "api_key": "AKTESTKEY123", "secret_key": "shh", "paper": false}).want(201)
	paper.call("PUT", "/api/settings", change).want(200) // the live account is neither shown nor automated
	v.call("POST", "/api/accounts/live/activate", nil).want(200)
	paper.call("PUT", "/api/settings", change).problem(403)
	paper.call("PUT", "/api/indicators", map[string]any{"schedule_enabled": true}).problem(403)
	paper.call("POST", "/api/watchlist", map[string]any{"symbol": "SPY"}).problem(403)
	live.call("PUT", "/api/settings", change).problem(403) // the paper account still trades by the same strategy
	both.call("PUT", "/api/settings", change).want(200)
	both.call("PUT", "/api/indicators", map[string]any{"schedule_enabled": true}).problem(409) // nobody has armed it
	v.call("POST", "/api/accounts/live/arm", map[string]any{"confirm_name": "live"}).want(200)
	both.call("PUT", "/api/indicators", map[string]any{"schedule_enabled": true}).want(200)
	v.call("POST", "/api/accounts/paper/activate", nil).want(200)
	paper.call("PUT", "/api/settings", change).problem(403) // the live account trades, shown or not
	paper.call("POST", "/api/trading/halt", map[string]any{"all": true}).problem(403)
	paper.call("POST", "/api/trading/halt", map[string]any{"account": "live"}).problem(403)
	paper.call("POST", "/api/trading/halt", map[string]any{}).want(200)
	paper.call("PUT", "/api/accounts/live/strategy", change).problem(403)
	for _, call := range []string{"POST /api/accounts/paper/activate", "DELETE /api/accounts/paper", "GET /api/accounts"} {
		method, path, _ := strings.Cut(call, " ")
		both.call(method, path, nil).problem(403)
	}
}

// TestAnExpiredTokenIsMarkedAndGoesInTime: it is listed for a while, so that nobody wonders.
func TestAnExpiredTokenIsMarkedAndGoesInTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	bot := v.tokenWith(map[string]any{"name": "Bot", "scopes": []string{"read"}, "expires_days": 1})
	b.clock.Advance(24 * time.Hour)
	v.signIn("ann")
	bot.call("GET", "/api/watchlist", nil).problem(401)
	v.call("GET", "/api/tokens", nil).want(200).has(`"expired":true`)
	b.clock.Advance(auth.ExpiredTokensKept - time.Minute)
	v.signIn("ann")
	for _, listed := range []bool{true, false} {
		if err := b.store.SweepLinks(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(v.call("GET", "/api/tokens", nil).want(200).text, `"Bot"`); got != listed {
			t.Errorf("listed: %v", got)
		}
		b.clock.Advance(time.Minute)
	}
}

func TestTokensAreListedAndRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob := b.user("ann"), b.user("bob")
	bot := ann.tokenWith(map[string]any{"name": " Bot ", "scopes": []string{"trade:paper", "read"}, "expires_days": 7, "rate_limit": "5/minute"})
	now := b.clock.Now().UTC()
	ann.call("GET", "/api/tokens", nil).want(200).json(fmt.Sprintf(
		`[{"id":%q,"name":"Bot","prefix":"at_%s","scopes":["read","trade:paper"],"created_at":%q,"expires_at":%q,"last_used_at":null,"rate_limit":"5/minute"}]`,
		bot.id, bot.id, now.Truncate(time.Microsecond).Format(time.RFC3339Nano), now.Add(7*24*time.Hour).Truncate(time.Microsecond).Format(time.RFC3339Nano)))
	bob.call("GET", "/api/tokens", nil).want(200).json(`[]`)

	bot.call("GET", "/api/watchlist", nil).want(200)
	first := lastUse(ann)
	b.clock.Advance(50 * time.Second)
	bot.call("GET", "/api/watchlist", nil).want(200)
	if again := lastUse(ann); again != first || first == "" {
		t.Errorf("within a minute the last use moved from %s to %s", first, again)
	}
	b.clock.Advance(10 * time.Second)
	bot.call("GET", "/api/watchlist", nil).want(200)
	if later := lastUse(ann); later <= first {
		t.Errorf("after a minute the last use is still %s", later)
	}

	bob.call("DELETE", "/api/tokens/"+bot.id, nil).problem(404)
	bot.call("GET", "/api/watchlist", nil).want(200)
	ann.call("DELETE", "/api/tokens/"+bot.id, nil).want(200)
	bot.call("GET", "/api/watchlist", nil).problem(401)
	ann.call("DELETE", "/api/tokens/"+bot.id, nil).problem(404)
	ann.call("GET", "/api/tokens", nil).want(200).json(`[]`)

	entries, err := b.store.AuditLinks(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	last := entries[len(entries)-1]
	if last.Action != audit.TokenRevoked || last.Target != "token:"+bot.id || last.ActorName != "ann" {
		t.Errorf("the audit ends with %+v", last.Entry)
	}
	for _, entry := range entries {
		if strings.Contains(fmt.Sprint(entry), bot.token[20:]) {
			t.Errorf("the audit holds the token: %+v", entry)
		}
	}
	if strings.Contains(b.log.String(), bot.token[20:]) {
		t.Error("the log holds the token")
	}
}

func lastUse(v *visitor) string {
	v.t.Helper()
	var tokens []struct {
		LastUsedAt string `json:"last_used_at"`
	}
	v.call("GET", "/api/tokens", nil).want(200).decode(&tokens)
	return tokens[0].LastUsedAt
}

func TestWrongTokensGetOneAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann := b.user("ann")
	bot, revoked, expiring := ann.token("read"), ann.token("read"), ann.tokenWith(map[string]any{"name": "short", "scopes": []string{"read"}, "expires_days": 1})
	ann.call("DELETE", "/api/tokens/"+revoked.id, nil).want(200)
	b.clock.Advance(24*time.Hour - time.Second)
	expiring.call("GET", "/api/watchlist", nil).want(200)
	b.clock.Advance(time.Second)

	typo := []byte(bot.token)
	typo[30] ^= 1
	foreign, _, _ := strings.Cut(bot.token, "_")
	sentences := map[string]bool{}
	for name, text := range map[string]string{
		"expired": expiring.token, "revoked": revoked.token, "mistyped": string(typo), "empty": "", "short": "at_", "other": foreign,
		"unknown": unknownToken(t), "not ours": "eyJhbGciOiJub25lIn0.e30.", "twice": bot.token + " " + bot.token, "binary": "at_\x80\x81",
	} {
		answer := program{ann.visitor(), text, ""}.call("GET", "/api/watchlist", nil)
		sentences[answer.problem(401)] = true
		if challenge := answer.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Bearer") {
			t.Errorf("%s: WWW-Authenticate %q", name, challenge)
		}
	}
	if len(sentences) != 1 {
		t.Errorf("what is wrong can be told: %v", sentences)
	}
	bot.call("GET", "/api/watchlist", nil).want(200)
	if wrongScheme := b.visitor().call("GET", "/api/watchlist", nil, "Authorization", "Basic "+bot.token); wrongScheme.status != 401 {
		t.Errorf("a token in another scheme: %d", wrongScheme.status)
	}
	bot.visitor.call("GET", "/api/watchlist", nil, "Authorization", "bearer "+bot.token).want(200) // the scheme has no case (RFC 9110, 11.1)
}

// unknownToken is a well-formed token that nobody made here.
func unknownToken(t *testing.T) string {
	t.Helper()
	_, text, _ := auth.NewTokenText()
	return text.Reveal()
}

func TestCookieAndTokenTogetherAreRefused(t *testing.T) {
	t.Parallel()
	v := setup(t).user("ann")
	bot := v.token("read")
	if said := v.call("GET", "/api/watchlist", nil, "Authorization", "Bearer "+bot.token).problem(400); !strings.Contains(said, "not both") {
		t.Errorf("said %q", said)
	}
	for _, cookie := range bot.call("GET", "/api/watchlist", nil).want(200).cookies {
		t.Errorf("a token request got a cookie: %s", cookie)
	}
}

func TestATokenNarrowsWithItsUser(t *testing.T) {
	t.Parallel()
	staff := &firing{fired: map[string]bool{}}
	b := setup(t, func(c *app.Config, _ *api.Config) { staff.Store = c.Store; c.Store = staff })
	ann := b.user("ann")
	bot := ann.token("read")
	staff.set(func() { staff.fired["ann"] = true })
	bot.call("GET", "/api/watchlist", nil).problem(401)
	staff.set(func() { staff.fired["ann"] = false })
	bot.call("GET", "/api/watchlist", nil).want(200)

	viewer := b.viewer("viewer")
	viewer.call("POST", "/api/tokens", map[string]any{"name": "Bot", "scopes": []string{"trade:paper"}}).problem(403)
	reader := viewer.token("read")
	reader.call("GET", "/api/settings", nil).want(200)
	reader.call("PUT", "/api/settings", map[string]any{"max_positions": 3}).problem(403)
}

func TestTokenWishesAreChecked(t *testing.T) {
	t.Parallel()
	v := setup(t).user("ann")
	for name, wanted := range map[string]map[string]any{
		"no name":       {"name": " ", "scopes": []string{"read"}},
		"long name":     {"name": strings.Repeat("x", 81), "scopes": []string{"read"}},
		"no scope":      {"name": "x", "scopes": []string{}},
		"unknown scope": {"name": "x", "scopes": []string{"admin"}},
		"no days":       {"name": "x", "scopes": []string{"read"}, "expires_days": 0},
		"many days":     {"name": "x", "scopes": []string{"read"}, "expires_days": 366},
		"limit":         {"name": "x", "scopes": []string{"read"}, "rate_limit": "5/fortnight"},
		"own id":        {"name": "x", "scopes": []string{"read"}, "id": "mine"},
		"own user":      {"name": "x", "scopes": []string{"read"}, "user_id": "other"},
	} {
		answer := v.call("POST", "/api/tokens", wanted)
		if answer.status != 400 {
			t.Errorf("%s: %d %s", name, answer.status, answer.text)
		}
	}
	b := v.bench
	b.clock.Advance(auth.FreshFor + time.Second)
	v.call("POST", "/api/tokens", map[string]any{"name": "x", "scopes": []string{"read"}}).problem(403)
	v.call("GET", "/api/tokens", nil).want(200).json(`[]`)
}

func TestEachTokenHasItsOwnLimit(t *testing.T) {
	t.Parallel()
	b := setup(t, func(_ *app.Config, c *api.Config) {
		c.Limiter = limits(c.Clock, ratelimit.Limits{ratelimit.API: auth.Rates{{Count: 4, Window: 24 * time.Hour}, {Count: 2, Window: time.Hour}}, ratelimit.Auth: perMinute(100), ratelimit.Register: perMinute(100)})
	})
	v := b.user("ann")
	usual := v.tokenWith(map[string]any{"name": "usual", "scopes": []string{"read"}})
	own := v.tokenWith(map[string]any{"name": "own", "scopes": []string{"read"}, "rate_limit": "3/minute"})
	for range 2 {
		usual.call("GET", "/api/watchlist", nil).want(200)
	}
	refused := usual.call("GET", "/api/watchlist", nil)
	refused.problem(429)
	if policy := refused.header.Get("RateLimit-Policy"); !strings.Contains(policy, "q=4;w=86400") || !strings.Contains(policy, "q=2;w=3600") || refused.header.Get("Retry-After") != "1800" {
		t.Errorf("RateLimit-Policy %s, Retry-After %s", policy, refused.header.Get("Retry-After"))
	}
	for range 3 {
		own.call("GET", "/api/watchlist", nil).want(200)
	}
	own.call("GET", "/api/watchlist", nil).problem(429)
	v.call("GET", "/api/watchlist", nil).want(200) // the browser has its own budget
	b.clock.Advance(time.Minute)
	own.call("GET", "/api/watchlist", nil).want(200)
	usual.call("GET", "/api/watchlist", nil).problem(429)
}

func TestGuessesOfTokensAreCountedByAddress(t *testing.T) {
	t.Parallel()
	b := setup(t, func(_ *app.Config, c *api.Config) {
		c.Limiter = limits(c.Clock, ratelimit.Limits{ratelimit.Dashboard: perMinute(3)})
	})
	guess := program{b.visitor(), unknownToken(t), ""}
	for range 3 {
		guess.call("GET", "/api/watchlist", nil).problem(401)
	}
	guess.call("GET", "/api/watchlist", nil).problem(429)
}

func TestAStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	b := setup(t, func(_ *app.Config, c *api.Config) { c.Recheck, c.Heartbeat = 10*time.Millisecond, 10*time.Millisecond })
	v := b.user("ann")
	bot := v.token("read")
	request, err := http.NewRequestWithContext(t.Context(), "GET", b.url+"/api/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+bot.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	if response.StatusCode != 200 || !lines.Scan() {
		t.Fatalf("the stream did not open: %s", response.Status)
	}
	v.call("DELETE", "/api/tokens/"+bot.id, nil).want(200)
	advancing := make(chan struct{})
	go func() { // the clock of the test stands still by itself
		defer close(advancing)
		for t.Context().Err() == nil {
			b.clock.Advance(time.Second)
			if t.Context().Err() != nil || !lines.Scan() {
				return
			}
		}
	}()
	select {
	case <-advancing:
	case <-time.After(soon):
		t.Fatal("the stream of a revoked token goes on")
	}
}
