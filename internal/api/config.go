// Package api serves the JSON interface, its live stream and its OpenAPI description. The routes
// stand in one table with their permission and their rate limit; errors become answers in one place.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
)

// Config is what the interface is made of. Everything is required unless said otherwise.
type Config struct {
	App      *app.App
	Sessions scs.CtxStore // sees only hashed tokens
	Pages    http.Handler // the web application: every path outside /api
	Clock    clock.Clock
	Logger   *slog.Logger
	Version  string

	// Unready returns why the server should get no requests now, one sentence a reason; nil: never any.
	Unready func(context.Context) []string
	// Observe is told of every request when it has been answered, and Throttled of each that its
	// budget did not cover; nil: nobody is.
	Observe   func(Served)
	Throttled func(ratelimit.Group)

	// Local is the one user of a single-user dashboard, whom everybody is who reaches it; nil: users sign in.
	Local *auth.User

	Secure       bool   // pages are reached by TLS: __Host- cookie, HSTS
	PublicURL    string // origin under which browsers reach the pages; empty: the host that they name
	LoopbackOnly bool   // bound to a loopback address: other host names are refused (DNS rebinding)

	// TrustedProxies are the networks whose forwarding headers count; none: the TCP peer is the client.
	TrustedProxies []netip.Prefix

	Limiter        *ratelimit.Limiter // nil: the default limits, counted in this process
	StreamsPerUser int                // open live streams; zero: 20
	Heartbeat      time.Duration      // longest silence on a live stream; zero: 15 s
	Recheck        time.Duration      // how often a live stream's session is checked; zero: 800 ms, so that none outlives its end by a second
	BodyTimeout    time.Duration      // how long a request body may take; zero: 15 s
}

func (c Config) withDefaults() Config {
	if c.Limiter == nil {
		c.Limiter = ratelimit.NewLimiter(ratelimit.NewTable(nil), nil, c.Clock, c.Logger)
	}
	if c.Observe == nil {
		c.Observe = func(Served) {}
	}
	if c.Throttled == nil {
		c.Throttled = func(ratelimit.Group) {}
	}
	if c.StreamsPerUser <= 0 {
		c.StreamsPerUser = 20
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&c.Heartbeat, 15 * time.Second}, {&c.Recheck, 800 * time.Millisecond}, {&c.BodyTimeout, bodyTimeout}} {
		if *d.value <= 0 {
			*d.value = d.standard
		}
	}
	return c
}
