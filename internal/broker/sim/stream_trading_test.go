package sim_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/coder/websocket"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// update reads one trade update.
func (p peer) update() wire.TradeUpdate {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), soon)
	defer cancel()
	kind, content, err := p.conn.Read(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	var frame struct {
		Stream string           `json:"stream"`
		Data   wire.TradeUpdate `json:"data"`
	}
	if err := json.Unmarshal(content, &frame); err != nil || frame.Stream != "trade_updates" || kind != websocket.MessageBinary {
		p.t.Fatalf("frame %s of kind %v: %v", content, kind, err)
	}
	return frame.Data
}

func TestTradingStreamSpeaksTheProtocol(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:02Z")
	p := b.dial(t, "/stream")
	p.say(`{"action":"listen","data":{"streams":["trade_updates"]}}`)
	p.wants(`{"stream":"authorization","data":{"action":"listen","status":"unauthorized"}}`)
	p.say(`{"action":"authenticate","data":{"key_id":"key","secret_key":""}}`)
	p.wants(`{"stream":"authorization","data":{"action":"authenticate","status":"unauthorized"}}`)
	p.say(`{"action":"auth","key":"key","secret":"secret"}`)
	p.wants(`{"stream":"authorization","data":{"action":"authenticate","status":"authorized"}}`)
	p.say(`{"action":"listen","data":{"streams":["trade_updates","nonsense"]}}`)
	p.wants(`{"stream":"listening","data":{"streams":["trade_updates"]}}`)
	placed := b.buy(t, "AAPL", "10", "streamed")
	b.advance(t, "2026-11-20T15:01:00Z")
	var kinds []string
	for {
		update := p.update()
		kinds = append(kinds, update.Event)
		if update.Order.ID != placed.ID || update.Timestamp.IsZero() || update.EventID == "" {
			t.Errorf("update %+v", update)
		}
		if update.Event == "fill" {
			if update.Price.Decimal.IsZero() || update.Qty.Decimal.String() != "10" || update.PositionQty.Decimal.String() != "10" || update.Order.Status != "filled" {
				t.Errorf("fill %+v", update)
			}
			break
		}
	}
	if !slices.Contains(kinds, "new") {
		t.Errorf("events %v", kinds)
	}
	p.say(`{"action":"listen","data":{"streams":[]}}`)
	p.wants(`{"stream":"listening","data":{"streams":[]}}`)
	p.say(`nonsense`)
	p.wants(`{"stream":"error","data":{"error_message":"invalid message"}}`)
}

// The Go SDK's own reader gets history by since and by id, and live events after it.
func TestGoSDKStreamsOrderEvents(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:02Z")
	b.buy(t, "AAPL", "1", "first")
	b.advance(t, "2026-11-20T15:01:00Z")
	collect := func(request alpaca.StreamTradeUpdatesRequest, enough func(alpaca.TradeUpdate) bool) []alpaca.TradeUpdate {
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		defer cancel()
		var updates []alpaca.TradeUpdate
		err := b.trading.StreamTradeUpdates(ctx, func(update alpaca.TradeUpdate) {
			updates = append(updates, update)
			if enough(update) {
				cancel()
			}
		}, request)
		if len(updates) == 0 {
			t.Fatalf("no events: %v", err)
		}
		return updates
	}
	never := func(alpaca.TradeUpdate) bool { return false }
	past := collect(alpaca.StreamTradeUpdatesRequest{Since: at(t, "2026-11-20T15:00:00Z"), Until: at(t, "2026-11-20T15:00:59Z")}, never)
	last := past[len(past)-1]
	if last.Event != "fill" || last.Order.ClientOrderID != "first" || last.PositionQty.String() != "1" {
		t.Errorf("the past ends with %+v", last)
	}
	b.buy(t, "AAPL", "2", "second")
	b.advance(t, "2026-11-20T15:02:00Z")
	rest := collect(alpaca.StreamTradeUpdatesRequest{SinceID: last.EventID}, func(update alpaca.TradeUpdate) bool { return update.Event == "fill" })
	for _, update := range rest {
		if update.Order.ClientOrderID != "second" || update.EventID <= last.EventID {
			t.Errorf("after the id came %+v", update)
		}
	}
}

func TestEventStreamRefusesContradictions(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:02Z")
	for _, query := range []string{"since=2026-11-20T15:00:00Z&since_id=1", "until=2026-11-20T15:00:00Z", "until_id=1"} {
		if status, body, _ := b.ask(t, "GET", "/v2/events/trades?"+query, ""); status != 422 {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
}

func TestOverviewShowsWhatThereIs(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:02Z")
	b.buy(t, "AAPL", "1", "first")
	b.raise(t, `{"kind":"latency","delay":"1ms","path":"/v2/clock"}`)
	b.ask(t, "GET", "/v2/clock", "")
	_, body, _ := b.ask(t, "GET", "/_simulator", "")
	var view struct {
		Accounts []struct {
			Key    string
			Orders []wire.Order
		}
		Latest []struct {
			Path, Key string
			Status    int
			Faults    []string
		}
		Faults []sim.Fault
	}
	if err := json.Unmarshal([]byte(body), &view); err != nil {
		t.Fatal(err)
	}
	if len(view.Accounts) != 1 || len(view.Accounts[0].Orders) != 1 || view.Faults[0].Struck != 1 ||
		view.Latest[0].Path != "/v2/clock" || view.Latest[0].Status != 200 || !slices.Contains(view.Latest[0].Faults, "latency") {
		t.Errorf("overview %+v", view)
	}
	for _, bad := range []string{`{"kind":"earthquake"}`, `{"kind":"latency"}`, `{"kind":"halt"}`, `{"kind":"partial_cancel","symbol":"AAPL","fraction":2}`, `{"kin":"latency"}`, `{"kind":"early_close","date":"2026-11-21"}`} {
		if status, answer, _ := b.ask(t, "POST", "/_simulator/faults", bad); status != 422 {
			t.Errorf("%s: %d %s", bad, status, answer)
		}
	}
	if status, _, _ := b.ask(t, "DELETE", "/_simulator/faults/1", ""); status != 204 {
		t.Errorf("deleted with %d", status)
	}
	if status, _, _ := b.ask(t, "DELETE", "/_simulator/faults/1", ""); status != 404 {
		t.Errorf("deleted again with %d", status)
	}
}

func TestScriptOfFaults(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "faults.yaml")
	script := "- kind: rate_limit\n  path: /v2/account\n  from: 2026-11-20T15:10:00Z\n  times: 2\n- kind: latency\n  delay: 1ms\n"
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	faults, err := sim.LoadFaults(file)
	if err != nil {
		t.Fatal(err)
	}
	b := serve(t, sim.Config{Market: sim.NewSynthetic(1), Now: at(t, "2026-11-20T15:00:00Z"), Faults: faults})
	for _, want := range []int{200, 429, 429, 200} {
		if status, body, _ := b.ask(t, "GET", "/v2/account", ""); status != want {
			t.Errorf("got %d %s, want %d", status, body, want)
		}
		if want == 200 {
			b.advance(t, "2026-11-20T15:10:00Z")
		}
	}
	if err := os.WriteFile(file, []byte("- kind: rate_limit\n  tims: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.LoadFaults(file); err == nil {
		t.Error("a misspelt field was taken")
	}
}

func TestRequestsAreLimited(t *testing.T) {
	t.Parallel()
	b := serve(t, sim.Config{Market: sim.NewSynthetic(1), Now: at(t, "2026-11-20T15:00:00Z"), RequestsPerMinute: 3})
	limited := 0
	for range 8 { // a new minute may begin in between
		if status, body, _ := b.ask(t, "GET", "/v2/account", ""); status == 429 {
			limited++
			if body != `{"code":42910000,"message":"rate limit exceeded"}` {
				t.Errorf("body %s", body)
			}
		}
	}
	if limited == 0 {
		t.Error("eight requests passed a limit of three a minute")
	}
	if status, body, _ := b.ask(t, "GET", "/v2/stocks/bars/latest?symbols=AAPL", ""); status != 200 {
		t.Errorf("market data counts apart: %d %s", status, body)
	}
}
