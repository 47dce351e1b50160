package api_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
)

// TestReadyzSaysWhyNot: 503 with sentences while there are reasons, 200 when they are gone; the
// process itself is alive throughout.
func TestReadyzSaysWhyNot(t *testing.T) {
	t.Parallel()
	var opened atomic.Bool
	b := setup(t, func(_ *app.Config, config *api.Config) {
		config.Unready = func(context.Context) []string {
			if opened.Load() {
				return nil
			}
			return []string{"The database does not answer."}
		}
	})
	v := b.visitor()
	var view struct {
		Status  string
		Reasons []string
	}
	closed := v.call("GET", "/readyz", nil).want(503)
	if err := json.Unmarshal([]byte(closed.text), &view); err != nil || view.Status != "not ready" || !slices.Equal(view.Reasons, []string{"The database does not answer."}) {
		t.Errorf("%v: %s", err, closed.text)
	}
	v.call("GET", "/livez", nil).want(200)
	opened.Store(true)
	if text := v.call("GET", "/readyz", nil).want(200).text; !strings.Contains(text, `"reasons":[]`) {
		t.Error(text)
	}
}

// TestProbesAreNotCounted: a proxy asks often, by its own address and by the machine's, and takes no
// requests away from those behind it.
func TestProbesAreNotCounted(t *testing.T) {
	t.Parallel()
	b := setup(t, func(useCases *app.Config, config *api.Config) {
		config.Limiter = limits(useCases.Clock, ratelimit.Limits{ratelimit.Dashboard: perMinute(3)})
		config.LoopbackOnly = true
	})
	v := b.visitor()
	for _, path := range []string{"/health", "/livez", "/readyz"} {
		for range 10 {
			v.call("GET", path, nil, "Host", "10.0.0.7:5000").want(200)
		}
	}
	for range 3 {
		v.call("GET", "/api/session", nil).want(200)
	}
	v.call("GET", "/api/session", nil).want(429)
}

// TestServedRequestsAreNamedByRoute: whoever counts requests hears of patterns, never of what was
// asked for.
func TestServedRequestsAreNamedByRoute(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var served []api.Served
	var throttled []ratelimit.Group
	b := setup(t, func(useCases *app.Config, config *api.Config) {
		config.Limiter = limits(useCases.Clock, ratelimit.Limits{ratelimit.Auth: perMinute(1)})
		config.Observe = func(one api.Served) {
			mu.Lock()
			defer mu.Unlock()
			served = append(served, one)
		}
		config.Throttled = func(group ratelimit.Group) { throttled = append(throttled, group) }
	})
	v := b.visitor()
	v.call("DELETE", "/api/watchlist/PLANTED", nil).want(401)
	v.call("POST", "/api/auth/login", `{"username":"x","password":"y"}`).want(401)
	v.call("POST", "/api/auth/login", `{"username":"x","password":"y"}`).want(429)
	v.call("PUT", "/livez", nil).want(405)
	v.call("GET", "/positions/PLANTED", nil).want(200)
	v.call("POST", "/api/auth/login", `{}`, "Origin", "https://evil.example").want(403)
	want := []api.Served{
		{Route: "DELETE /api/watchlist/{symbol}", Status: 401}, {Route: "POST /api/auth/login", Status: 401},
		{Route: "POST /api/auth/login", Status: 429}, {Route: "/livez", Status: 405}, {Route: "/", Status: 200}, {Status: 403},
	}
	b.server.Close() // every request has been told of
	if !slices.Equal(served, want) {
		t.Errorf("%+v", served)
	}
	if !slices.Equal(throttled, []ratelimit.Group{ratelimit.Auth}) {
		t.Errorf("throttled: %v", throttled)
	}
}
