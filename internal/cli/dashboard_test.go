package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// visitor is a browser without pages: cookies, and the headers of a same-origin request.
type visitor struct {
	t       *testing.T
	client  *http.Client
	address string
}

func visit(t *testing.T, address string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, &http.Client{Jar: jar, Timeout: 2 * time.Minute}, address}
}

// call sends body as JSON and reads the answer into answer, which may be nil.
func (v *visitor) call(method, path string, body, answer any) int {
	v.t.Helper()
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			v.t.Fatal(err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(v.t.Context(), method, v.address+path, content)
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := v.client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	if answer != nil && response.StatusCode < 300 {
		if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
			v.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return response.StatusCode
}

func (v *visitor) must(method, path string, body, answer any) {
	v.t.Helper()
	if status := v.call(method, path, body, answer); status >= 300 {
		v.t.Fatalf("%s %s: status %d", method, path, status)
	}
}

// until asks again until the answer satisfies, for so long that a busy machine makes no difference.
func (v *visitor) until(what string, satisfied func() bool) {
	v.t.Helper()
	for deadline := time.Now().Add(4 * time.Minute); !satisfied(); {
		if time.Now().After(deadline) {
			v.t.Fatalf("waited in vain until %s", what)
		}
		pause := time.NewTimer(250 * time.Millisecond)
		select {
		case <-v.t.Context().Done():
		case <-pause.C:
		}
	}
}

type position struct {
	Symbol string  `json:"symbol"`
	Qty    float64 `json:"qty"`
}

type order struct {
	ID            string `json:"id"`
	ClientOrderID string `json:"client_order_id"`
	Symbol        string `json:"symbol"`
	Status        string `json:"status"`
}

// What a newcomer meets who types nothing else, on both databases: a demonstration account that
// trades within a minute, and that is still there after the server was killed.
func TestTheDemonstrationTradesAndSurvivesAKill(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, database storetest.Address) {
		sh := newShell(t, "DATABASE_URL="+database(t).Reveal())
		serving := sh.start(t, "dashboard-secure", "--demo", "--port", "0")
		v := visit(t, serving.address)
		newcomer := map[string]string{"username": "newcomer", "email": "n@example.org", "password": "a calm desk, no casino"}
		v.must("POST", "/api/auth/register", newcomer, nil)
		signIn := map[string]string{"username": "newcomer", "password": newcomer["password"]}
		v.must("POST", "/api/auth/login", signIn, nil)

		var positions []position
		v.must("GET", "/api/positions", nil, &positions)
		if len(positions) == 0 {
			t.Error("the demonstration account holds nothing")
		}
		v.until("an order of ours is filled", func() bool { return len(v.ours("filled")) > 0 })
		serving.kill(t)

		serving = sh.start(t, "dashboard-secure", "--demo", "--port", "0")
		v = visit(t, serving.address)
		v.must("POST", "/api/auth/login", signIn, nil)
		if len(v.ours("filled")) == 0 {
			t.Error("after the kill the account's orders are gone")
		}
		var cycles []struct {
			ID      string `json:"id"`
			Outcome string `json:"outcome"`
			Problem string `json:"problem"`
		}
		v.must("GET", "/api/cycles?limit=1", nil, &cycles)
		last := cycles[0].ID
		v.until("a new cycle is done", func() bool {
			v.must("GET", "/api/cycles?limit=1", nil, &cycles)
			return cycles[0].ID != last && cycles[0].Outcome == "done"
		})
		seen := map[string]bool{}
		for _, o := range v.orders() {
			if seen[o.ClientOrderID] {
				t.Errorf("%s was ordered twice", o.ClientOrderID)
			}
			seen[o.ClientOrderID] = true
		}
	})
}

func (v *visitor) orders() []order {
	var orders []order
	v.must("GET", "/api/orders?status=all", nil, &orders)
	return orders
}

// ours are the orders in the status that the program placed itself.
func (v *visitor) ours(status string) []order {
	var own []order
	for _, o := range v.orders() {
		if o.Status == status && len(o.ClientOrderID) > 4 && o.ClientOrderID[:4] == "at1-" {
			own = append(own, o)
		}
	}
	return own
}
