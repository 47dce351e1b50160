package survival_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/shopspring/decimal"
)

// toll is what a number of kills came to.
type toll struct {
	name                                         string
	seed                                         uint64
	kills, idle, orders, fills                   int
	stray, doubled, lost, drifted, audit, halted int
}

// sound reports whether nothing was lost or doubled.
func (o *toll) sound() bool { return o.stray+o.doubled+o.lost+o.drifted+o.audit+o.halted == 0 }

// tolls is a table that fills from several tests.
type tolls struct {
	mu   sync.Mutex
	rows []*toll
}

func (o *tolls) add(row *toll) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rows = append(o.rows, row)
}

// String is the table. idle are kills before the program had asked the broker for anything.
func (o *tolls) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var text strings.Builder
	line := func(name, seed any, numbers ...any) {
		fmt.Fprintf(&text, "%-34v %6v"+strings.Repeat(" %7v", len(numbers))+"\n", append([]any{name, seed}, numbers...)...)
	}
	line("what", "seed", "kills", "idle", "orders", "fills", "stray", "doubled", "lost", "drift", "audit", "halts")
	for _, r := range o.rows {
		line(r.name, r.seed, r.kills, r.idle, r.orders, r.fills, r.stray, r.doubled, r.lost, r.drifted, r.audit, r.halted)
	}
	return text.String()
}

// brokerOrder is an order as the simulator shows it.
type brokerOrder struct {
	ID            string        `json:"id"`
	ClientOrderID string        `json:"client_order_id"`
	Symbol        string        `json:"symbol"`
	Side          string        `json:"side"`
	Status        string        `json:"status"`
	FilledQty     string        `json:"filled_qty"`
	Legs          []brokerOrder `json:"legs"`
}

const mostOrders = 500 // that the broker shows at once

func (w *world) placed(t *testing.T, one account) []brokerOrder {
	t.Helper()
	var orders []brokerOrder
	w.call(t, one.key, http.MethodGet, "/v2/orders?status=all&limit=500&nested=true", nil, &orders)
	if len(orders) == mostOrders {
		t.Fatal("the account has more orders than the broker shows")
	}
	return orders
}

// oneEach looks at I1 and I2, as the dead program left them: every order at the broker belongs to
// an intent, no intent has two, and no decision has two intents.
func (w *world) oneEach(t *testing.T, one account, into *toll) {
	t.Helper()
	intents, seen := map[string]bool{}, map[string]bool{}
	for _, row := range w.rows(t, "SELECT client_order_id FROM intents WHERE account_id = '"+one.id+"'") {
		intents[row[0]] = true
	}
	for _, order := range w.placed(t, one) {
		switch {
		case !intents[order.ClientOrderID]:
			into.stray++
			t.Errorf("%s: the broker's order %+v is in no journal", one.name, order)
		case seen[order.ClientOrderID]:
			into.doubled++
			t.Errorf("%s: a second order %+v", one.name, order)
		}
		seen[order.ClientOrderID] = true
	}
	twice := w.rows(t, `SELECT symbol, bar_end, purpose, attempt FROM intents WHERE account_id = '`+one.id+`'
		GROUP BY symbol, bar_end, purpose, attempt HAVING COUNT(*) > 1`)
	for _, row := range twice {
		into.doubled++
		t.Errorf("%s: two intents for the decision %v", one.name, row)
	}
}

// recovered lets the program resolve what is open, and looks at all four invariants: every order
// and leg is known, none that was sent is lost, positions are the executions, the audit is whole.
func (w *world) recovered(t *testing.T, into *toll) {
	t.Helper()
	into.orders, into.fills = 0, 0
	for _, one := range w.accounts {
		if output, err := w.run(t, "reconcile", "--account", one.name); err != nil {
			into.drifted++
			t.Errorf("%s: reconcile: %v: %s", one.name, err, output)
		}
		w.oneEach(t, one, into)
		w.known(t, one, into)
		w.held(t, one, into)
	}
	for _, row := range w.rows(t, "SELECT account_id, state, cause, reason FROM standings WHERE state <> 'active'") {
		into.halted++
		t.Errorf("trading stopped: %v", row)
	}
	if output, err := w.run(t, "audit", "verify"); err != nil {
		into.audit++
		t.Errorf("audit: %v: %s", err, output)
	}
}

// known compares the journal's orders with the broker's, legs included.
func (w *world) known(t *testing.T, one account, into *toll) {
	t.Helper()
	journal, legs := map[string][]string{}, map[string]bool{}
	for _, row := range w.rows(t, "SELECT client_order_id, state, broker_order_id, filled_qty FROM orders WHERE account_id = '"+one.id+"'") {
		journal[row[0]] = row
	}
	for _, row := range w.rows(t, "SELECT broker_order_id FROM order_legs WHERE account_id = '"+one.id+"'") {
		legs[row[0]] = true
	}
	for _, order := range w.placed(t, one) {
		into.orders++
		row := journal[order.ClientOrderID]
		if row == nil || row[2] != order.ID || !quantity(t, row[3]).Equal(quantity(t, order.FilledQty)) {
			into.lost++
			t.Errorf("%s: the journal says %v of %+v", one.name, row, order)
		}
		for _, leg := range order.Legs {
			if !legs[leg.ID] {
				into.stray++
				t.Errorf("%s: the leg %+v belongs to nobody", one.name, leg)
			}
		}
		delete(journal, order.ClientOrderID)
	}
	for _, row := range journal {
		if row[2] != "" {
			into.lost++
			t.Errorf("%s: the broker has no order %v", one.name, row)
		}
	}
}

// held compares the executions in the journal with the broker's positions.
func (w *world) held(t *testing.T, one account, into *toll) {
	t.Helper()
	expected := map[string]decimal.Decimal{}
	fills := w.rows(t, "SELECT symbol, side, qty FROM fills WHERE account_id = '"+one.id+"'")
	into.fills += len(fills)
	for _, row := range fills {
		qty := quantity(t, row[2])
		if row[1] != "buy" {
			qty = qty.Neg()
		}
		expected[row[0]] = expected[row[0]].Add(qty)
	}
	var positions []struct {
		Symbol string `json:"symbol"`
		Qty    string `json:"qty"`
	}
	w.call(t, one.key, http.MethodGet, "/v2/positions", nil, &positions)
	for _, position := range positions {
		expected[position.Symbol] = expected[position.Symbol].Sub(quantity(t, position.Qty))
	}
	for symbol, difference := range expected {
		if !difference.IsZero() {
			into.drifted++
			t.Errorf("%s: the executions of %s are off by %s", one.name, symbol, difference)
		}
	}
}

func quantity(t *testing.T, text string) decimal.Decimal {
	t.Helper()
	qty, err := decimal.NewFromString(text)
	if err != nil {
		t.Fatalf("quantity %q: %v", text, err)
	}
	return qty
}
