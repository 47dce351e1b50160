package survival_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
)

// exchange is a simulator behind a door that counts the program's requests.
type exchange struct {
	simulator *sim.Simulator
	address   string // the program's door
	own       string // the test's, which is not counted

	mu      sync.Mutex
	now     time.Time
	waiting int           // requests until arrived is closed
	arrived chan struct{} // nil: nobody waits
}

// opening is a Monday on which the synthetic market is open from 13:30 to 20:00 UTC.
var opening = time.Date(2026, 9, 14, 14, 0, 0, 0, time.UTC)

func newExchange(t *testing.T, seed uint64) *exchange {
	t.Helper()
	simulator, err := sim.New(sim.Config{Market: sim.NewSynthetic(seed), Now: opening})
	if err != nil {
		t.Fatal(err)
	}
	e := &exchange{simulator: simulator, now: opening}
	handler := spectest.Checked(t, simulator.Handler())
	counted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.count()
		handler.ServeHTTP(w, r)
	}))
	own := httptest.NewServer(handler)
	t.Cleanup(own.Close)
	t.Cleanup(func() {
		counted.CloseClientConnections() // streams would stay open
		counted.Close()
	})
	e.address, e.own = counted.URL, own.URL
	return e
}

func (e *exchange) count() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waiting--; e.waiting == 0 && e.arrived != nil {
		close(e.arrived)
	}
}

// request returns what is closed when so many more requests of the program have arrived.
func (e *exchange) request(count int) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting, e.arrived = count, make(chan struct{})
	return e.arrived
}

// advance moves the market's time.
func (e *exchange) advance(t *testing.T, by time.Duration) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = e.now.Add(by)
	if err := e.simulator.Advance(e.now); err != nil {
		t.Error(err)
	}
}

// nextSlot moves the market just past the next five minutes, and past the night.
func (e *exchange) nextSlot(t *testing.T) {
	t.Helper()
	e.mu.Lock()
	next := e.now.Truncate(5 * time.Minute).Add(5*time.Minute + 10*time.Second)
	if next.Hour() >= 19 {
		next = next.Truncate(24 * time.Hour).Add(38 * time.Hour)
	}
	for next.Weekday() == time.Saturday || next.Weekday() == time.Sunday {
		next = next.AddDate(0, 0, 1)
	}
	by := next.Sub(e.now)
	e.mu.Unlock()
	e.advance(t, by)
}

// moving lets the market run, at most five minutes, until the returned function is called.
func (e *exchange) moving(t *testing.T) (stop func()) {
	t.Helper()
	ended, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for range 43 {
			select {
			case <-ended:
				return
			case <-time.After(25 * time.Millisecond):
				e.advance(t, 7*time.Second)
			}
		}
	}()
	return func() {
		close(ended)
		<-stopped
	}
}

// call asks the simulator as the owner of the key and reads the answer, which may be nil.
func (e *exchange) call(t *testing.T, key, method, path string, body, answer any) {
	t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, e.own+path, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("APCA-API-KEY-ID", key)
	request.Header.Set("APCA-API-SECRET-KEY", "hush")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, path, response.Status)
	}
	if answer == nil {
		return
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		t.Fatal(err)
	}
}

// faults are what goes wrong in a run; many at once.
var faults = []map[string]any{
	{"kind": "rate_limit", "method": "POST", "path": "/v2/orders"},
	{"kind": "rate_limit", "path": "/v2/"},
	{"kind": "server_error", "method": "POST", "path": "/v2/orders"},
	{"kind": "server_error", "method": "POST", "path": "/v2/orders", "after": true},
	{"kind": "server_error", "path": "/v2/positions"},
	{"kind": "timeout", "method": "POST", "path": "/v2/orders"},
	{"kind": "timeout", "method": "POST", "path": "/v2/orders", "after": true, "times": 2},
	{"kind": "timeout", "method": "DELETE", "path": "/v2/orders", "after": true},
	{"kind": "drop", "method": "POST", "path": "/v2/orders", "times": 2},
	{"kind": "drop", "method": "GET", "path": "/v2/orders"},
	{"kind": "malformed", "method": "POST", "path": "/v2/orders"},
	{"kind": "malformed", "path": "/v2/account"},
	{"kind": "latency", "method": "POST", "path": "/v2/orders", "delay": "150ms", "times": 3},
	{"kind": "socket_drop"}, {"kind": "socket_half_open"},
	{"kind": "event_duplicate", "times": 5}, {"kind": "event_late", "delay": "40ms", "times": 5}, {"kind": "event_reorder", "times": 5},
	{"kind": "partial_cancel", "symbol": "AAPL", "fraction": 0.4}, {"kind": "partial_cancel", "symbol": "MSFT", "fraction": 0.5},
	{"kind": "partial_cancel", "symbol": "JPM", "fraction": 0.3},
}

// trouble arms up to four faults, and says which.
func (e *exchange) trouble(t *testing.T, random *rand.Rand) []string {
	t.Helper()
	var kinds []string
	for _, i := range random.Perm(len(faults))[:random.IntN(5)] {
		fault := map[string]any{"skip": random.IntN(3)}
		for name, value := range faults[i] {
			fault[name] = value
		}
		e.call(t, "test", http.MethodPost, "/_simulator/faults", fault, nil)
		kinds = append(kinds, fault["kind"].(string))
	}
	return kinds
}

func (e *exchange) calm(t *testing.T) {
	t.Helper()
	e.call(t, "test", http.MethodDelete, "/_simulator/faults", nil, nil)
}
