// Package api serves the JSON interface, its live stream and its OpenAPI description. The routes
// stand in one table with their permission and their rate limit; errors become answers in one place.
package api

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/clock"
)

// Config is what the interface is made of. Everything is required unless said otherwise.
type Config struct {
	App      *app.App
	Sessions scs.CtxStore // sees only hashed tokens
	Pages    http.Handler // the web application: every path outside /api
	Clock    clock.Clock
	Logger   *slog.Logger
	Version  string

	Secure       bool // pages are reached by TLS: __Host- cookie, HSTS
	LoopbackOnly bool // bound to a loopback address: other host names are refused (DNS rebinding)

	Limits    Limits        // zero fields: the defaults
	Heartbeat time.Duration // longest silence on a live stream; zero: 15 s
	Recheck   time.Duration // how often a live stream's session is checked; zero: 3 s
}

// Limits are the request budgets by group.
type Limits struct {
	SignInPerMinute int // by address; zero: 10
	RegisterPerHour int // by address; zero: 5
	UserPerMinute   int // by user, or by address when nobody is signed in; zero: 600
	StreamsPerUser  int // open live streams; zero: 20
}
