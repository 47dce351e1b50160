package alpaca_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// soon is how long a test waits for what must happen, by its bubble's time: a machine may be as
// slow as it likes.
const soon = 10 * time.Minute

// exchange is a simulated exchange in the middle of a session, and a client of it. Time passes in
// the test's bubble; the market's moves by advance.
type exchange struct {
	simulator *sim.Simulator
	browser   *http.Client
	client    *alpaca.Client
	now       time.Time
}

// atExchange runs the test in a bubble with an exchange of its own, reached over HTTP in memory.
func atExchange(t *testing.T, test func(*testing.T, *exchange)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, openExchange(t)) })
}

func openExchange(t *testing.T) *exchange {
	t.Helper()
	now := time.Date(2026, time.November, 20, 15, 30, 2, 0, time.UTC)
	simulator, err := sim.New(sim.Config{Market: sim.NewSynthetic(11), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	transport := serve(t, spectest.Checked(t, simulator.Handler()))
	t.Cleanup(func() { _ = simulator.Stop() }) // before the server, which waits for its streams
	return &exchange{simulator, &http.Client{Transport: transport}, clientThrough(t, transport), now}
}

func (e *exchange) advance(t *testing.T, by time.Duration) {
	t.Helper()
	e.now = e.now.Add(by)
	if err := e.simulator.Advance(e.now); err != nil {
		t.Fatal(err)
	}
}

// raise arms a fault over HTTP, as anybody would.
func (e *exchange) raise(t *testing.T, faultJSON string) {
	t.Helper()
	response, err := e.browser.Post(address+"/_simulator/faults", "application/json", strings.NewReader(faultJSON))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("fault %s: HTTP %d", faultJSON, response.StatusCode)
	}
}

// struck is how often the first fault has struck.
func (e *exchange) struck(t *testing.T) int {
	t.Helper()
	response, err := e.browser.Get(address + "/_simulator/faults")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var list []sim.Fault
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil || len(list) == 0 {
		t.Fatalf("faults %v, %v", list, err)
	}
	return list[0].Struck
}

func buy(id, qty string) trade.Intent {
	return trade.Intent{
		ClientOrderID: id, Symbol: "AAPL", Side: trade.SideBuy, Type: trade.MarketOrder,
		TimeInForce: trade.TIFDay, Qty: decimal.NewNullDecimal(decimal.RequireFromString(qty)),
	}
}

// After each fault of a request the client says the right thing, and asking tells whether the
// order is there.
func TestFaultsOfAnOrder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault string
		want  error // nil: taken
		there bool
	}{
		"latency":          {`{"kind":"latency","delay":"100ms","method":"POST"}`, nil, true},
		"longer than we":   {`{"kind":"latency","delay":"1m","method":"POST"}`, trade.ErrUnknownOutcome, false},
		"429":              {`{"kind":"rate_limit","method":"POST","path":"/v2/orders"}`, trade.ErrNotAccepted, false},
		"500":              {`{"kind":"server_error","method":"POST"}`, trade.ErrUnknownOutcome, false},
		"504 before":       {`{"kind":"timeout","method":"POST"}`, trade.ErrUnknownOutcome, false},
		"504 after":        {`{"kind":"timeout","method":"POST","after":true}`, trade.ErrUnknownOutcome, true},
		"accept then drop": {`{"kind":"drop","method":"POST"}`, trade.ErrUnknownOutcome, true},
		"malformed":        {`{"kind":"malformed","method":"POST"}`, trade.ErrUnknownOutcome, true},
		"html 401":         {`{"kind":"html_401","method":"POST"}`, trade.ErrOrderRejected, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atExchange(t, func(t *testing.T, e *exchange) {
				if _, err := e.client.Account(t.Context()); err != nil { // opens the account
					t.Fatal(err)
				}
				e.raise(t, c.fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := e.client.Submit(ctx, buy("at1-fault", "2")); !errors.Is(err, c.want) {
					t.Errorf("submit: %v, want %v", err, c.want)
				}
				if e.struck(t) != 1 {
					t.Errorf("struck %d times", e.struck(t))
				}
				_, err := e.client.OrderByClientID(t.Context(), "at1-fault")
				if there := err == nil; there != c.there || err != nil && !errors.Is(err, trade.ErrOrderNotFound) {
					t.Errorf("afterwards: %v, want it there: %v", err, c.there)
				}
			})
		})
	}
}

// A read is asked again after 429, 5xx and a broken connection; what cannot be repaired says whose
// fault it is, with the request id.
func TestFaultsOfARead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault string
		want  fault.Kind
		ok    bool
	}{
		"429":          {`{"kind":"rate_limit","path":"/v2/account"}`, 0, true},
		"500":          {`{"kind":"server_error"}`, 0, true},
		"504":          {`{"kind":"timeout"}`, 0, true},
		"dropped":      {`{"kind":"drop"}`, 0, true},
		"500 for long": {`{"kind":"server_error","times":-1}`, fault.BrokerDown, false},
		"malformed":    {`{"kind":"malformed"}`, fault.BrokerDown, false},
		"html 401":     {`{"kind":"html_401"}`, fault.BrokerRefused, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atExchange(t, func(t *testing.T, e *exchange) {
				e.raise(t, c.fault)
				_, err := e.client.Account(t.Context())
				if c.ok {
					if err != nil || e.struck(t) != 1 {
						t.Errorf("%v after %d strikes", err, e.struck(t))
					}
					return
				}
				var answer *alpaca.Error
				if fault.KindOf(err) != c.want || !errors.As(err, &answer) || len(answer.RequestID) != 32 {
					t.Errorf("got %v of kind %v with %+v", err, fault.KindOf(err), answer)
				}
			})
		})
	}
}

func TestFaultsOfTheMarket(t *testing.T) {
	t.Parallel()
	t.Run("clock skew", func(t *testing.T) {
		t.Parallel()
		atExchange(t, func(t *testing.T, e *exchange) {
			e.raise(t, `{"kind":"clock_skew","delay":"-90s"}`)
			clock, err := e.client.Clock(t.Context())
			if err != nil || !clock.Timestamp.Equal(e.now.Add(-90*time.Second)) || !clock.IsOpen {
				t.Errorf("clock %+v, %v", clock, err)
			}
		})
	})
	t.Run("halted symbol", func(t *testing.T) {
		t.Parallel()
		atExchange(t, func(t *testing.T, e *exchange) {
			e.raise(t, `{"kind":"halt","symbol":"AAPL","until":"2026-11-20T15:40:00Z"}`)
			e.submitted(t, buy("at1-halt", "2"))
			e.advance(t, 9*time.Minute)
			if o := e.order(t, "at1-halt"); !o.Open() || !o.FilledQty.IsZero() {
				t.Errorf("in the halt: %+v", o)
			}
			e.advance(t, 2*time.Minute)
			if o := e.order(t, "at1-halt"); o.Status != "filled" {
				t.Errorf("after the halt: %+v", o)
			}
		})
	})
	t.Run("early close", func(t *testing.T) {
		t.Parallel()
		atExchange(t, func(t *testing.T, e *exchange) {
			e.raise(t, `{"kind":"early_close","close":"11:00"}`)
			e.advance(t, 45*time.Minute) // 11:15
			clock, err := e.client.Clock(t.Context())
			if err != nil || clock.IsOpen {
				t.Errorf("clock %+v, %v", clock, err)
			}
			e.submitted(t, buy("at1-early", "2"))
			e.advance(t, time.Hour)
			if o := e.order(t, "at1-early"); !o.FilledQty.IsZero() {
				t.Errorf("after the close: %+v", o)
			}
			sessions, fromBroker := e.client.Sessions(t.Context(), e.now, e.now)
			if !fromBroker || len(sessions) != 1 || !sessions[0].Close.Equal(time.Date(2026, time.November, 20, 16, 0, 0, 0, time.UTC)) {
				t.Errorf("sessions %+v, from the broker: %v", sessions, fromBroker)
			}
		})
	})
	t.Run("partial fill, then canceled", func(t *testing.T) {
		t.Parallel()
		atExchange(t, func(t *testing.T, e *exchange) {
			e.raise(t, `{"kind":"partial_cancel","symbol":"AAPL","fraction":0.4}`)
			e.submitted(t, buy("at1-part", "10"))
			e.advance(t, time.Minute)
			if o := e.order(t, "at1-part"); o.Status != "canceled" || o.FilledQty.String() != "4" {
				t.Errorf("order %+v", o)
			}
			fills, err := e.client.Fills(t.Context(), e.now.Add(-time.Hour))
			if err != nil || len(fills) != 1 || fills[0].Qty.String() != "4" {
				t.Errorf("fills %+v, %v", fills, err)
			}
		})
	})
}

func (e *exchange) submitted(t *testing.T, intent trade.Intent) {
	t.Helper()
	if _, err := e.client.Submit(t.Context(), intent); err != nil {
		t.Fatal(err)
	}
}

func (e *exchange) order(t *testing.T, id string) trade.BrokerOrder {
	t.Helper()
	o, err := e.client.OrderByClientID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// watched is a running Watch.
type watched struct {
	events    chan alpaca.OrderEvent
	connected chan bool
}

func (e *exchange) watch(t *testing.T, options alpaca.WatchOptions) *watched {
	t.Helper()
	w := &watched{events: make(chan alpaca.OrderEvent, 1000), connected: make(chan bool, 1000)}
	options.Connected = func(up bool) { w.connected <- up }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.client.Watch(ctx, options, func(event alpaca.OrderEvent) { w.events <- event }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the watch ended with %v", err)
		}
	})
	w.state(t, true)
	return w
}

// state waits until the stream is up, or down.
func (w *watched) state(t *testing.T, up bool) {
	t.Helper()
	for {
		select {
		case is := <-w.connected:
			if is == up {
				return
			}
		case <-time.After(soon):
			t.Fatalf("the stream did not become up=%v", up)
		}
	}
}

// until collects the kinds of the order's events, until it has ended.
func (w *watched) until(t *testing.T, clientOrderID string) (kinds []string, last trade.BrokerOrder) {
	t.Helper()
	for {
		select {
		case event := <-w.events:
			if event.Order.ClientOrderID != clientOrderID {
				continue
			}
			kinds = append(kinds, event.Kind)
			if !event.Order.Open() {
				return kinds, event.Order
			}
		case <-time.After(soon):
			t.Fatalf("the order did not end; events %v", kinds)
		}
	}
}

// Whatever happens to the stream, the watch ends with the order's true state, tells nothing twice
// and nothing after the end.
func TestFaultsOfAStream(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ fault, status string }{
		"none":                        {`{"kind":"latency","delay":"1ms"}`, "filled"},
		"dropped":                     {`{"kind":"socket_drop","path":"/v2/events"}`, "filled"},
		"half-open":                   {`{"kind":"socket_half_open","path":"/v2/events"}`, "filled"},
		"duplicate events":            {`{"kind":"event_duplicate","times":-1}`, "filled"},
		"late events":                 {`{"kind":"event_late","delay":"200ms","times":2}`, "filled"},
		"reordered events":            {`{"kind":"event_reorder"}`, "filled"},
		"partial fill, then canceled": {`{"kind":"partial_cancel","symbol":"AAPL","fraction":0.5}`, "canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atExchange(t, func(t *testing.T, e *exchange) {
				w := e.watch(t, alpaca.WatchOptions{})
				e.raise(t, c.fault)
				e.submitted(t, buy("at1-watch", "10"))
				e.advance(t, time.Minute)
				kinds, last := w.until(t, "at1-watch")
				if last.Status != c.status {
					t.Errorf("told of %s in the end, want %s", last.Status, c.status)
				}
				seen := map[string]bool{}
				for _, kind := range kinds {
					if seen[kind] {
						t.Errorf("told twice of %s: %v", kind, kinds)
					}
					seen[kind] = true
				}
				if e.struck(t) == 0 {
					t.Error("the fault did not strike")
				}
				e.submitted(t, buy("at1-next", "1")) // the watch goes on
				e.advance(t, time.Minute)
				if _, next := w.until(t, "at1-next"); next.FilledQty.IsZero() {
					t.Errorf("the next order: %+v", next)
				}
			})
		})
	}
}

// While the stream is refused, asking tells; when it is back, it goes on from the last id.
func TestWatchAsksWhileTheStreamIsDown(t *testing.T) {
	t.Parallel()
	atExchange(t, func(t *testing.T, e *exchange) {
		w := e.watch(t, alpaca.WatchOptions{})
		e.raise(t, `[{"kind":"server_error","path":"/v2/events","times":-1},{"kind":"socket_drop","path":"/v2/events"}]`)
		w.state(t, false)
		e.submitted(t, buy("at1-down", "3"))
		e.advance(t, time.Minute)
		if kinds, last := w.until(t, "at1-down"); last.Status != "filled" {
			t.Errorf("told %v, %+v", kinds, last)
		}
		e.simulator.RemoveFaults()
		w.state(t, true)
		e.submitted(t, buy("at1-up", "3"))
		e.advance(t, time.Minute)
		if kinds, last := w.until(t, "at1-up"); last.Status != "filled" {
			t.Errorf("told %v, %+v", kinds, last)
		}
	})
}

func TestOneWatchAnAccount(t *testing.T) {
	t.Parallel()
	atExchange(t, func(t *testing.T, e *exchange) {
		e.watch(t, alpaca.WatchOptions{})
		if err := e.client.Watch(t.Context(), alpaca.WatchOptions{}, nil); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a second watch: %v", err)
		}
	})
}

func TestWatchEndsWithRefusedKeys(t *testing.T) {
	t.Parallel()
	atExchange(t, func(t *testing.T, e *exchange) {
		e.raise(t, `{"kind":"html_401","path":"/v2/events"}`)
		if err := e.client.Watch(t.Context(), alpaca.WatchOptions{}, nil); fault.KindOf(err) != fault.BrokerRefused {
			t.Errorf("got %v", err)
		}
	})
}
