package sim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// The whole life of orders is told, once each, in the order of time, with rising ids.
func TestEventsTellTheLifeOfOrders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order, to, then, want string
	}{
		"market":      {"", "14:00:30", "", "pending_new new fill"},
		"queued":      {"time_in_force=cls", "20:00:00", "", "accepted fill"},
		"expires":     {"type=limit limit_price=50", "20:00:00", "", "pending_new new expired"},
		"canceled":    {"type=limit limit_price=50", "14:00:30", "DELETE", "pending_new new canceled"},
		"replaced":    {"type=limit limit_price=50", "14:00:30", "PATCH", "pending_new new replaced pending_new new"},
		"bracket":     {bracket, "14:01:00", "", "pending_new held held new fill new fill canceled"},
		"partial":     {"qty=60", "14:02:00", "", "pending_new new partial_fill partial_fill fill"},
		"trailing":    {"side=sell type=trailing_stop trail_price=3", "14:02:00", "", "new fill"},
		"ioc, closed": {"time_in_force=ioc", "14:00:30", "", "pending_new new fill"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := recorded(t, "2020-06-01T14:00:00Z", quiet, func(k *sim.Config) { k.Participation = 0.1 })
			placed := b.place(t, c.order)
			b.advance(t, "2020-06-01T"+c.to+"Z")
			if c.then != "" {
				b.ask(t, c.then, "/v2/orders/"+placed.ID, `{"limit_price":"51"}`)
			}
			got, id := "", ""
			for _, event := range b.events(t) {
				if event.EventID <= id || len(event.EventID) != 26 || event.ExecutionID == "" || event.Order.ID == "" {
					t.Errorf("event %+v after %s", event, id)
				}
				if strings.HasSuffix(event.Event, "fill") != event.Price.Valid || event.Price.Valid != event.PositionQty.Valid {
					t.Errorf("event %+v", event)
				}
				id, got = event.EventID, got+" "+event.Event
			}
			if got = strings.TrimSpace(got); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// events reads the account's events so far; a second passes, because what happens at the end of the
// asked time is told too.
func (b bench) events(t testing.TB) []wire.TradeUpdate {
	t.Helper()
	now := b.simulator.Now().UTC()
	if err := b.simulator.Advance(now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	_, body, _ := b.ask(t, "GET", "/v2/events/trades?since=2020-01-01T00:00:00Z&until="+now.Format(time.RFC3339), "")
	var events []wire.TradeUpdate
	for line := range strings.Lines(body) {
		if data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: "); ok {
			var event wire.TradeUpdate
			if err := json.Unmarshal([]byte(data), &event); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			events = append(events, event)
		}
	}
	return events
}

// A client order id stays used when its order has been forgotten.
func TestForgottenOrdersKeepTheirIDs(t *testing.T) {
	t.Parallel()
	simulator, err := sim.New(sim.Config{Market: sim.NewSynthetic(1), Now: at(t, "2026-11-20T15:00:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	handler := spectest.Checked(t, simulator.Handler())
	place := func(id string) (int, string) {
		return send(handler, "POST", "/v2/orders", orderJSON("symbol=KO client_order_id="+id))
	}
	for i := range 4100 {
		if status, body := place(fmt.Sprint("order-", i)); status != 200 {
			t.Fatal(body)
		}
		if i%2 == 0 {
			send(handler, "DELETE", "/v2/positions/KO", "")
		}
	}
	if status, _ := send(handler, "GET", "/v2/orders:by_client_order_id?client_order_id=order-0", ""); status != 404 {
		t.Fatalf("the first order is still there: HTTP %d", status)
	}
	for _, id := range []string{"order-0", "order-4099"} {
		status, body := place(id)
		refused(t, status, body, 422, 40010001, "client_order_id must be unique")
	}
}
