package api_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// usual are the limits as they are when nobody says anything.
func usual(_ *app.Config, c *api.Config) {
	c.Limiter = limits(c.Clock, nil)
}

func TestNewAccountsAndSymbolsAreLimitedByUser(t *testing.T) {
	t.Parallel()
	b := setup(t, usual)
	ann, bob := b.user("ann"), b.user("bob")
	account := func(v *visitor, n int) answer {
		return v.call("POST", "/api/accounts", map[string]any{"name": fmt.Sprint("number ", n), "api_key": "PKTESTKEY123", "secret_key": "shh", "paper": true})
	}
	for n := range 10 {
		account(ann, n).want(201)
	}
	refused := account(ann, 10)
	refused.problem(429)
	if got := refused.header.Get("Retry-After"); got != "360" {
		t.Errorf("Retry-After %q", got)
	}
	account(bob, 0).want(201)
	for n := range 20 {
		if status := ann.call("POST", "/api/watchlist", map[string]any{"symbol": "A" + string(rune('A'+n))}).status; status == http.StatusTooManyRequests {
			t.Fatalf("symbol %d is refused", n)
		}
	}
	ann.call("POST", "/api/watchlist", map[string]any{"symbol": "ZZ"}).problem(429)
	ann.call("GET", "/api/watchlist", nil).want(200)
}

func TestAnAdministratorsChangesAreLimited(t *testing.T) {
	t.Parallel()
	b := setup(t, usual)
	admin := b.user("ann")
	change := func() answer {
		return admin.call("POST", "/api/admin/invites", map[string]any{"note": "for a friend"})
	}
	for range 20 {
		change().want(201)
	}
	refused := change()
	refused.problem(429)
	policy, state := refused.header.Get("RateLimit-Policy"), refused.header.Get("RateLimit")
	if policy != `"admin-86400";q=100;w=86400, "admin-3600";q=20;w=3600` || state != `"admin-86400";r=80;t=17280, "admin-3600";r=0;t=3600` {
		t.Errorf("RateLimit-Policy %s, RateLimit %s", policy, state)
	}
	admin.call("GET", "/api/admin/invites", nil).want(200)
	b.clock.Advance(3 * time.Minute)
	change().want(201)
}

func TestALimitIsChangedWhileServing(t *testing.T) {
	t.Parallel()
	table := ratelimit.NewTable(nil)
	b := setup(t, func(_ *app.Config, c *api.Config) {
		c.Limiter = ratelimit.NewLimiter(table, nil, c.Clock, slog.New(slog.DiscardHandler))
	})
	v := b.user("ann")
	v.call("GET", "/api/watchlist", nil).want(200)
	if err := table.Override(auth.RateLimits{"dashboard": "1/minute"}); err != nil {
		t.Fatal(err)
	}
	v.call("GET", "/api/watchlist", nil).problem(429)
	if err := table.Override(nil); err != nil {
		t.Fatal(err)
	}
	v.call("GET", "/api/watchlist", nil).want(200)
}

// Two replicas on one Redis count together; without it nobody signs in, and who is in goes on.
func TestReplicasCountTogether(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	shared := func(_ *app.Config, c *api.Config) {
		redis, err := ratelimit.OpenRedis(secret.NewText("redis://" + server.Addr() + "?dial_timeout=30s&read_timeout=30s&write_timeout=30s&pool_timeout=30s"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = redis.Close() })
		c.Limiter = ratelimit.NewLimiter(ratelimit.NewTable(nil), redis, c.Clock, slog.New(slog.DiscardHandler))
	}
	one, two := setup(t, shared), setup(t, shared)
	v := one.user("ann")
	guess := map[string]any{"username": "nobody", "password": "a wrong guess"}
	lookedAt := 0
	for range 10 {
		for _, replica := range []*bench{one, two} {
			if replica.visitor().call("POST", "/api/auth/login", guess).status == http.StatusUnauthorized {
				lookedAt++
			}
		}
	}
	if lookedAt > 9 { // and ann's own sign-in
		t.Errorf("two replicas looked at %d guesses", lookedAt)
	}
	server.Close()
	refused := one.visitor().call("POST", "/api/auth/login", guess)
	refused.problem(503)
	if refused.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	v.call("GET", "/api/watchlist", nil).want(200)
	v.call("POST", "/api/auth/logout", nil).want(200)
}
