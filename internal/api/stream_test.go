package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// live makes the stream's own times short; they run on the machine's clock.
func live(forApp *app.Config, forAPI *api.Config) {
	forApp.Clock, forAPI.Clock = clock.System(), clock.System()
	forAPI.Heartbeat, forAPI.Recheck = 200*time.Millisecond, 50*time.Millisecond
}

// listener is an open stream.
type listener struct {
	t      *testing.T
	lines  chan string // closed when the stream ends
	cancel context.CancelFunc
}

func (v *visitor) listen() *listener {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), time.Minute)
	request, err := http.NewRequestWithContext(ctx, "GET", v.url+"/api/stream", nil)
	if err != nil {
		v.t.Fatal(err)
	}
	patient := *v.client
	patient.Timeout = 0 // it would end the stream by itself
	response, err := patient.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
		v.t.Fatalf("stream: %d %v", response.StatusCode, response.Header)
	}
	l := &listener{t: v.t, lines: make(chan string, 4096), cancel: cancel}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(l.lines)
		defer response.Body.Close()
		for scanner := bufio.NewScanner(response.Body); scanner.Scan(); {
			select {
			case l.lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	v.t.Cleanup(func() { cancel(); <-done })
	return l
}

// next returns the next event of the name whose data contains text.
func (l *listener) next(name, text string) string {
	l.t.Helper()
	var seen []string
	current := ""
	for line := range l.lines {
		if event, ok := strings.CutPrefix(line, "event: "); ok {
			current = event
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		if !json.Valid([]byte(data)) {
			l.t.Fatalf("event %s carries no JSON: %s", current, data)
		}
		if current == name && strings.Contains(data, text) {
			return data
		}
		seen = append(seen, current+" "+data)
	}
	l.t.Fatalf("the stream ended without an event %q with %q; it had:\n%s", name, text, strings.Join(seen, "\n"))
	return ""
}

// soon is how long a test waits for what must happen, on a machine that may be busy.
const soon = 30 * time.Second

// end waits until the server ends the stream.
func (l *listener) end() {
	l.t.Helper()
	timer := time.NewTimer(soon)
	defer timer.Stop()
	for {
		select {
		case _, open := <-l.lines:
			if !open {
				return
			}
		case <-timer.C:
			l.t.Fatalf("the stream is still open after %v", soon)
		}
	}
}

func TestALivePageSeesEverythingOnceAndThenWhatChanges(t *testing.T) {
	t.Parallel()
	b := setup(t, live)
	v := b.withAccount("ann")
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).want(201)
	recorded := b.recordCycle("ann")
	page := v.listen()
	if data := page.next("status", ""); !strings.Contains(data, `"market_open":true`) {
		t.Errorf("status: %s", data)
	}
	if data := page.next("account", ""); data != strings.TrimSpace(v.call("GET", "/api/account", nil).text) {
		t.Errorf("the stream's account is %s", data)
	}
	page.next("positions", "[]")
	page.next("orders", "[]")
	page.next("signals", `"symbol":"AAPL"`)
	page.next("cycle", recorded.ID)

	b.broker.set(func(f *fakeBroker) { f.account.Equity = dollars("101000") })
	page.next("account", `"equity":101000`)
	b.broker.set(func(f *fakeBroker) {
		f.positions = []trade.Position{{Symbol: "AAPL", Qty: dollars("2")}}
	})
	page.next("positions", `"symbol":"AAPL","side":"long","qty":2`)
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "MSFT"}).want(201)
	page.next("signals", `"symbol":"MSFT"`)

	cycle := trade.Cycle{ID: "run-2", AccountID: recorded.AccountID, UserID: recorded.UserID, Outcome: trade.CycleDone}
	b.bus.Publish(recorded.UserID, event.Event{Kind: event.Cycle, Data: trade.Cycle{ID: "elsewhere", AccountID: "another", UserID: recorded.UserID}})
	b.bus.Publish(recorded.UserID, event.Event{Kind: event.Cycle, Data: cycle})
	if data := page.next("cycle", ""); !strings.Contains(data, `"id":"run-2"`) {
		t.Errorf("cycle: %s", data)
	}
	second := v.listen()
	second.next("cycle", "run-2")
	b.broker.set(func(f *fakeBroker) { f.err = fault.New(fault.BrokerDown, "Alpaca could not be reached.") })
	page.next("problem", `{"error":"Alpaca could not be reached."}`)
	second.next("problem", `{"error":"Alpaca could not be reached."}`)
	b.broker.set(func(f *fakeBroker) { f.err = nil })
	b.app.Poke(recorded.UserID)
	page.next("problem", `{"error":""}`)
}

func TestALivePageFollowsTheActiveAccount(t *testing.T) {
	t.Parallel()
	b := setup(t, live)
	v := b.user("ann")
	page := v.listen()
	page.next("status", `"market_time":null`)
	v.call("POST", "/api/accounts", map[string]any{"name": "first", "api_key": "PK", "secret_key": "s"}).want(201)
	page.next("account", `"name":"first"`)
	v.call("POST", "/api/accounts", map[string]any{"name": "second", "api_key": "PK", "secret_key": "s"}).want(201)
	v.call("POST", "/api/accounts/second/activate", nil).want(200)
	page.next("account", `"name":"second"`)
	v.call("PUT", "/api/accounts/second", map[string]any{"automated": true}).want(200)
	page.next("status", `"automation":true`)
}

func TestAQuietStreamBeats(t *testing.T) {
	t.Parallel()
	b := setup(t, live, func(c *app.Config, _ *api.Config) { c.LiveInterval = time.Hour })
	page := b.user("ann").listen()
	beats := 0
	for line := range page.lines {
		if strings.HasPrefix(line, ":") {
			if beats++; beats == 3 {
				return
			}
		}
	}
	t.Fatal("the stream ended")
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	staff := &firing{fired: map[string]bool{}}
	b := setup(t, live, func(c *app.Config, _ *api.Config) { staff.Store = c.Store; c.Store = staff })
	ann, bob := b.withAccount("ann"), b.withAccount("bob")
	signedOut, fired := ann.listen(), bob.listen()
	signedOut.next("account", "")
	fired.next("account", "")
	ann.call("POST", "/api/auth/logout", nil).want(200)
	signedOut.end()
	staff.set(func() { staff.fired["bob"] = true })
	fired.end()
	eventually(t, "nobody is watched any more", func() bool { return b.app.Watching() == 0 })
}

// TestAnOpenLivePageKeepsItsSession: it counts as activity for as long as it is open, and no longer.
func TestAnOpenLivePageKeepsItsSession(t *testing.T) {
	t.Parallel()
	b := setup(t, func(_ *app.Config, c *api.Config) { c.Recheck, c.Heartbeat = 10*time.Millisecond, 10*time.Millisecond })
	v := b.user("ann")
	page := v.listen()
	page.next("status", "")
	for range 3 {
		b.clock.Advance(29 * time.Minute)
		eventually(t, "the page counts as activity", func() bool {
			open, err := b.store.ListSessions(t.Context(), b.id("ann"))
			return err == nil && len(open) == 1 && b.clock.Now().Sub(open[0].SeenAt) < time.Minute
		})
	}
	page.cancel()
	eventually(t, "the page is closed", func() bool { return b.bus.Subscribers(b.id("ann")) == 0 })
	b.clock.Advance(29 * time.Minute)
	v.call("GET", "/api/accounts", nil).want(200)
	b.clock.Advance(30 * time.Minute)
	v.call("GET", "/api/accounts", nil).problem(401)
}

// TestTheStreamOfADeadSessionEndsWithinASecond: of the server's clock, as servers are set up.
func TestTheStreamOfADeadSessionEndsWithinASecond(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	page := v.listen()
	page.next("status", "")
	v.call("POST", "/api/auth/logout", nil).want(200)
	b.clock.Advance(time.Second)
	page.end()
}

func TestTheWatcherStopsWithTheLastPage(t *testing.T) {
	t.Parallel()
	b := setup(t, live)
	v := b.withAccount("ann")
	first, second := v.listen(), v.listen()
	first.next("account", "")
	second.next("account", "")
	first.cancel()
	eventually(t, "one page is left", func() bool { return b.bus.Subscribers(b.id("ann")) == 1 })
	if b.app.Watching() != 1 {
		t.Fatal("the watcher stopped under an open page")
	}
	second.cancel()
	eventually(t, "nobody is watched any more", func() bool { return b.app.Watching() == 0 && b.bus.Subscribers(b.id("ann")) == 0 })
}

func TestStreamsAreCountedByUser(t *testing.T) {
	t.Parallel()
	b := setup(t, live, func(_ *app.Config, c *api.Config) { c.StreamsPerUser = 2 })
	v := b.user("ann")
	first := v.listen()
	v.listen()
	v.call("GET", "/api/stream", nil).problem(429)
	b.user("bob").listen().next("status", "")
	first.cancel()
	eventually(t, "a closed page gives its place back", func() bool { return b.bus.Subscribers(b.id("ann")) == 1 })
	v.listen().next("status", "")
}

func TestAStreamOutlivesTheServersDeadlinesAndEndsWithTheServer(t *testing.T) {
	t.Parallel()
	b := setupServer(t, func(server *http.Server) {
		server.ReadTimeout, server.WriteTimeout = time.Second, time.Second
	}, live)
	v := b.withAccount("ann")
	page := v.listen()
	page.next("account", "")
	for beats := 0; beats < 10; { // one each 200 ms
		line, open := <-page.lines
		if !open {
			t.Fatal("the server's deadline ended the stream")
		}
		if strings.HasPrefix(line, ":") {
			beats++
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := b.server.Config.Shutdown(ctx); err != nil {
		t.Fatalf("shut down with an open stream: %v", err)
	}
	page.end()
}

func TestAViewerMayWatchLive(t *testing.T) {
	t.Parallel()
	b := setup(t, live)
	b.user("admin")
	b.viewer("looker").listen().next("status", "")
	b.visitor().call("GET", "/api/stream", nil).problem(401)
}
