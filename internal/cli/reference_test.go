package cli_test

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/sharedtest"
)

// scanned is one element of `scan --json`.
type scanned struct {
	Symbol   string             `json:"symbol"`
	Action   string             `json:"action"`
	Strength float64            `json:"strength"`
	Price    float64            `json:"price"`
	BarTime  time.Time          `json:"bar_time"`
	Details  map[string]*string `json:"details"`
	Values   map[string]float64 `json:"values"`
}

// Real bars through the real programs: a simulator on recorded prices, and scan talking to it,
// against what the Python system computed on the same bars.
func TestScanEqualsTheReferenceOnRealBars(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ symbol, folder, reference string }{
		{"AAPL", "daily_raw", "AAPL_daily_raw__yaml.csv"},
		{"SPY", "daily_adjusted", "SPY_daily_adj__yaml.csv"},
	} {
		t.Run(c.symbol, func(t *testing.T) {
			t.Parallel()
			rows := sharedtest.Table(t, "reference", "indicators", "python-system", c.reference)
			data := filepath.Join(sharedtest.Dir(t), "data", c.folder)
			sh := newShell(t)
			simulator := sh.serve(t, "simulator", "--listen", "127.0.0.1:0", "--data", data, "--now", "1998-01-05T22:00:00Z", "--speed", "step")
			sh.tradingAt(simulator)
			for _, mode := range []string{"any", "majority", "unanimous"} {
				sh.write(t, mode+".yaml", "signal:\n  mode: "+mode+"\n  min_agree: 2\n")
			}
			for i, row := range picked(rows) {
				advance(t, simulator, evening(t, row))
				compareScan(t, sh, c.symbol, "any", "action_any", row)
				if i%5 == 0 {
					compareScan(t, sh, c.symbol, "majority", "action_majority2", row)
					compareScan(t, sh, c.symbol, "unanimous", "action_unanimous", row)
				}
			}
		})
	}
}

// picked are the row of 2020-06-01 and twenty others, from the first weeks to the last day, oldest
// first.
func picked(rows []sharedtest.Row) []sharedtest.Row {
	var some []sharedtest.Row
	step := len(rows) / 20
	for i, row := range rows {
		if i%step == 33%step || strings.HasPrefix(row.Text("timestamp"), "2020-06-01") {
			some = append(some, row)
		}
	}
	return some
}

// evening is 21:00 UTC of the row's day, as in summer; an hour later in winter it is after the
// close as well.
func evening(t *testing.T, row sharedtest.Row) time.Time {
	t.Helper()
	day, err := time.Parse(time.DateOnly, row.Text("timestamp")[:10])
	if err != nil {
		t.Fatal(err)
	}
	return day.Add(21 * time.Hour)
}

var valueColumns = []string{
	"rsi", "sma_short", "sma_long", "macd_line", "macd_signal_line", "macd_histogram", "bb_upper", "bb_middle", "bb_lower",
}

func compareScan(t *testing.T, sh *shell, symbol, mode, actionColumn string, row sharedtest.Row) {
	t.Helper()
	day := row.Text("timestamp")[:10]
	got := decode[[]scanned](t, sh.run(t, "scan", "--json", "--symbol", symbol, "--config", mode+".yaml"))[0]
	if got.BarTime.Format(time.DateOnly) != day || got.Price != row.Number("close") {
		t.Fatalf("%s: decided on the bar of %s at %v", day, got.BarTime, got.Price)
	}
	if got.Action != row.Text(actionColumn) || got.Strength != 100*row.Number("strength") {
		t.Errorf("%s %s: %s with strength %v, want %s with %s", day, mode, got.Action, got.Strength, row.Text(actionColumn), row.Text("strength"))
	}
	for _, vote := range []string{"rsi", "sma", "macd", "bb"} {
		column := vote + "_signal"
		if said := text(got.Details[column]); said != row.Text(column) {
			t.Errorf("%s: %s votes %q, want %q", day, vote, said, row.Text(column))
		}
	}
	for _, column := range valueColumns {
		want, value := row.Number(column), got.Values[column]
		_, there := got.Values[column]
		if math.IsNaN(want) == there || there && math.Abs(value-want) > 1e-6*math.Max(1, math.Abs(want)) {
			t.Errorf("%s: %s is %v (known: %t), want %s", day, column, value, there, row.Text(column))
		}
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// tradedCycle is what `trade --json` prints.
type tradedCycle struct {
	Outcome   string `json:"outcome"`
	Decisions []struct {
		Symbol string  `json:"symbol"`
		Skip   *string `json:"skip"`
		Order  *struct {
			ClientOrderID string   `json:"client_order_id"`
			Side          string   `json:"side"`
			Qty           *float64 `json:"qty"`
			Notional      *float64 `json:"notional"`
			State         string   `json:"state"`
		} `json:"order"`
	} `json:"decisions"`
}

// planned are the cycle's orders as "symbol side qty notional", by client order id.
func (c tradedCycle) planned() map[string]string {
	orders := map[string]string{}
	for _, d := range c.Decisions {
		if d.Order != nil && (d.Skip == nil || *d.Skip == "dry_run") {
			orders[d.Order.ClientOrderID] = fmt.Sprintf("%s %s %s %s", d.Symbol, d.Order.Side, amount(d.Order.Qty), amount(d.Order.Notional))
		}
	}
	return orders
}

func amount(number *float64) string {
	if number == nil {
		return "-"
	}
	return fmt.Sprintf("%.6f", *number)
}

func TestTradePlacesThePlannedOrdersOnce(t *testing.T) {
	t.Parallel()
	data := filepath.Join(sharedtest.Dir(t), "data", "daily_raw")
	sh := newShell(t)
	simulator := sh.serve(t, "simulator", "--listen", "127.0.0.1:0", "--data", data, "--now", "2020-03-05T22:00:00Z", "--speed", "step")
	sh.tradingAt(simulator)
	sh.write(t, "config/watchlist.yaml", "watchlist:\n  - AAPL\n  - AIG\n  - BAC\n  - EEM\n  - GOOG\n  - IWM\n  - SPY\n  - USO\n")
	placed := 0
	for _, day := range []string{"2020-03-06", "2020-03-09", "2020-03-23", "2020-04-14", "2020-06-01", "2020-06-08"} {
		evening, err := time.Parse(time.RFC3339, day+"T21:00:00Z")
		if err != nil {
			t.Fatal(err)
		}
		advance(t, simulator, evening)
		before := len(ordersAt(t, simulator))
		planned := decode[tradedCycle](t, sh.run(t, "trade", "--dry-run", "--json")).planned()
		if after := len(ordersAt(t, simulator)); after != before {
			t.Fatalf("%s: the dry run placed %d orders", day, after-before)
		}
		decode[tradedCycle](t, sh.run(t, "trade", "--json"))
		orders := ordersAt(t, simulator)
		if len(orders) != before+len(planned) {
			t.Errorf("%s: %d orders were placed, %d were planned", day, len(orders)-before, len(planned))
		}
		for id, plan := range planned {
			if got := describe(orders, id); got != plan {
				t.Errorf("%s: planned %q, placed %q", day, plan, got)
			}
		}
		again := decode[tradedCycle](t, sh.run(t, "trade", "--json"))
		if len(again.planned()) != 0 || len(ordersAt(t, simulator)) != len(orders) {
			t.Errorf("%s: a second trade ordered again", day)
		}
		placed += len(planned)
	}
	if placed < 5 {
		t.Errorf("only %d orders in all days; the test needs some", placed)
	}
}

func describe(orders []brokerOrder, id string) string {
	for _, order := range orders {
		if order.ClientOrderID == id {
			return fmt.Sprintf("%s %s %s %s", order.Symbol, order.Side, decimalText(order.Qty), decimalText(order.Notional))
		}
	}
	return ""
}

func decimalText(text *string) string {
	if text == nil {
		return "-"
	}
	var number float64
	if _, err := fmt.Sscan(*text, &number); err != nil {
		return *text
	}
	return fmt.Sprintf("%.6f", number)
}
