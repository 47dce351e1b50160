package api

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/memstore"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// budget names a group of requests that share a limit.
type budget string

// The budgets.
const (
	signInBudget   budget = "signin"   // by address
	registerBudget budget = "register" // by address
	userBudget     budget = "user"     // by user; by address while nobody is signed in
)

func (l Limits) withDefaults() Limits {
	for _, limit := range []struct {
		value    *int
		standard int
	}{
		{&l.SignInPerMinute, 10}, {&l.RegisterPerHour, 5}, {&l.UserPerMinute, 600}, {&l.StreamsPerUser, 20},
	} {
		if *limit.value <= 0 {
			*limit.value = limit.standard
		}
	}
	return l
}

// limiter counts one budget's requests by key, with the generic cell rate algorithm.
type limiter struct {
	budget budget
	quota  int
	window time.Duration
	gcra   *throttled.GCRARateLimiterCtx
}

// countedKeys is how many keys a limiter remembers; the least recently seen are forgotten.
const countedKeys = 65536

func (s *server) newLimiters() (map[budget]*limiter, error) {
	limiters := make(map[budget]*limiter)
	for _, l := range []limiter{
		{budget: signInBudget, quota: s.Limits.SignInPerMinute, window: time.Minute},
		{budget: registerBudget, quota: s.Limits.RegisterPerHour, window: time.Hour},
		{budget: userBudget, quota: s.Limits.UserPerMinute, window: time.Minute},
	} {
		memory, err := memstore.New(countedKeys)
		if err != nil {
			return nil, fmt.Errorf("make limiter %s: %w", l.budget, err)
		}
		memory.SetTimeNow(s.Clock.Now)
		quota := throttled.RateQuota{MaxRate: throttled.PerDuration(l.quota, l.window), MaxBurst: l.quota - 1}
		if l.gcra, err = throttled.NewGCRARateLimiterCtx(throttled.WrapStoreWithContext(memory), quota); err != nil {
			return nil, fmt.Errorf("make limiter %s: %w", l.budget, err)
		}
		limiters[l.budget] = &l
	}
	return limiters, nil
}

// spend takes one request from the budget and reports whether there was one left. Answers carry
// the RateLimit headers of draft-ietf-httpapi-ratelimit-headers-10, and Retry-After when refused.
func (s *server) spend(w http.ResponseWriter, r *http.Request, name budget) error {
	limit := s.limiters[name]
	limited, result, err := limit.gcra.RateLimitCtx(r.Context(), s.limitKey(r, name), 1)
	if err != nil {
		return fmt.Errorf("count request: %w", err)
	}
	header := w.Header()
	header.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", name, limit.quota, int(limit.window.Seconds())))
	header.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", name, result.Remaining, wholeSeconds(result.ResetAfter)))
	if !limited {
		return nil
	}
	wait := wholeSeconds(result.RetryAfter)
	header.Set("Retry-After", strconv.Itoa(wait))
	return fault.New(fault.RateLimited, "Too many requests. Try again in %d seconds.", wait)
}

func (s *server) limitKey(r *http.Request, name budget) string {
	principal := principalOf(r.Context())
	if name == userBudget && principal.UserID != "" {
		return "user " + principal.UserID
	}
	return "address " + addressBlock(principal.Address)
}

func wholeSeconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }
