// Package ratelimit counts requests by group and by who sends them, in this process or in a Redis
// that replicas share. It knows nothing of HTTP.
package ratelimit

import (
	"context"
	"log/slog"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Group names requests that are limited alike.
type Group string

// The groups.
const (
	Auth      Group = "auth"      // sign-in and second factor, by address
	Register  Group = "register"  // what tells that a name or an address is in use, by address
	API       Group = "api"       // API tokens, by token
	Admin     Group = "admin"     // an administrator's changes, by user
	Dashboard Group = "dashboard" // a signed-in browser, by user; by address while nobody is signed in
	Accounts  Group = "accounts"  // new brokerage accounts, by user
	Watchlist Group = "watchlist" // new symbols on a watchlist, by user
)

// closed are the groups that guard what an attacker wants to try often: when the shared counter
// does not answer, their requests are refused instead of counted by each replica on its own.
var closed = map[Group]bool{Auth: true, Register: true}

// Result says how a request stands against its limits.
type Result struct {
	Allowed    bool
	RetryAfter time.Duration // zero when allowed
	Windows    []Window      // one for each rate, in the order of the rates
}

// Window is one rate's state after the request.
type Window struct {
	auth.Rate
	Remaining int           // requests that could follow at once
	Reset     time.Duration // until the whole count is there again
}

// Counter counts requests by key with the generic cell rate algorithm: a key may use a rate's
// whole count at once, and gets it back evenly over the window.
type Counter interface {
	// Take spends one request of key in all rates, or in none when one of them has nothing left.
	Take(ctx context.Context, key string, rates auth.Rates) (Result, error)
}

// Limiter counts requests under the limits of a table. It is safe for concurrent use.
type Limiter struct {
	*Table
	shared Counter // nil: this process counts alone
	own    *Memory
	rest   *breaker
	log    *slog.Logger
}

// NewLimiter returns a limiter that counts in shared, or in this process when shared is nil.
func NewLimiter(table *Table, shared Counter, c clock.Clock, log *slog.Logger) *Limiter {
	return &Limiter{table, shared, NewMemory(c), &breaker{clock: c}, log}
}

// Spend takes one request from the group's limits, which own replaces unless it is empty. While a
// shared counter does not answer, this process counts alone, and sign-in and registration are
// refused with a fault of kind Unavailable.
func (l *Limiter) Spend(ctx context.Context, group Group, key string, own auth.Rates) (Result, error) {
	rates := own
	if len(rates) == 0 {
		rates = l.Rates(group)
	}
	name := string(group) + " " + key
	if l.shared == nil {
		return l.own.Take(ctx, name, rates)
	}
	if l.rest.open() {
		result, err := l.shared.Take(ctx, name, rates)
		if err == nil || ctx.Err() != nil {
			return result, err
		}
		l.rest.trip()
		l.log.WarnContext(ctx, "the shared rate limits do not answer", "cause", err)
	}
	if closed[group] {
		return Result{}, fault.New(fault.Unavailable, "This cannot be done just now, because attempts cannot be counted. Try again shortly.")
	}
	return l.own.Take(ctx, name, rates)
}
