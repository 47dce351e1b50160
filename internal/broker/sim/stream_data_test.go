package sim_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata/stream"
	"github.com/coder/websocket"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
)

// soon is how long a test waits for what must happen.
const soon = 30 * time.Second

// within gets the next value of the channel.
func within[T any](t testing.TB, from <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(soon):
		t.Fatalf("no %s within %s", what, soon)
		panic("unreachable")
	}
}

// peer is a WebSocket client that speaks JSON.
type peer struct {
	conn *websocket.Conn
	t    testing.TB
}

func (b bench) dial(t testing.TB, path string) peer {
	t.Helper()
	conn, response, err := websocket.Dial(t.Context(), strings.Replace(b.server.URL, "http", "ws", 1)+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.Body != nil {
		_ = response.Body.Close()
	}
	conn.SetReadLimit(-1)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return peer{conn, t}
}

func (p peer) say(text string) {
	p.t.Helper()
	if err := p.conn.Write(p.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

func (p peer) hear() string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), soon)
	defer cancel()
	_, content, err := p.conn.Read(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(content)
}

func (p peer) wants(text string) {
	p.t.Helper()
	if heard := p.hear(); heard != text {
		p.t.Errorf("heard %s, want %s", heard, text)
	}
}

func TestDataStreamSpeaksTheProtocol(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	p := b.dial(t, "/v2/iex")
	p.wants(`[{"T":"success","msg":"connected"}]`)
	p.say(`{"action":"subscribe","bars":["AAPL"]}`)
	p.wants(`[{"T":"error","code":401,"msg":"not authenticated"}]`)
	p.say(`{"action":"auth","key":"key","secret":""}`)
	p.wants(`[{"T":"error","code":402,"msg":"auth failed"}]`)
	p.say(`{"action":"auth","key":"key","secret":"secret"}`)
	p.wants(`[{"T":"success","msg":"authenticated"}]`)
	p.say(`{"action":"auth","key":"key","secret":"secret"}`)
	p.wants(`[{"T":"error","code":403,"msg":"already authenticated"}]`)
	p.say(`{"action":`)
	p.wants(`[{"T":"error","code":400,"msg":"invalid syntax"}]`)
	p.say(`{"action":"dance"}`)
	p.wants(`[{"T":"error","code":410,"msg":"invalid subscribe action for this feed"}]`)
	p.say(`{"action":"subscribe","trades":["AAPL"],"quotes":["MSFT"],"bars":["AAPL"]}`)
	p.wants(`[{"T":"subscription","trades":["AAPL"],"quotes":["MSFT"],"bars":["AAPL"],"updatedBars":[],"dailyBars":[],"statuses":[],"lulds":[],"corrections":["AAPL"],"cancelErrors":["AAPL"]}]`)
	p.say(`{"action":"unsubscribe","quotes":["MSFT"],"bars":["AAPL"]}`)
	p.wants(`[{"T":"subscription","trades":["AAPL"],"quotes":[],"bars":[],"updatedBars":[],"dailyBars":[],"statuses":[],"lulds":[],"corrections":["AAPL"],"cancelErrors":["AAPL"]}]`)

	second := b.dial(t, "/v2/iex")
	second.wants(`[{"T":"success","msg":"connected"}]`)
	second.say(`{"action":"auth","key":"key","secret":"secret"}`)
	second.wants(`[{"T":"error","code":406,"msg":"connection limit exceeded"}]`)
	if err := p.conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(soon); ; {
		second.say(`{"action":"auth","key":"key","secret":"secret"}`)
		if heard := second.hear(); strings.Contains(heard, "authenticated") {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("the place was not given back: %s", heard)
		}
	}
}

func TestFreePlanLimitsTheStream(t *testing.T) {
	t.Parallel()
	b := serve(t, sim.Config{Market: sim.NewSynthetic(1), Now: at(t, "2026-11-20T15:00:00Z"), FreePlan: true})
	sip := b.dial(t, "/v2/sip")
	sip.hear()
	sip.say(`{"action":"auth","key":"key","secret":"secret"}`)
	sip.wants(`[{"T":"error","code":409,"msg":"insufficient subscription"}]`)
	iex := b.dial(t, "/v2/iex")
	iex.hear()
	iex.say(`{"action":"auth","key":"key","secret":"secret"}`)
	iex.hear()
	symbols := make([]string, 31)
	for i := range symbols {
		symbols[i] = strings.Repeat("A", i/26+1) + string(rune('A'+i%26))
	}
	request, err := json.Marshal(map[string]any{"action": "subscribe", "trades": symbols})
	if err != nil {
		t.Fatal(err)
	}
	iex.say(string(request))
	iex.wants(`[{"T":"error","code":405,"msg":"symbol limit exceeded"}]`)
}

// The official Go SDK's stream (msgpack) gets the same trades and bars as the REST interface has.
func TestGoSDKStreamsTheMarket(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:02Z")
	trades, quotes, bars := make(chan stream.Trade, 100), make(chan stream.Quote, 100), make(chan stream.Bar, 100)
	client := stream.NewStocksClient("iex", stream.WithBaseURL(strings.Replace(b.server.URL, "http", "ws", 1)+"/v2"),
		stream.WithCredentials("key", "secret"), stream.WithLogger(stream.ErrorOnlyLogger()),
		stream.WithTrades(func(tr stream.Trade) { trades <- tr }, "AAPL"),
		stream.WithQuotes(func(q stream.Quote) { quotes <- q }, "AAPL"),
		stream.WithBars(func(bar stream.Bar) { bars <- bar }, "AAPL"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := client.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	b.advance(t, "2026-11-20T15:01:00Z")
	for i := range 12 {
		trade, quote := within(t, trades, "trade"), within(t, quotes, "quote")
		if want := at(t, "2026-11-20T15:00:05Z").Add(time.Duration(i) * 5 * time.Second); !trade.Timestamp.Equal(want) || trade.Symbol != "AAPL" || trade.Size == 0 {
			t.Errorf("trade %d is %+v, want one at %s", i, trade, want)
		}
		if quote.BidPrice >= trade.Price || quote.AskPrice <= trade.Price || !quote.Timestamp.Equal(trade.Timestamp) {
			t.Errorf("quote %+v does not surround %+v", quote, trade)
		}
	}
	bar := within(t, bars, "bar")
	if !bar.Timestamp.Equal(at(t, "2026-11-20T15:00:00Z")) || bar.Volume == 0 || bar.High < bar.Low {
		t.Errorf("bar %+v", bar)
	}
	if err := client.SubscribeToDailyBars(func(bar stream.Bar) { bars <- bar }, "MSFT"); err != nil {
		t.Fatal(err)
	}
	b.advance(t, "2026-11-20T15:02:00Z")
	if got := []string{within(t, bars, "bar").Symbol, within(t, bars, "bar").Symbol}; !slices.Contains(got, "MSFT") || !slices.Contains(got, "AAPL") {
		t.Errorf("bars of %v", got)
	}
}

func TestTestFeedAlwaysRuns(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-21T15:00:00Z") // a Saturday
	trades := make(chan stream.Trade, 100)
	client := stream.NewStocksClient("test", stream.WithBaseURL(b.server.URL+"/v2"), stream.WithCredentials("key", "secret"),
		stream.WithLogger(stream.ErrorOnlyLogger()), stream.WithTrades(func(tr stream.Trade) { trades <- tr }, "FAKEPACA"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := client.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	first, second := within(t, trades, "trade"), within(t, trades, "trade")
	if !second.Timestamp.After(first.Timestamp) || first.Symbol != "FAKEPACA" || first.Price <= 0 {
		t.Errorf("trades %+v and %+v", first, second)
	}
}

// raise arms a fault over HTTP.
func (b bench) raise(t testing.TB, fault string) {
	t.Helper()
	response, err := http.Post(b.server.URL+"/_simulator/faults", "application/json", strings.NewReader(fault))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if content, err := io.ReadAll(response.Body); response.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("fault %s: %d %s %v", fault, response.StatusCode, content, err)
	}
}

// struck is how often each kind of fault has struck.
func (b bench) struck(t testing.TB) map[string]int {
	t.Helper()
	response, err := http.Get(b.server.URL + "/_simulator/faults")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var list []sim.Fault
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, f := range list {
		counts[f.Kind] += f.Struck
	}
	return counts
}

func TestHaltedSymbolDoesNotTrade(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	p := b.dial(t, "/v2/iex")
	p.hear()
	p.say(`{"action":"auth","key":"key","secret":"secret"}`)
	p.hear()
	p.say(`{"action":"subscribe","statuses":["AAPL"],"lulds":["MSFT"],"imbalances":["*"]}`)
	p.hear()
	b.raise(t, `{"kind":"halt","symbol":"AAPL","from":"2026-11-20T15:00:01Z","until":"2026-11-20T15:10:00Z"}`)
	b.buy(t, "AAPL", "1", "halted")
	b.advance(t, "2026-11-20T15:09:00Z")
	if heard := p.hear(); !strings.Contains(heard, `"sc":"H"`) || !strings.Contains(heard, `"T":"i","S":"AAPL","p":`) || strings.Count(heard, `"T":"l","S":"MSFT","u":`) != 1 {
		t.Errorf("heard %s", heard)
	}
	if order, err := b.trading.GetOrderByClientOrderID("halted"); err != nil || order.Status == "filled" && order.FilledAt.After(at(t, "2026-11-20T15:00:00Z")) {
		t.Errorf("order in a halt: %+v, %v", order, err)
	}
	b.advance(t, "2026-11-20T15:11:00Z")
	if heard := p.hear(); !strings.Contains(heard, `"sc":"T"`) {
		t.Errorf("heard %s", heard)
	}
	if order, err := b.trading.GetOrderByClientOrderID("halted"); err != nil || order.Status != "filled" {
		t.Errorf("order after the halt: %+v, %v", order, err)
	}
}
