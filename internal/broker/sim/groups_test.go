package sim_test

import (
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

const bracket = "order_class=bracket take_profit.limit_price=102.5 stop_loss.stop_price=97.5"

// legs are the outcomes of an order and its legs.
func (b bench) legs(t testing.TB, id string) string {
	t.Helper()
	o := b.order(t, id)
	texts := []string{outcome(o)}
	for _, leg := range o.Legs {
		texts = append(texts, outcome(leg))
	}
	return strings.Join(texts, ", ")
}

func TestBracketOTOAndOCO(t *testing.T) {
	t.Parallel()
	long := []string{""} // one share is bought first
	for name, c := range map[string]struct {
		before []string
		order  string
		to     string
		want   string
	}{
		"legs are held":                    {nil, bracket + " type=limit limit_price=98.5", "14:00:30", "new, held, held"},
		"legs work once the parent filled": {nil, bracket, "14:00:30", "filled 1 100 14:00:00, new, held"},
		"take-profit":                      {nil, bracket, "14:01:00", "filled 1 100 14:00:00, filled 1 102.5 14:01:00, canceled"},
		"stop-loss": {
			nil, strings.Replace(bracket, "102.5", "110", 1), "14:02:00",
			"filled 1 100 14:00:00, canceled, filled 1 97.5 14:02:00",
		},
		"stop-loss with a limit": {
			nil, strings.Replace(bracket, "102.5", "110", 1) + " stop_loss.limit_price=97.25", "14:02:00",
			"filled 1 100 14:00:00, canceled, filled 1 97.5 14:02:00",
		},
		"legs of a later entry see what follows": {
			nil, bracket + " type=limit limit_price=98.5", "14:01:00", "filled 1 98.5 14:01:00, filled 1 104 14:01:00, canceled",
		},
		"bracket sold short": {
			nil, "side=sell order_class=bracket take_profit.limit_price=98.5 stop_loss.stop_price=110", "14:01:00",
			"filled 1 100 14:00:00, filled 1 98.5 14:01:00, canceled",
		},
		"all expire": {nil, bracket + " type=limit limit_price=80 take_profit.limit_price=81 stop_loss.stop_price=79", "20:00:00", "expired, expired, expired"},
		"oto":        {nil, "order_class=oto stop_loss.stop_price=97.5", "14:02:00", "filled 1 100 14:00:00, filled 1 97.5 14:02:00"},
		"oto waits":  {nil, "order_class=oto take_profit.limit_price=120", "14:02:00", "filled 1 100 14:00:00, new"},
		"oco": {
			long, "side=sell order_class=oco type=limit take_profit.limit_price=102.5 stop_loss.stop_price=97.5", "14:01:00",
			"filled 1 102.5 14:01:00, canceled",
		},
		"oco stopped": {
			long, "side=sell order_class=oco type=limit take_profit.limit_price=120 stop_loss.stop_price=97.5", "14:02:00",
			"canceled, filled 1 97.5 14:02:00",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := recorded(t, "2020-06-01T14:00:00Z", quiet)
			for _, before := range c.before {
				b.place(t, before)
			}
			placed := b.place(t, c.order)
			if len(placed.Legs) == 0 || placed.Legs[len(placed.Legs)-1].Status != "held" {
				t.Errorf("placed %+v", placed)
			}
			b.advance(t, "2020-06-01T"+c.to+"Z")
			if got := b.legs(t, placed.ID); got != c.want {
				t.Errorf("%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// A take-profit that fills in parts leaves the stop-loss the rest.
func TestTakeProfitShrinksStopLoss(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet, func(c *sim.Config) { c.Participation = 0.1 })
	placed := b.place(t, "qty=25 "+bracket)
	if len(placed.Legs) != 2 || placed.Legs[0].Type != "limit" || placed.Legs[1].Type != "stop" || placed.Legs[0].OrderClass != "bracket" ||
		placed.Legs[0].Side != "sell" || !placed.Legs[1].Qty.Decimal.Equal(placed.Qty.Decimal) {
		t.Errorf("legs %+v", placed.Legs)
	}
	b.advance(t, "2020-06-01T14:00:30Z") // filled 25 at the open, which is the tenth of a quarter
	b.advance(t, "2020-06-01T14:01:00Z")
	if got := b.legs(t, placed.ID); got != "filled 25 100 14:00:00, filled 25 102.5 14:01:00, canceled" {
		t.Error(got)
	}
	big := b.place(t, "qty=50 order_class=bracket type=limit limit_price=104 take_profit.limit_price=104.5 stop_loss.stop_price=97.5")
	b.advance(t, "2020-06-01T14:02:00Z")
	legs := b.order(t, big.ID).Legs
	if got := b.legs(t, big.ID); !strings.HasPrefix(got, "filled 50") || !legs[1].Qty.Decimal.Equal(legs[0].Qty.Decimal.Sub(legs[0].FilledQty)) {
		t.Errorf("%s, stop-loss of %s", got, legs[1].Qty.Decimal)
	}
}

func TestCancelingOneOfAGroupCancelsAll(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order string
		pick  func(wire.Order) string
		want  string
	}{
		"the parent":          {bracket + " type=limit limit_price=98.5", func(o wire.Order) string { return o.ID }, "canceled, canceled, canceled"},
		"a held leg":          {bracket + " type=limit limit_price=98.5", func(o wire.Order) string { return o.Legs[1].ID }, "canceled, canceled, canceled"},
		"a working leg":       {bracket, func(o wire.Order) string { return o.Legs[0].ID }, "filled 1 100 14:00:00, canceled, canceled"},
		"a working stop-loss": {bracket, func(o wire.Order) string { return o.Legs[1].ID }, "filled 1 100 14:00:00, canceled, canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := recorded(t, "2020-06-01T14:00:00Z", quiet)
			placed := b.place(t, c.order)
			b.advance(t, "2020-06-01T14:00:10Z")
			if status, body, _ := b.ask(t, "DELETE", "/v2/orders/"+c.pick(placed), ""); status != 204 {
				t.Fatalf("HTTP %d %s", status, body)
			}
			if got := b.legs(t, placed.ID); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestNestedListsRollLegsUp(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet)
	b.place(t, bracket+" type=limit limit_price=98.5")
	var flat, nested []wire.Order
	_, body, _ := b.ask(t, "GET", "/v2/orders?nested=false", "")
	read(t, body, &flat)
	_, body, _ = b.ask(t, "GET", "/v2/orders?nested=true", "")
	read(t, body, &nested)
	if len(flat) != 3 || flat[0].Legs != nil || len(nested) != 1 || len(nested[0].Legs) != 2 {
		t.Errorf("flat %+v\nnested %+v", flat, nested)
	}
}

// Once the parent has filled, its legs are open orders of their own, and rolled up only under it.
func TestLegsOfAFilledParentAreListedFlat(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet)
	b.place(t, bracket)
	b.advance(t, "2020-06-01T14:00:10Z")
	for query, want := range map[string]int{"": 2, "nested=true": 0, "nested=true&status=all": 1, "nested=true&status=closed": 1} {
		var orders []wire.Order
		_, body, _ := b.ask(t, "GET", "/v2/orders?"+query, "")
		if read(t, body, &orders); len(orders) != want || want == 1 && len(orders[0].Legs) != 2 {
			t.Errorf("%s: %d orders, want %d: %s", query, len(orders), want, body)
		}
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet)
	old := b.place(t, "qty=5 type=limit limit_price=90 client_order_id=first")
	b.advance(t, "2020-06-01T14:00:10Z")
	status, body, _ := b.ask(t, "PATCH", "/v2/orders/"+old.ID, `{"qty":"7","limit_price":97.5,"time_in_force":"gtc","client_order_id":"second"}`)
	var fresh wire.Order
	if status != 200 {
		t.Fatalf("HTTP %d %s", status, body)
	}
	read(t, body, &fresh)
	if fresh.ID == old.ID || fresh.Replaces == nil || *fresh.Replaces != old.ID || !fresh.CreatedAt.Equal(old.CreatedAt) ||
		!fresh.SubmittedAt.Equal(at(t, "2020-06-01T14:00:10Z")) || fresh.Qty.Decimal.String() != "7" || fresh.ClientOrderID != "second" {
		t.Errorf("fresh %+v", fresh)
	}
	if gone := b.order(t, old.ID); gone.Status != "replaced" || gone.ReplacedAt == nil || gone.ReplacedBy == nil || *gone.ReplacedBy != fresh.ID {
		t.Errorf("old %+v", gone)
	}
	b.advance(t, "2020-06-01T14:02:00Z")
	if got := outcome(b.order(t, fresh.ID)); got != "filled 7 97.5 14:02:00" {
		t.Error(got)
	}
	for id, want := range map[string]string{
		fresh.ID: `order is already in \"filled\" state`, old.ID: `order is already in \"replaced\" state`, "none": "order not found for none",
	} {
		if _, body, _ := b.ask(t, "PATCH", "/v2/orders/"+id, `{"limit_price":"1"}`); !strings.Contains(body, want) {
			t.Errorf("%s, want %s", body, want)
		}
	}
}

func TestReplaceRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ order, change, want string }{
		"notional":         {"qty=null notional=50 type=limit limit_price=90", `{"limit_price":"91"}`, "notional orders cannot be replaced"},
		"fractional":       {"qty=0.5 type=limit limit_price=90", `{"qty":"1"}`, "qty of fractional orders cannot be changed"},
		"too dear":         {"type=limit limit_price=90", `{"qty":"100000"}`, "insufficient buying power"},
		"sub-penny":        {"type=limit limit_price=90", `{"limit_price":"90.001"}`, "sub-penny increment"},
		"no such price":    {"type=limit limit_price=90", `{"stop_price":"91"}`, "limit orders require no stop price"},
		"duplicate id":     {"type=limit limit_price=90 client_order_id=same", `{"client_order_id":"same"}`, "client_order_id must be unique"},
		"bracket quantity": {bracket + " type=limit limit_price=98.5", `{"qty":"2"}`, "qty of bracket orders cannot be changed"},
		"not extended":     {"type=limit limit_price=90", `{"time_in_force":"never"}`, ""},
		"trail":            {"side=sell type=trailing_stop trail_price=3", `{"trail":"5"}`, `"stop_price":"95"`},
		"a leg":            {bracket + " type=limit limit_price=98.5", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := recorded(t, "2020-06-01T14:00:00Z", quiet)
			placed := b.place(t, c.order)
			b.advance(t, "2020-06-01T14:00:10Z")
			id := placed.ID
			if c.change == "" {
				id, c.change = placed.Legs[1].ID, `{"stop_price":"97.6"}`
			}
			status, body, _ := b.ask(t, "PATCH", "/v2/orders/"+id, c.change)
			switch {
			case name == "not extended":
				if status != 422 {
					t.Errorf("HTTP %d %s", status, body)
				}
			case name == "a leg":
				legs := b.order(t, placed.ID).Legs
				if status != 200 || len(legs) != 2 || legs[1].StopPrice.Decimal.String() != "97.6" || legs[1].Status != "held" {
					t.Errorf("HTTP %d %s, legs %+v", status, body, legs)
				}
			case !strings.Contains(body, c.want):
				t.Errorf("HTTP %d %s, want %s", status, body, c.want)
			}
		})
	}
	b := recorded(t, "2020-06-01T21:00:00Z", quiet)
	queued := b.place(t, "type=limit limit_price=90")
	if status, body, _ := b.ask(t, "PATCH", "/v2/orders/"+queued.ID, `{"limit_price":"91"}`); status != 422 || !strings.Contains(body, "cannot replace order in accepted status") {
		t.Errorf("HTTP %d %s", status, body)
	}
}

// A replaced leg keeps its place: the pair still cancels each other.
func TestReplacedLegIsStillOfItsPair(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet)
	placed := b.place(t, strings.Replace(bracket, "102.5", "110", 1))
	b.advance(t, "2020-06-01T14:00:10Z")
	if status, body, _ := b.ask(t, "PATCH", "/v2/orders/"+placed.Legs[0].ID, `{"limit_price":"104.5"}`); status != 200 {
		t.Fatalf("HTTP %d %s", status, body)
	}
	b.advance(t, "2020-06-01T14:02:00Z")
	if got := b.legs(t, placed.ID); got != "filled 1 100 14:00:00, filled 1 104.5 14:02:00, canceled" {
		t.Error(got)
	}
}
