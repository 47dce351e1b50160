package cli_test

import (
	"testing"
	"time"
)

// The demonstration's market runs 60 times as fast as the clock.
const marketSecond = time.Minute

// beginOnTime floods a server in whose market time passes, until that many more cycles have begun
// within two seconds of their slots. On a machine that is busy with other things too, more are waited
// for, until most of them are punctual; a flood that trading waits for makes none so.
func beginOnTime(t *testing.T, cycles int) {
	t.Helper()
	sh := newShell(t, "RATE_LIMIT_AUTH=1000000/minute")
	v := visit(t, sh.serve(t, "dashboard-secure", "--demo", "--port", "0"))
	v.must("POST", "/api/auth/register", map[string]string{"username": "owner", "email": "o@example.org", "password": aPassword}, nil)
	v.must("POST", "/api/auth/login", map[string]string{"username": "owner", "password": aPassword}, nil)
	v.until("trading goes on", func() bool { return len(v.cycleDelays(t)) > 0 })
	hashed, held, end := flood(t, v.address)
	defer end()
	v.until("the flood has come", func() bool { return hashed.Load() >= 5 && held.Load() >= 100 })
	before := v.cycleDelays(t)
	v.until("most cycles begin within two seconds of their slots", func() bool {
		punctual, late := 0, 0
		for slot, delay := range v.cycleDelays(t) {
			_, earlier := before[slot]
			switch {
			case earlier:
			case delay > 2*time.Second:
				late++
			default:
				punctual++
			}
		}
		return punctual >= cycles && punctual > late
	})
	t.Logf("%d sign-ins were looked at, %d slow clients held on; delays %v", hashed.Load(), held.Load(), v.cycleDelays(t))
}

// cycleDelays returns, by slot, how long after its slot each cycle that is done began.
func (v *visitor) cycleDelays(t *testing.T) map[time.Time]time.Duration {
	t.Helper()
	var cycles []struct {
		Slot       time.Time  `json:"slot"`
		MarketTime *time.Time `json:"market_time"`
		Outcome    string     `json:"outcome"`
	}
	v.must("GET", "/api/cycles?limit=100", nil, &cycles)
	delays := map[time.Time]time.Duration{}
	for _, cycle := range cycles {
		if cycle.MarketTime != nil && cycle.Outcome == "done" {
			delays[cycle.Slot] = cycle.MarketTime.Sub(cycle.Slot) * time.Second / marketSecond
		}
	}
	return delays
}
