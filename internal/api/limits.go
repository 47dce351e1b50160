package api

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
)

// budget names a group of requests that share a limit.
type budget = ratelimit.Group

// The budgets of routes. With an API token every request is also paid from the token's own budget.
const (
	signInBudget   = ratelimit.Auth
	registerBudget = ratelimit.Register
	userBudget     = ratelimit.Dashboard
	adminBudget    = ratelimit.Admin
	accountBudget  = ratelimit.Accounts
	watchBudget    = ratelimit.Watchlist

	// noBudget is not counted: a proxy asks for the server's health from the address of everybody.
	noBudget budget = "none"
)

// spend takes one request from the budget, or from the API token's, and reports whether there was
// one left. A budget that is narrower than the page's is asked besides the token's.
func (s *server) spend(w http.ResponseWriter, r *http.Request, name budget) error {
	token := principalOf(r.Context()).Token
	if name == noBudget {
		return nil
	}
	if token == nil {
		return s.spendFrom(w, r, name, nil)
	}
	if err := s.spendFrom(w, r, ratelimit.API, token.Rates); err != nil || name == userBudget {
		return err
	}
	return s.spendFrom(w, r, name, nil)
}

// spendFrom takes one request from the budget; own replaces its limits unless it is empty.
func (s *server) spendFrom(w http.ResponseWriter, r *http.Request, name budget, own auth.Rates) error {
	result, err := s.Limiter.Spend(r.Context(), name, limitKey(r, name), own)
	if err != nil {
		return err
	}
	describeLimits(w.Header(), name, result)
	if result.Allowed {
		return nil
	}
	s.Throttled(name)
	return fault.Later(result.RetryAfter, "Too many requests. Try again in %d seconds.", wholeSeconds(result.RetryAfter))
}

// describeLimits sets the RateLimit headers of draft-ietf-httpapi-ratelimit-headers-10.
func describeLimits(header http.Header, name budget, result ratelimit.Result) {
	policies, states := make([]string, len(result.Windows)), make([]string, len(result.Windows))
	for i, window := range result.Windows {
		policy := string(name)
		if len(result.Windows) > 1 {
			policy += "-" + strconv.Itoa(int(window.Window.Seconds()))
		}
		policies[i] = fmt.Sprintf("%q;q=%d;w=%d", policy, window.Count, int(window.Window.Seconds()))
		states[i] = fmt.Sprintf("%q;r=%d;t=%d", policy, window.Remaining, wholeSeconds(window.Reset))
	}
	header.Set("RateLimit-Policy", strings.Join(policies, ", "))
	header.Set("RateLimit", strings.Join(states, ", "))
}

// limitKey says whose request it is: sign-in and registration count by address, the rest by who
// is signed in, if anybody is.
func limitKey(r *http.Request, name budget) string {
	principal := principalOf(r.Context())
	switch {
	case principal.UserID == "" || name == signInBudget || name == registerBudget:
		return "address " + auth.AddressBlock(principal.Address)
	case name == ratelimit.API:
		return "token " + principal.Token.ID
	default:
		return "user " + principal.UserID
	}
}

func wholeSeconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }
