package cli_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const somebody, aPassword = "somebody", "a calm desk, no casino"

// stepping starts a simulator whose time stands still, in the middle of a session.
func (s *shell) stepping(t *testing.T) (address string) {
	t.Helper()
	address = s.serve(t, "simulator", "--listen", "127.0.0.1:0", "--data", "synthetic", "--seed", "7", "--now", "2026-11-20T17:00:01Z", "--speed", "step")
	s.environ = append(s.environ, "ALPACA_PAPER_URL="+address, "ALPACA_DATA_URL="+address,
		"ADMIN_USERNAME="+somebody, "ADMIN_EMAIL=s@example.org", "ADMIN_PASSWORD="+aPassword)
	return address
}

// at is a time of the simulator's day.
func at(hour, minute, second int) time.Time {
	return time.Date(2026, 11, 20, hour, minute, second, 0, time.UTC)
}

// signIn is somebody at the server.
func signIn(t *testing.T, address string) *visitor {
	t.Helper()
	v := visit(t, address)
	v.must("POST", "/api/auth/login", map[string]string{"username": somebody, "password": aPassword}, nil)
	return v
}

// byRSI buys about every second symbol of five-minute bars, every five minutes.
var byRSI = map[string]any{
	"timeframe": "5Min", "signal_min_agree": 1, "schedule_kind": "interval", "schedule_interval_minutes": 5,
	"rsi": map[string]any{"enabled": true, "oversold": 50, "overbought": 99},
	"sma": map[string]any{"enabled": false}, "macd": map[string]any{"enabled": false}, "bollinger": map[string]any{"enabled": false},
	"position_size_pct": 4,
}

// account adds an automated account with symbols of its own; its key at the broker is PK and its name.
func (v *visitor) account(name string, symbols ...string) {
	v.t.Helper()
	v.must("POST", "/api/accounts", map[string]any{"name": name, "api_key": "PK" + strings.ToUpper(name), "secret_key": "hush"}, nil)
	if len(symbols) > 0 {
		v.must("PUT", "/api/accounts/"+name+"/watchlist", map[string]any{"symbols": symbols}, nil)
	}
	v.must("PUT", "/api/accounts/"+name, map[string]any{"automated": true}, nil)
}

// seenCycle is what the tests read of GET /api/cycles.
type seenCycle struct {
	Slot      time.Time
	Outcome   string
	Problem   string
	DryRun    bool `json:"dry_run"`
	Decisions []struct {
		Symbol string
		Votes  []struct{ Indicator string }
		Order  *struct {
			ClientOrderID string `json:"client_order_id"`
			Notional      *float64
		}
	}
}

// cyclesOf are the account's cycles, newest first. The pages show the account from then on.
func (v *visitor) cyclesOf(name string) (cycles []seenCycle) {
	v.t.Helper()
	v.must("POST", "/api/accounts/"+name+"/activate", nil, nil)
	v.must("GET", "/api/cycles?limit=100", nil, &cycles)
	return cycles
}

// ran waits until the newest cycle of the account is that of the slot, and ended.
func (v *visitor) ran(name string, slot time.Time) (cycle seenCycle) {
	v.t.Helper()
	v.until(name+" has run at "+slot.String(), func() bool {
		cycles := v.cyclesOf(name)
		if len(cycles) > 0 {
			cycle = cycles[0]
		}
		return cycle.Slot.Equal(slot) && cycle.Outcome != "running"
	})
	return cycle
}

// asDecided checks by which symbols and indicators a cycle has decided.
func (c seenCycle) asDecided(t *testing.T, what, indicator string, symbols []string) {
	t.Helper()
	var decided []string
	for _, decision := range c.Decisions {
		decided = append(decided, decision.Symbol)
		if len(decision.Votes) != 1 || decision.Votes[0].Indicator != indicator {
			t.Errorf("%s: %s was decided by %+v, want %s alone", what, decision.Symbol, decision.Votes, indicator)
		}
	}
	slices.Sort(decided)
	if c.Outcome != "done" || !slices.Equal(decided, symbols) {
		t.Errorf("%s: %s %q on %v, want %v", what, c.Outcome, c.Problem, decided, symbols)
	}
}

// nextRuns are when the accounts run next.
func (v *visitor) nextRuns() map[string]string {
	v.t.Helper()
	var trading struct {
		Accounts []struct {
			Name    string
			NextRun *string `json:"next_run"`
		}
	}
	v.must("GET", "/api/trading", nil, &trading)
	next := map[string]string{}
	for _, account := range trading.Accounts {
		if account.NextRun != nil {
			next[account.Name] = *account.NextRun
		}
	}
	return next
}

// ordersUnder are the orders that the key has at the broker.
func ordersUnder(t *testing.T, address, key string) (orders []brokerOrder) {
	t.Helper()
	askBroker(t, http.MethodGet, address+"/v2/orders?status=all&limit=500", key, nil, &orders)
	return orders
}

// askBroker asks the simulator as the owner of the key.
func askBroker(t *testing.T, method, address, key string, body, answer any) {
	t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(content))
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
		t.Fatalf("%s %s: %s", method, address, response.Status)
	}
	if answer != nil {
		if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
			t.Fatal(err)
		}
	}
}

// Two automated accounts of one user: one does as the user, the other has strategy, watchlist and
// schedule of its own. Each trades by its own; what the user changes then changes the first alone,
// and a halt of one is no halt of the other.
func TestTwoAutomatedAccountsTradeEachByItsOwn(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	simulator := sh.stepping(t)
	users, owns := []string{"AAPL", "AMZN", "MSFT", "NVDA"}, []string{"GOOGL", "JPM", "SPY", "TSLA"}
	v := signIn(t, sh.serve(t, "dashboard-secure", "--port", "0"))
	v.must("PUT", "/api/settings", byRSI, nil)
	for _, name := range []string{"usual", "own"} {
		v.must("POST", "/api/accounts", map[string]any{"name": name, "api_key": "PK" + strings.ToUpper(name), "secret_key": "hush"}, nil)
	}
	for _, symbol := range users {
		v.must("POST", "/api/watchlist", map[string]string{"symbol": symbol}, nil)
	}
	v.must("PUT", "/api/accounts/own/watchlist", map[string]any{"symbols": owns}, nil)
	v.must("PUT", "/api/accounts/own/strategy", map[string]any{
		"rsi": map[string]any{"enabled": false}, "bollinger": map[string]any{"enabled": true, "period": 2, "std_dev": 0.1},
		"schedule_interval_minutes": 15, "position_size_pct": 2,
	}, nil)
	for _, name := range []string{"usual", "own"} {
		v.must("PUT", "/api/accounts/"+name, map[string]any{"automated": true}, nil)
	}

	v.ran("usual", at(17, 0, 1)).asDecided(t, "the user's", "rsi", users)
	v.ran("own", at(17, 0, 1)).asDecided(t, "its own", "bollinger", owns)
	for minute := 5; minute <= 15; minute += 5 {
		advance(t, simulator, at(17, minute, 10))
		v.ran("usual", at(17, minute, 0)).asDecided(t, "the user's later", "rsi", users)
	}
	v.ran("own", at(17, 15, 0)).asDecided(t, "its own later", "bollinger", owns)
	if ran := v.cyclesOf("own"); len(ran) != 2 {
		t.Errorf("with a slot every 15 minutes %d cycles ran, want 2", len(ran))
	}
	for name, want := range map[string]struct {
		symbols  []string
		notional float64
	}{"usual": {users, 4000}, "own": {owns, 2000}} {
		first := v.cyclesOf(name)
		ordered := 0
		for _, decision := range first[len(first)-1].Decisions {
			if decision.Order != nil && decision.Order.Notional != nil {
				if ordered++; *decision.Order.Notional != want.notional {
					t.Errorf("%s ordered %s for %v, want %v", name, decision.Symbol, *decision.Order.Notional, want.notional)
				}
			}
		}
		orders := ordersUnder(t, simulator, "PK"+strings.ToUpper(name))
		for _, order := range orders {
			if !slices.Contains(want.symbols, order.Symbol) {
				t.Errorf("%s ordered %s", name, order.Symbol)
			}
		}
		if ordered == 0 || len(orders) < ordered {
			t.Errorf("%s: %d orders decided at first, %d at the broker", name, ordered, len(orders))
		}
	}

	before := v.nextRuns()
	v.must("PUT", "/api/settings", map[string]any{
		"rsi": map[string]any{"enabled": false}, "macd": map[string]any{"enabled": true}, "schedule_interval_minutes": 10,
	}, nil)
	v.must("POST", "/api/trading/halt", map[string]any{"account": "own", "reason": "Only this one."}, nil)
	v.until("the user's account has run anew", func() bool { return len(v.cyclesOf("usual")) == 5 })
	if after := v.nextRuns(); after["own"] != before["own"] || after["own"] == "" {
		t.Errorf("the user's schedule moved the other account's next run from %q to %q", before["own"], after["own"])
	}
	advance(t, simulator, at(17, 20, 10))
	v.ran("usual", at(17, 20, 0)).asDecided(t, "the user's new settings", "macd", users)
	advance(t, simulator, at(17, 30, 10))
	if halted := v.ran("own", at(17, 30, 0)); halted.Outcome != "skipped" || !strings.Contains(halted.Problem, "Only this one.") {
		t.Errorf("halted by itself: %s %q", halted.Outcome, halted.Problem)
	}
	v.must("POST", "/api/trading/resume", map[string]any{"account": "own"}, nil)
	advance(t, simulator, at(17, 45, 10))
	v.ran("own", at(17, 45, 0)).asDecided(t, "its own after the user's change", "bollinger", owns)
}
