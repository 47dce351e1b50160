package desk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// soakKinds are all faults of the simulator.
var soakKinds = []string{
	"latency", "rate_limit", "server_error", "timeout", "drop", "malformed", "html_401", "socket_drop", "socket_half_open",
	"event_duplicate", "event_late", "event_reorder", "partial_cancel", "halt", "early_close", "clock_skew",
}

// soak is a desk that trades day after day while everything goes wrong.
type soak struct {
	*house
	random *rand.Rand
	halts  map[trade.HaltCause]int
	failed int // cycles
	orders int
	seen   map[string]bool // broker orders
	struck map[string]int  // faults by kind
}

// TestSoak: 60 days of two cycles each, every fault of the simulator in turn and others at random.
// After each day every broker order belongs to one intent, no intent has two, positions are the
// journal's, and nothing is left open; in the end the audit chain verifies, and neither goroutines
// nor memory have grown but for bounded lists: of heap profiles, what grows is what the simulated
// exchange keeps of orders and events, and what a watch remembers of ended orders. TEST_SOAK_DAYS says how many days, TEST_SEED the seed.
func TestSoak(t *testing.T) {
	days, seed := soakNumber("TEST_SOAK_DAYS", 60), uint64(soakNumber("TEST_SEED", 1))
	t.Logf("%d days, seed %d", days, seed)
	sessions := market.Sessions(time.Date(2019, 1, 2, 12, 0, 0, 0, time.UTC), time.Date(2019, 1, 2, 12, 0, 0, 0, time.UTC).AddDate(0, 0, 2*(days+80)))[:days+80]
	s := newSoak(t, seed, sessions)
	var goroutines, heap []int
	for i, session := range sessions[60 : 60+days] {
		s.day(t, i, session)
		if t.Failed() {
			t.Fatalf("on day %d, %s", i+1, session.Date.Format(time.DateOnly))
		}
		if (i+1)%max(days/10, 1) == 0 {
			g, h := footprint()
			goroutines, heap = append(goroutines, g), append(heap, h)
		}
	}
	if s.auditIsWhole(t); s.orders < days {
		t.Errorf("only %d orders in %d days: nothing was put to the test", s.orders, days)
	}
	t.Logf("%d orders, %d of %d cycles failed, halts %v, faults struck %v", s.orders, s.failed, 2*days, s.halts, s.struck)
	t.Logf("goroutines by tenth %v, heap in kB by tenth %v", goroutines, heap)
	const moreGoroutines, moreHeap = 20, 32 << 10
	if last := len(heap) - 1; goroutines[last] > goroutines[0]+moreGoroutines || heap[last] > heap[0]+moreHeap {
		t.Errorf("it grows: from %d to %d goroutines, from %d to %d kB", goroutines[0], goroutines[last], heap[0], heap[last])
	}
}

func soakNumber(name string, otherwise int) int {
	if number, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return number
	}
	return otherwise
}

// footprint is how many goroutines there are, and how many kB on the heap.
func footprint() (goroutines, heap int) {
	runtime.GC()
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return runtime.NumGoroutine(), int(now.HeapAlloc >> 10)
}

func newSoak(t *testing.T, seed uint64, sessions []market.Session) *soak {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 7))
	prices, err := sim.NewRecorded("soak", soakPrices(random, sessions))
	if err != nil {
		t.Fatal(err)
	}
	simulator, err := sim.New(sim.Config{
		Market: prices, Now: sessions[59].Close, KeepAlive: 100 * time.Millisecond,
		Trading: sim.Trading{Spread: 2, Participation: 0.2, Fees: sim.Fees{PerOrder: decimal.New(1, -2)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(spectest.Checked(t, simulator.Handler()))
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = simulator.Stop() })
	client, err := alpaca.New(alpaca.Config{
		KeyID: secret.NewText("PKSOAK"), SecretKey: secret.NewText("hush"), TradingURL: server.URL, DataURL: server.URL, Feed: "iex",
		Accounts: alpaca.NewAccountsOf(simulator, math.MaxInt32, time.Minute), Clock: simulator,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{
		house:  &house{store: storetest.Open(t, storetest.SQLite(t), store.Options{Clock: simulator}), simulator: simulator, client: client, address: server.URL},
		random: random, halts: map[trade.HaltCause]int{}, seen: map[string]bool{}, struck: map[string]int{},
	}
	wait := func(n int) []time.Duration { return make([]time.Duration, n) }
	s.desk = desk.New(desk.Config{
		Journal: s.store, Bars: market.NewFeed(nil), Clock: simulator, Log: slog.New(slog.DiscardHandler), Holder: "soak", NewID: uuid.NewString,
		Patience: wait(2), Settling: wait(2), Refusals: wait(2), Cancels: wait(3),
	})
	s.watch(t)
	return s
}

// watch takes over what the broker's stream tells, as the server does.
func (s *soak) watch(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	options := alpaca.WatchOptions{Quiet: time.Second, PollEvery: 200 * time.Millisecond, Retry: [2]time.Duration{10 * time.Millisecond, 100 * time.Millisecond}}
	watching.Go(func() {
		for ctx.Err() == nil { // refused keys end it; it begins anew, as after the server's pause
			_ = s.client.WatchOrders(ctx, options, func(report trade.OrderReport) { _, _ = s.desk.Report(ctx, "account", report) })
			timer := time.NewTimer(50 * time.Millisecond)
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
		}
	})
	t.Cleanup(func() { stop(); watching.Wait() })
}

// soakPrices go up and down enough that strategies act every few days.
func soakPrices(random *rand.Rand, sessions []market.Session) []sim.Recording {
	recordings := make([]sim.Recording, 5)
	for i := range recordings {
		recordings[i] = sim.Recording{Symbol: symbols[i], Daily: true}
		price := 30 + 100*random.Float64()
		for _, session := range sessions {
			open := price * (1 + 0.01*random.NormFloat64())
			price = min(max(open*(1+0.02*random.NormFloat64()), 10), 500)
			cents := func(x float64) float64 { return math.Round(x*100) / 100 }
			recordings[i].Bars = append(recordings[i].Bars, trade.Bar{
				Start: session.Date.UTC(), End: session.Close, Open: cents(open), Close: cents(price),
				High: cents(max(open, price) * 1.01), Low: cents(min(open, price) * 0.99), Volume: float64(500 + random.IntN(5000)),
			})
		}
	}
	return recordings
}

// day is one session: a cycle while it is open, one after its close, faults all the time.
func (s *soak) day(t *testing.T, number int, session market.Session) {
	t.Helper()
	s.arm(t, soakKinds[number%len(soakKinds)], session)
	for range s.random.IntN(3) {
		s.arm(t, soakKinds[s.random.IntN(len(soakKinds))], session)
	}
	for _, slot := range []time.Time{session.Open.Add(time.Hour), session.Close.Add(5 * time.Minute)} {
		s.advance(t, slot)
		cycle, err := s.desk.RunCycle(t.Context(), s.plan(number, slot))
		if err != nil {
			s.failed++
		}
		if cycle.Outcome == trade.CycleRunning || err != nil && cycle.ID == "" {
			t.Errorf("the cycle of %s came to no end: %s, %v", slot, cycle.Outcome, err)
		}
	}
	s.heal(t)
	s.check(t)
}

// plan is the day's run: strategies change, so that every kind of order is there.
func (s *soak) plan(number int, slot time.Time) desk.Run {
	run := s.cycle()
	run.Symbols, run.Slot, run.FeedName, run.MarketHoursOnly = symbols[:5], slot, "soak", true
	settings := trade.DefaultFileSettings()
	settings.RSI = trade.RSISettings{Enabled: true, Period: 3, Oversold: 40, Overbought: 60}
	settings.SMA.Enabled, settings.MACD.Enabled, settings.Bollinger.Enabled = false, false, false
	settings.PositionSizePct, settings.AllowShort = decimal.NewFromInt(8), true
	percent := decimal.NewFromInt(2)
	switch number / 4 % 4 {
	case 1:
		settings.Execution.TrailingStopPct = percent
	case 2:
		settings.Execution.StopLossPct, settings.Execution.TakeProfitPct, settings.TimeInForce = percent, percent, trade.TIFGTC
	case 3:
		settings.OrderType, settings.Execution.LimitOffsetPct = trade.LimitOrder, decimal.New(-5, -1)
	}
	run.Settings = settings
	return run
}

// arm lets something go wrong today.
func (s *soak) arm(t *testing.T, kind string, session market.Session) {
	t.Helper()
	wrong := map[string]any{"kind": kind}
	switch kind {
	case "halt", "partial_cancel":
		wrong["symbol"] = symbols[s.random.IntN(5)]
		if kind == "partial_cancel" {
			wrong["fraction"] = 0.5
		}
	case "early_close":
		wrong["date"], wrong["close"] = session.Date.Format(time.DateOnly), "12:00"
	case "clock_skew":
		wrong["delay"] = fmt.Sprintf("%ds", s.random.IntN(120)-60)
		if wrong["delay"] == "0s" {
			wrong["delay"] = "1s"
		}
	case "event_late", "latency":
		wrong["delay"] = fmt.Sprintf("%dms", 1+s.random.IntN(20))
	case "rate_limit", "server_error", "timeout", "drop", "malformed", "html_401":
		wrong["method"] = []string{"POST", "POST", "GET", "DELETE", ""}[s.random.IntN(5)]
		wrong["path"] = []string{"/v2/", "/v2/orders"}[s.random.IntN(2)]
		refuses := kind == "rate_limit" || kind == "html_401" // a broker that refuses has not acted
		wrong["skip"], wrong["times"], wrong["after"] = s.random.IntN(4), 1+s.random.IntN(3), !refuses && s.random.IntN(2) == 0
	}
	body, err := json.Marshal(wrong)
	if err != nil {
		t.Fatal(err)
	}
	s.control(t, http.MethodPost, string(body))
}

// heal ends all faults, counts what struck, and lets the program find out what became of everything.
func (s *soak) heal(t *testing.T) {
	t.Helper()
	var all []sim.Fault
	if err := json.Unmarshal(s.control(t, http.MethodGet, ""), &all); err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		s.struck[f.Kind] += f.Struck
	}
	s.control(t, http.MethodDelete, "")
	if standing := s.standing(t); standing.State != trade.Active {
		s.halts[standing.Cause]++
		if standing.Cause != trade.HaltKeys && standing.Cause != trade.HaltRejects {
			t.Errorf("halted by %s: %s", standing.Cause, standing.Reason)
		}
		s.put(t, trade.Active, audit.TradingResumed)
	}
	outcome, err := s.desk.Reconcile(t.Context(), s.plan(0, s.simulator.Now()))
	for tries := 0; err != nil && tries < 3; tries++ { // a machine that is busy may be late to answer itself
		outcome, err = s.desk.Reconcile(t.Context(), s.plan(0, s.simulator.Now()))
	}
	if err != nil || !outcome.Passed {
		t.Errorf("reconciled: %+v, %v", outcome, err)
	}
}

// control asks the simulator's faults.
func (s *soak) control(t *testing.T, method, body string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.address+"/_simulator/faults", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer json.RawMessage
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil && response.StatusCode != http.StatusNoContent || response.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s, %v", method, body, response.StatusCode, answer, err)
	}
	return answer
}

// check looks at the invariants.
func (s *soak) check(t *testing.T) {
	t.Helper()
	s.asExpected(t)
	unresolved, err := s.store.UnresolvedOrders(t.Context(), "account")
	if err != nil || len(unresolved) > 0 {
		t.Errorf("left open: %+v, %v", unresolved, err)
	}
	for id, placed := range s.house.orders(t) {
		for _, order := range placed {
			if !s.seen[order.ID] {
				s.seen[order.ID] = true
				s.orders++
				s.belongs(t, id, order)
			}
		}
	}
}

// belongs checks that a new order of the broker is the one of its intent, or a leg of it. An intent
// keeps its broker's id, so that a second order of one is found here.
func (s *soak) belongs(t *testing.T, clientOrderID string, order trade.BrokerOrder) {
	t.Helper()
	kept, err := s.store.OrderOf(t.Context(), "account", order)
	switch {
	case fault.Is(err, fault.NotFound):
		t.Errorf("the broker has order %s (%s) that belongs to no intent", clientOrderID, order.Symbol)
	case err != nil:
		t.Error(err)
	case kept.Intent.ClientOrderID == clientOrderID && kept.BrokerOrderID != order.ID:
		t.Errorf("intent %s (%s: %q) has the broker's orders %s and %s", clientOrderID, kept.State, kept.Problem, kept.BrokerOrderID, order.ID)
	}
}
