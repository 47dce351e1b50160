package daemon

import (
	"context"
	"io"
	"log/slog"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
)

// newLimiter counts requests where RATE_LIMIT_STORAGE says. A Redis that does not answer is said
// once and does not keep the server from starting: pages work without it, sign-in waits for it.
func newLimiter(ctx context.Context, cfg config.Config, log *slog.Logger) (*ratelimit.Limiter, io.Closer, error) {
	table := ratelimit.NewTable(ratelimit.Limits{
		ratelimit.Auth: cfg.RateLimits.Auth, ratelimit.Register: cfg.RateLimits.Register, ratelimit.API: cfg.RateLimits.API,
		ratelimit.Admin: cfg.RateLimits.Admin, ratelimit.Dashboard: cfg.RateLimits.Dashboard,
	})
	if cfg.RateStorage.IsEmpty() {
		return ratelimit.NewLimiter(table, nil, clock.System(), log), io.NopCloser(nil), nil
	}
	shared, err := ratelimit.OpenRedis(cfg.RateStorage)
	if err != nil {
		return nil, nil, err
	}
	if err := shared.Ping(ctx); err != nil {
		log.Warn("Redis of RATE_LIMIT_STORAGE does not answer; nobody can sign in until it does", "cause", err)
	}
	return ratelimit.NewLimiter(table, shared, clock.System(), log), shared, nil
}
