package desk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// ask sends a request of a person, or of a test to the simulator, under the account's keys.
func (h *house) ask(t *testing.T, method, path string, body any) {
	t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, h.address+path, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("APCA-API-KEY-ID", "PKDESK")
	request.Header.Set("APCA-API-SECRET-KEY", "hush")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, path, response.Status)
	}
}

// goesWrong arms a fault of the simulator.
func (h *house) goesWrong(t *testing.T, fault map[string]any) {
	t.Helper()
	h.ask(t, http.MethodPost, "/_simulator/faults", fault)
}

// byHand sends an order as a person does in the broker's own application.
func (h *house) byHand(t *testing.T, order map[string]any) {
	t.Helper()
	h.ask(t, http.MethodPost, "/v2/orders", order)
}

// ours are the orders that the broker has under our ids, by symbol. It checks the promises: each
// belongs to one intent, and no intent has two.
func (h *house) ours(t *testing.T) map[string][]trade.BrokerOrder {
	t.Helper()
	journal, found := h.journal(t), map[string][]trade.BrokerOrder{}
	for id, orders := range h.orders(t) {
		if !trade.IsClientOrderID(id) {
			continue
		}
		if order, known := journal[id]; !known || len(orders) != 1 || order.State.Unresolved() {
			t.Errorf("the broker has %+v, the journal %+v", orders, order)
		}
		found[orders[0].Symbol] = append(found[orders[0].Symbol], orders[0])
	}
	return found
}

// anyOf is one of the orders in the journal, and the id of the broker's.
func (h *house) anyOf(t *testing.T, state trade.OrderState) trade.Order {
	t.Helper()
	for _, order := range h.journal(t) {
		if order.State == state {
			return order
		}
	}
	t.Fatalf("no order is %s: %+v", state, h.journal(t))
	return trade.Order{}
}

// resting is a cycle whose orders wait at the broker, far below the market.
func (h *house) resting() desk.Run {
	run := h.cycle()
	run.Settings.OrderType, run.Settings.Execution.LimitOffsetPct = trade.LimitOrder, decimal.NewFromInt(-5)
	return run
}

// selling is a cycle that sells everything.
func (h *house) selling() desk.Run {
	run := h.cycle()
	run.Settings.RSI.Oversold, run.Settings.RSI.Overbought = 1, 2
	return run
}

// skipped is why the cycle ordered nothing for the symbol.
func skipped(cycle trade.Cycle, symbol string) trade.Skip {
	for _, decision := range cycle.Decisions {
		if decision.Signal.Symbol == symbol {
			return decision.Skip
		}
	}
	return "not decided on"
}

// bought has bought by market orders, and the orders are filled and known.
func (h *house) bought(t *testing.T) {
	t.Helper()
	h.done(t, h.cycle())
	h.advance(t, busy.Add(time.Minute))
	h.done(t, h.cycle())
	if len(h.positions(t)) < 2 {
		t.Fatal("the test needs at least two positions")
	}
}

// everyWorld are things that happen to orders and positions at the broker without us. After each the
// next cycle knows: nothing is ordered twice, nothing is held that the journal does not expect, and
// trading goes on.
var everyWorld = map[string]func(*testing.T, *house){
	"filled in part, then canceled by the exchange": func(t *testing.T, h *house) {
		for _, symbol := range symbols {
			h.goesWrong(t, map[string]any{"kind": "partial_cancel", "symbol": symbol, "fraction": 0.25})
		}
		h.done(t, h.cycle())
		h.advance(t, busy.Add(time.Minute))
		h.done(t, h.cycle())
		if part := h.anyOf(t, trade.Canceled); !part.FilledQty.IsPositive() || !part.FilledQty.Equal(h.positions(t)[part.Intent.Symbol]) {
			t.Errorf("the part: %+v, held %s", part, h.positions(t)[part.Intent.Symbol])
		}
	},
	"canceled by a person": func(t *testing.T, h *house) {
		h.done(t, h.resting())
		order := h.anyOf(t, trade.Accepted)
		h.ask(t, http.MethodDelete, "/v2/orders/"+order.BrokerOrderID, nil)
		if again := h.done(t, h.resting()); skipped(again, order.Intent.Symbol) != trade.SkipAlreadyDecided {
			t.Errorf("on the same bar: %s", skipped(again, order.Intent.Symbol))
		}
		if known := h.journal(t)[order.Intent.ClientOrderID]; known.State != trade.Canceled {
			t.Errorf("it is %s", known.State)
		}
		h.advance(t, busy.Add(6*time.Minute))
		h.done(t, h.resting())
	},
	"replaced by a person": func(t *testing.T, h *house) {
		h.done(t, h.resting())
		order := h.anyOf(t, trade.Accepted)
		h.ask(t, http.MethodPatch, "/v2/orders/"+order.BrokerOrderID, map[string]any{"limit_price": order.Intent.LimitPrice.Decimal.Mul(decimal.NewFromFloat(1.2)).Round(2).String()})
		h.advance(t, busy.Add(6*time.Minute))
		h.done(t, h.resting())
		if known := h.journal(t)[order.Intent.ClientOrderID]; known.State != trade.Canceled || known.BrokerStatus != "replaced" {
			t.Errorf("it is %s (%s)", known.State, known.BrokerStatus)
		}
		if held := h.positions(t)[order.Intent.Symbol]; !held.IsPositive() {
			t.Errorf("the person's order has bought %s", held)
		}
	},
	"expired at the end of the day": func(t *testing.T, h *house) {
		h.done(t, h.resting())
		order := h.anyOf(t, trade.Accepted)
		h.advance(t, time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC))
		h.done(t, h.resting())
		if known := h.journal(t)[order.Intent.ClientOrderID]; known.State != trade.Expired {
			t.Errorf("it is %s", known.State)
		}
	},
	"sold by a person": func(t *testing.T, h *house) {
		h.bought(t)
		for symbol, qty := range h.positions(t) {
			h.byHand(t, map[string]any{"symbol": symbol, "side": "sell", "type": "market", "time_in_force": "day", "qty": qty.String()})
		}
		h.advance(t, busy.Add(6*time.Minute))
		h.done(t, h.selling())
		if held := h.positions(t); len(held) != 0 {
			t.Errorf("what was gone was sold: %v", held)
		}
	},
	"a person's order for the same symbol": func(t *testing.T, h *house) {
		h.byHand(t, map[string]any{"symbol": "AAPL", "side": "buy", "type": "limit", "limit_price": "1.00", "time_in_force": "day", "qty": "1"})
		run := h.cycle()
		run.Settings.RSI.Oversold = 98 // buys everything
		if cycle := h.done(t, run); skipped(cycle, "AAPL") != trade.SkipOrderOpen {
			t.Errorf("beside it: %s", skipped(cycle, "AAPL"))
		}
		if len(h.ours(t)["AAPL"]) != 0 {
			t.Error("it was ordered beside a person's order")
		}
	},
	"halted by the exchange": func(t *testing.T, h *house) {
		h.goesWrong(t, map[string]any{"kind": "halt", "symbol": "AAPL"})
		run := h.cycle()
		run.Settings.RSI.Oversold = 98
		h.done(t, run)
		h.advance(t, busy.Add(6*time.Minute))
		cycle := h.done(t, run)
		if orders := h.ours(t)["AAPL"]; len(orders) > 1 || len(orders) == 1 && skipped(cycle, "AAPL") != trade.SkipOrderOpen {
			t.Errorf("while it does not trade: %d orders, %s", len(orders), skipped(cycle, "AAPL"))
		}
		h.ask(t, http.MethodDelete, "/_simulator/faults", nil)
	},
}

func TestWhatHappensAtTheBrokerIsTakenOver(t *testing.T) {
	t.Parallel()
	for name, happens := range everyWorld {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t, storetest.SQLite)
			h.done(t, func() desk.Run { run := h.cycle(); run.Symbols = nil; return run }()) // the first look
			happens(t, h)
			h.ours(t)
			h.asExpected(t)
			if standing := h.standing(t); standing.State != trade.Active {
				t.Errorf("trading is %s: %s", standing.State, standing.Reason)
			}
			h.auditIsWhole(t)
		})
	}
}

// splitting is a market in which one symbol splits.
type splitting struct {
	sim.Market
	action sim.Action
}

// Actions returns the split.
func (s splitting) Actions(symbol string) []sim.Action {
	if symbol != "" && symbol != s.action.Symbol {
		return nil
	}
	return []sim.Action{s.action}
}

// A position splits overnight while an account sleeps: the next cycle takes the new shares over by
// the broker's record of it, and sells them all.
func TestASplitOvernightIsNoDrift(t *testing.T) {
	t.Parallel()
	monday := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC) // midnight in New York
	plain := setup(t, storetest.SQLite)
	plain.bought(t)
	held := plain.positions(t)
	for symbol, before := range held {
		h := setupOn(t, storetest.SQLite, sim.Config{
			Market: splitting{sim.NewSynthetic(7), sim.Action{Symbol: symbol, ExDate: monday, Kind: "split", Amount: decimal.NewFromInt(4)}}, Now: busy,
		})
		h.bought(t)
		h.advance(t, time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC))
		if after := h.positions(t)[symbol]; !after.Equal(before.Mul(decimal.NewFromInt(4))) {
			t.Fatalf("%s of %s became %s", before, symbol, after)
		}
		h.done(t, h.selling())
		h.asExpected(t)
		h.advance(t, time.Date(2026, 11, 23, 15, 6, 0, 0, time.UTC))
		h.done(t, h.selling())
		if left := h.positions(t); len(left) != 0 {
			t.Errorf("after the split of %s %v are left", symbol, left)
		}
		h.ours(t)
		return // one is enough
	}
}

// A symbol that may no longer be traded is skipped by its name, and nothing else is held up.
func TestADelistedSymbolIsSkipped(t *testing.T) {
	t.Parallel()
	h := setupOn(t, storetest.SQLite, sim.Config{Market: sim.NewSynthetic(7), Now: busy, Trading: sim.Trading{Untradable: []string{"AAPL"}}})
	run := h.cycle()
	run.Settings.RSI.Oversold, run.Symbols = 98, []string{"AAPL", "MSFT", "GONE"}
	cycle := h.done(t, run)
	if skipped(cycle, "AAPL") != trade.SkipNotTradable || len(h.ours(t)["AAPL"]) != 0 {
		t.Errorf("AAPL: %s", skipped(cycle, "AAPL"))
	}
	if skipped(cycle, "MSFT") != "" || len(h.ours(t)["MSFT"]) != 1 {
		t.Errorf("MSFT: %s", skipped(cycle, "MSFT"))
	}
	if why := skipped(cycle, "GONE"); why == "" {
		t.Error("a symbol without bars was ordered")
	}
}

// telling is a broker that speaks differently of one order.
type telling struct {
	*alpaca.Client
	id     string // the client order id
	change func(*trade.BrokerOrder)
}

// OrderByClientID changes what is said of the order.
func (b telling) OrderByClientID(ctx context.Context, id string) (trade.BrokerOrder, error) {
	order, err := b.Client.OrderByClientID(ctx, id)
	if err == nil && id == b.id {
		b.change(&order)
	}
	return order, err
}

// done_for_day is no end: the order is followed until the broker says more. Rejected later, it is
// written down with the reason, and the decision is not made again.
func TestAnOrderThatEndsLater(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]struct {
		state trade.OrderState
		says  string
	}{"done_for_day": {trade.Accepted, ""}, "suspended": {trade.Accepted, ""}, "rejected": {trade.Rejected, "rejected it after taking it"}} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			h := setup(t, storetest.SQLite)
			h.done(t, h.resting())
			order := h.anyOf(t, trade.Accepted)
			run := h.resting()
			run.Broker = telling{h.client, order.Intent.ClientOrderID, func(o *trade.BrokerOrder) { o.Status = status }}
			for range 2 {
				h.done(t, run)
			}
			known := h.journal(t)[order.Intent.ClientOrderID]
			if known.State != want.state || known.BrokerStatus != status || !strings.Contains(known.Problem, want.says) {
				t.Errorf("it is %s (%s, %q)", known.State, known.BrokerStatus, known.Problem)
			}
			if len(h.ours(t)[order.Intent.Symbol]) != 1 {
				t.Error("it was ordered again")
			}
		})
	}
}

// "client order id must be unique", and the order there is the one that was meant: taken over.
func TestADuplicateOfTheSameOrderIsTakenOver(t *testing.T) {
	t.Parallel()
	h := setup(t, storetest.SQLite)
	h.expect(func(w http.ResponseWriter, body []byte, pass func(http.ResponseWriter, []byte)) {
		pass(httptest.NewRecorder(), body)
		pass(w, body) // 422
	})
	h.done(t, h.cycle())
	h.accident.Store(nil)
	filled := 0
	for symbol, orders := range h.ours(t) {
		if filled++; len(orders) != 1 || h.journal(t)[orders[0].ClientOrderID].State != trade.Filled {
			t.Errorf("%s: %+v", symbol, orders)
		}
	}
	if filled < 2 || h.standing(t).State != trade.Active {
		t.Errorf("%d orders; trading is %s", filled, h.standing(t).State)
	}
}

// The broker refuses one order of a cycle for its reason: the others go on. It refuses the keys: the
// account stops there, and what was not sent is not sent before somebody resumes.
func TestARefusalInTheMiddleOfACycle(t *testing.T) {
	t.Parallel()
	second := func(answer accident) accident {
		sent := 0
		return func(w http.ResponseWriter, body []byte, pass func(http.ResponseWriter, []byte)) {
			if sent++; sent == 2 {
				answer(w, body, pass)
				return
			}
			pass(w, body)
		}
	}
	t.Run("403, no buying power", func(t *testing.T) {
		t.Parallel()
		h := setup(t, storetest.SQLite)
		h.expect(second(status(http.StatusForbidden, `{"code":40310000,"message":"insufficient buying power"}`)))
		h.done(t, h.cycle())
		rejected := h.anyOf(t, trade.Rejected)
		if journal, ours := h.journal(t), h.ours(t); len(ours) != len(journal)-1 || len(ours) < 2 || !strings.Contains(rejected.Problem, "insufficient buying power") {
			t.Errorf("%d of %d orders are there; the refused one says %q", len(ours), len(journal), rejected.Problem)
		}
	})
	t.Run("401, keys revoked", func(t *testing.T) {
		t.Parallel()
		h := setup(t, storetest.SQLite)
		h.expect(second(status(http.StatusUnauthorized, `{"code":40110000,"message":"unauthorized."}`)))
		if _, err := h.run(t); !errors.Is(err, trade.ErrKeysRefused) {
			t.Fatalf("the cycle says %v", err)
		}
		h.accident.Store(nil)
		if standing := h.standing(t); standing.Cause != trade.HaltKeys || len(h.orders(t)) != 1 {
			t.Fatalf("%+v with %d orders", standing, len(h.orders(t)))
		}
		if cycle, err := h.run(t); err != nil || cycle.Outcome != trade.CycleSkipped || len(h.orders(t)) != 1 {
			t.Errorf("halted: %s with %d orders, %v", cycle.Outcome, len(h.orders(t)), err)
		}
		h.put(t, trade.Active, audit.TradingResumed)
		h.done(t, h.cycle())
		h.ours(t)
		h.asExpected(t)
	})
	t.Run("401 to a question", func(t *testing.T) {
		t.Parallel()
		h := setup(t, storetest.SQLite)
		h.goesWrong(t, map[string]any{"kind": "html_401", "path": "/v2/positions", "times": -1})
		_, _ = h.run(t)
		if standing := h.standing(t); standing.Cause != trade.HaltKeys || len(h.orders(t)) != 0 {
			t.Errorf("%+v with %d orders", standing, len(h.orders(t)))
		}
	})
}
