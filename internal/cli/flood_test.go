package cli_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The demonstration's market runs 60 times as fast as the clock.
const marketSecond = time.Minute

// A flood of sign-ins, each of which costs a password hash, does not keep trading waiting: cycles
// start within two seconds of their slots. It runs beside no other test of this package, because
// it measures time.
func TestAFloodOfSignInsDoesNotDelayTrading(t *testing.T) {
	sh := newShell(t, "DATABASE_URL=sqlite:///flood.db", "RATE_LIMIT_AUTH=1000000/minute")
	v := visit(t, sh.serve(t, "dashboard-secure", "--demo", "--port", "0"))
	v.must("POST", "/api/auth/register", map[string]string{"username": "owner", "email": "o@example.org", "password": "a calm desk, no casino"}, nil)
	v.must("POST", "/api/auth/login", map[string]string{"username": "owner", "password": "a calm desk, no casino"}, nil)
	v.until("trading goes on", func() bool { return len(v.cycleDelays(t)) > 0 })

	ctx, stop := context.WithCancel(t.Context())
	var flood sync.WaitGroup
	var sent, hashed atomic.Int64
	for i := range 40 {
		flood.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				sent.Add(1)
				if status := guess(ctx, v.address, fmt.Sprintf("stranger%d.%d", i, n)); status == http.StatusUnauthorized {
					hashed.Add(1)
				}
			}
		})
	}
	before := len(v.cycleDelays(t))
	v.until("two cycles began in the flood", func() bool { return len(v.cycleDelays(t)) >= before+2 })
	stop()
	flood.Wait()
	for slot, delay := range v.cycleDelays(t) {
		if delay > 2*time.Second {
			t.Errorf("the cycle of %s began %v late", slot, delay)
		}
	}
	if hashed.Load() < 5 {
		t.Errorf("of %d sign-ins only %d were looked at: this is no flood", sent.Load(), hashed.Load())
	}
	t.Logf("%d sign-ins, %d hashed; delays %v", sent.Load(), hashed.Load(), v.cycleDelays(t))
}

// guess tries to sign in and returns the status, 0 when the server did not answer.
func guess(ctx context.Context, address, name string) int {
	body := strings.NewReader(fmt.Sprintf(`{"username":%q,"password":"a wrong guess"}`, name))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/api/auth/login", body)
	if err != nil {
		return 0
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// cycleDelays returns, by slot, how long after its slot each cycle that is done began.
func (v *visitor) cycleDelays(t *testing.T) map[string]time.Duration {
	t.Helper()
	var cycles []struct {
		Slot       time.Time  `json:"slot"`
		MarketTime *time.Time `json:"market_time"`
		Outcome    string     `json:"outcome"`
	}
	v.must("GET", "/api/cycles?limit=100", nil, &cycles)
	delays := map[string]time.Duration{}
	for _, cycle := range cycles {
		if cycle.MarketTime != nil && cycle.Outcome == "done" {
			delays[cycle.Slot.Format(time.TimeOnly)] = cycle.MarketTime.Sub(cycle.Slot) * time.Second / marketSecond
		}
	}
	return delays
}
