package cli_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// Two processes on one PostgreSQL are one server to those who sign in and to those who guess.
func TestTwoProcessesShareThrottlesAndSessions(t *testing.T) {
	t.Parallel()
	sh := newShell(t, "DATABASE_URL="+storetest.Postgres(t).Reveal(), "RATE_LIMIT_AUTH=1000/minute")
	here := visit(t, sh.serve(t, "dashboard-secure", "--no-scheduler", "--port", "0"))
	there := &visitor{t, here.client, sh.serve(t, "dashboard-secure", "--no-scheduler", "--port", "0")} // the same browser
	owner := map[string]string{"username": "owner", "email": "o@example.org", "password": "a calm desk, no casino"}
	here.must("POST", "/api/auth/register", owner, nil)

	here.must("POST", "/api/auth/login", map[string]string{"username": "owner", "password": owner["password"]}, nil)
	there.must("GET", "/api/watchlist", nil, nil)
	here.must("POST", "/api/auth/logout", nil, nil)
	there.until("the session is over here too", func() bool {
		return there.call("GET", "/api/watchlist", nil, nil) == http.StatusUnauthorized
	})

	stranger, elsewhere := visit(t, here.address), visit(t, there.address)
	guess := map[string]string{"username": "owner", "password": "a wrong guess"}
	for range 5 { // are free
		if status := stranger.call("POST", "/api/auth/login", guess, nil); status != http.StatusUnauthorized {
			t.Fatalf("a first guess: status %d", status)
		}
	}
	var statuses []int // each further one has to wait twice as long, so that no machine is slow enough for five
	for range 5 {
		statuses = append(statuses, elsewhere.call("POST", "/api/auth/login", guess, nil))
	}
	if !slices.Contains(statuses, http.StatusTooManyRequests) {
		t.Errorf("five more guesses at the other server: %v", statuses)
	}
}
