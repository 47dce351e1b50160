package sim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func TestAnsweredOrdersOutlastAKill(t *testing.T) {
	t.Parallel()
	kept := newShelf()
	config := sim.Config{Market: sim.NewSynthetic(1), Now: at(t, "2026-11-20T15:00:00Z"), State: kept}
	before := serve(t, config)
	filled := before.buy(t, "AAPL", "3", "kept")
	before.advance(t, "2026-11-20T22:00:00Z")
	queued := before.buy(t, "KO", "5", "queued")
	group := before.place(t, "symbol=MSFT qty=2 type=limit limit_price=1 time_in_force=gtc order_class=bracket take_profit.limit_price=900 stop_loss.stop_price=0.5")

	config.State = kept.copied() // no Stop: the process was killed here
	after := serve(t, config)
	if now := after.simulator.Now(); !now.Equal(at(t, "2026-11-20T22:00:00Z")) {
		t.Errorf("time after the restart: %s", now)
	}
	if order, err := after.trading.GetOrder(filled.ID); err != nil || order.Status != "filled" {
		t.Errorf("order %+v, error %v", order, err)
	}
	if got := after.order(t, group.ID); len(got.Legs) != 2 {
		t.Errorf("the bracket has %d legs", len(got.Legs))
	}
	after.advance(t, "2026-11-23T15:00:00Z")
	if order, err := after.trading.GetOrderByClientOrderID("queued"); err != nil || order.ID != queued.ID || order.Status != "filled" {
		t.Errorf("order %+v, error %v", order, err)
	}
	stranger, _ := after.client("key", "other")
	if _, err := stranger.GetAccount(); err == nil {
		t.Error("another secret opens the account after the restart")
	}
}

func TestASaveWritesWhatChanged(t *testing.T) {
	t.Parallel()
	kept := newShelf()
	b := serve(t, sim.Config{Market: sim.NewSynthetic(1), Now: at(t, "2026-11-20T15:00:01Z"), State: kept})
	for i := range 50 {
		b.place(t, fmt.Sprintf("symbol=KO qty=1 type=limit limit_price=1.%02d time_in_force=gtc", i))
	}
	b.place(t, "symbol=KO qty=1 type=limit limit_price=1 time_in_force=gtc")
	if kept.writes > 5 { // the account, the order, its events
		t.Errorf("one order wrote %d rows", kept.writes)
	}
	if n := kept.count(sim.OrderRow); n != 51 {
		t.Errorf("%d orders are kept", n)
	}
	kept.full = true
	if status, body, _ := b.ask(t, "DELETE", "/v2/orders", ""); status != 500 {
		t.Errorf("without room HTTP %d %s", status, body)
	}
	kept.full = false
	if status, body, _ := b.ask(t, "PATCH", "/v2/account/configurations", `{"no_shorting":true}`); status != 200 {
		t.Errorf("with room again HTTP %d %s", status, body)
	}
	again := serve(t, sim.Config{Market: sim.NewSynthetic(1), State: kept.copied()})
	if open, err := again.trading.GetOrders(alpaca.GetOrdersRequest{Status: "open"}); err != nil || len(open) != 0 {
		t.Errorf("%d orders are open, %v; the cancellation that could not be saved was lost", len(open), err)
	}
	for range 2 {
		if err := b.simulator.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	if kept.closed != 1 {
		t.Errorf("closed %d times", kept.closed)
	}
}

func TestForgottenOrdersLeaveTheState(t *testing.T) {
	t.Parallel()
	kept := newShelf()
	b := serve(t, sim.Config{Market: sim.NewSynthetic(1), Now: at(t, "2026-11-20T15:00:01Z"), State: kept})
	handler := spectest.Checked(t, b.simulator.Handler())
	const orders = 4100
	for i := range orders {
		body := fmt.Sprintf(`{"symbol":"KO","qty":"1","side":"buy","type":"limit","limit_price":"1","time_in_force":"ioc","client_order_id":"%d"}`, i)
		if status, answer := send(handler, "POST", "/v2/orders", body); status != 200 {
			t.Fatal(answer)
		}
		if i%500 == 0 {
			if err := b.simulator.Advance(b.simulator.Now().Add(5e9)); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.advance(t, "2026-11-20T16:00:00Z")
	if n := kept.count(sim.OrderRow); n > 4000 || kept.count(sim.UsedIDRow) != orders-n {
		t.Errorf("%d orders and %d used ids are kept of %d", n, kept.count(sim.UsedIDRow), orders)
	}
	if n := kept.count(sim.EventRow); n > 2000 {
		t.Errorf("%d events are kept", n)
	}
	again := serve(t, sim.Config{Market: sim.NewSynthetic(1), State: kept.copied()})
	if status, body, _ := again.ask(t, "POST", "/v2/orders", `{"symbol":"KO","qty":"1","side":"buy","type":"market","time_in_force":"day","client_order_id":"7"}`); status != 422 {
		t.Errorf("a forgotten client order id is taken again: HTTP %d %s", status, body)
	}
}

func TestAStateThatCannotBeTrustedIsRefused(t *testing.T) {
	t.Parallel()
	kept := newShelf()
	config := sim.Config{Market: sim.NewSynthetic(1), Now: at(t, "2026-11-20T15:00:00Z"), State: kept}
	b := serve(t, config)
	b.buy(t, "AAPL", "3", "")
	b.advance(t, "2026-11-20T16:00:00Z")
	for name, spoil := range map[string]func(*shelf){
		"money": func(s *shelf) {
			account := rowName{sim.AccountRow, "key", 0}
			s.rows[account] = strings.Replace(s.rows[account], `"cash":"9`, `"cash":"8`, 1)
		},
		"no account": func(s *shelf) { delete(s.rows, rowName{sim.AccountRow, "key", 0}) },
		"no JSON":    func(s *shelf) { s.rows[rowName{sim.OrderRow, "key", 1}] = "{" },
		"a market":   func(s *shelf) { s.header.Market = "another" },
	} {
		spoiled := kept.copied()
		spoil(spoiled)
		config.State = spoiled
		if _, err := sim.New(config); !fault.Is(err, fault.Invalid) || spoiled.closed != 1 {
			t.Errorf("%s: %v, closed %d times", name, err, spoiled.closed)
		}
	}
	for _, damaged := range []string{"", "{}", `{"version":1`} {
		if _, err := sim.Upgrade([]byte(damaged)); err == nil {
			t.Errorf("%q is taken for a state", damaged)
		}
	}
}
