package sim_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// quiet is 2020-06-01 of XYZ in minutes around $100, with a way through each bar that a test can
// follow: 14:00Z is 10:00 in New York.
//
//	13:30 open 100  low 99  high 101 close 100.5
//	14:00 open 100  low 98  high 103 close 102     rose: 100 -> 98 -> 103 -> 102
//	14:01 open 104  low 97  high 105 close 98      jumped, fell: 104 -> 105 -> 97 -> 98
//	14:02 open 98   low 98  high 98  close 98
//	19:59 open 98   low 97  high 99  close 99
var quiet = []string{
	"XYZ,2020-06-01T13:00:00Z,90,91,89,90,1000",
	"XYZ,2020-06-01T13:30:00Z,100,101,99,100.5,1000",
	"XYZ,2020-06-01T14:00:00Z,100,103,98,102,1000",
	"XYZ,2020-06-01T14:01:00Z,104,105,97,98,1000",
	"XYZ,2020-06-01T14:02:00Z,98,98,98,98,1000",
	"XYZ,2020-06-01T19:59:00Z,98,99,97,99,1000",
	"XYZ,2020-06-02T13:30:00Z,110,111,109,110,1000",
	"XYZ,2020-06-02T19:59:00Z,110,110,108,109,1000",
}

// recorded serves the lines of minute (or daily) bars from the moment on.
func recorded(t testing.TB, now string, lines []string, change ...func(*sim.Config)) bench {
	t.Helper()
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "bars.csv"), "symbol,timestamp,open,high,low,close,volume\n"+strings.Join(lines, "\n")+"\n")
	prices, err := sim.LoadCSV(folder)
	if err != nil {
		t.Fatal(err)
	}
	config := sim.Config{Market: prices, Now: at(t, now)}
	for _, c := range change {
		c(&config)
	}
	return serve(t, config)
}

// post sends an order's fields and returns the answer's status, the order and the body.
func (b bench) post(t testing.TB, fields string) (int, wire.Order, string) {
	t.Helper()
	status, body, _ := b.ask(t, "POST", "/v2/orders", orderJSON(fields))
	var o wire.Order
	if status == 200 {
		read(t, body, &o)
	}
	return status, o, body
}

// orderJSON is an order to buy one XYZ at the market today, with the fields' changes: words like
// side=sell type=limit limit_price=99, with numbers and texts as they come.
func orderJSON(fields string) string {
	order := map[string]any{"symbol": "XYZ", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
	for field := range strings.FieldsSeq(fields) {
		name, value, _ := strings.Cut(field, "=")
		outer, inner, nested := strings.Cut(name, ".")
		switch {
		case nested:
			legs, _ := order[outer].(map[string]any)
			if legs == nil {
				legs = map[string]any{}
				order[outer] = legs
			}
			legs[inner] = value
		case value == "null":
			delete(order, name)
		case value == "true":
			order[name] = true
		default:
			order[name] = value
		}
	}
	text, err := json.Marshal(order)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func read(t testing.TB, body string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), into); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
}

func (b bench) place(t testing.TB, fields string) wire.Order {
	t.Helper()
	status, o, body := b.post(t, fields)
	if status != 200 {
		t.Fatalf("%s: HTTP %d %s", fields, status, body)
	}
	return o
}

func (b bench) order(t testing.TB, id string) wire.Order {
	t.Helper()
	var o wire.Order
	_, body, _ := b.ask(t, "GET", "/v2/orders/"+id+"?nested=true", "")
	read(t, body, &o)
	return o
}

// outcome is status, quantity, price and time of the fill, such as "filled 1 98 14:01:00".
func outcome(o wire.Order) string {
	text := o.Status
	if o.FilledQty.IsPositive() {
		text += fmt.Sprintf(" %s %s", o.FilledQty, o.FilledAvgPrice.Decimal)
	}
	if o.FilledAt != nil {
		text += o.FilledAt.UTC().Format(" 15:04:05")
	}
	return text
}

// Every type of order meets the same minutes, from 14:00:00Z on unless it says so.
func TestOrdersMeetTheBars(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ now, order, to, want string }{
		"market at the open of the bar":         {"", "", "14:00:30", "filled 1 100 14:00:00"},
		"market within a bar, at the next open": {"14:00:10", "", "14:02:00", "filled 1 102 14:01:00"},
		"buy limit inside the bar":              {"", "type=limit limit_price=98.5", "14:01:00", "filled 1 98.5 14:01:00"},
		"not before the bar has ended":          {"", "type=limit limit_price=98.5", "14:00:59", "new"},
		"buy limit that trades at once":         {"", "type=limit limit_price=101", "14:00:30", "filled 1 100 14:00:00"},
		"buy limit at a close":                  {"14:02:30", "type=limit limit_price=98.50 time_in_force=gtc", "20:00:00", "filled 1 98 14:03:00"},
		"extremes before the order":             {"14:00:10", "type=limit limit_price=98.5", "14:01:00", "new"},
		"sell limit inside the bar":             {"", "side=sell type=limit limit_price=102.5", "14:01:00", "filled 1 102.5 14:01:00"},
		"sell limit at the gap, better":         {"", "side=sell type=limit limit_price=103.5", "14:01:30", "filled 1 104 14:01:00"},
		"sell stop inside":                      {"", "side=sell type=stop stop_price=99", "14:01:00", "filled 1 99 14:01:00"},
		"sell stop after the high":              {"14:01:00", "side=sell type=stop stop_price=97.5", "14:02:00", "filled 1 97.5 14:02:00"},
		"buy stop inside":                       {"", "type=stop stop_price=102.5", "14:01:00", "filled 1 102.5 14:01:00"},
		"buy stop at the gap":                   {"14:00:10", "type=stop stop_price=103.5", "14:01:30", "filled 1 104 14:01:00"},
		"buy stop, gap beyond the collar":       {"14:02:30", "type=stop stop_price=100 time_in_force=gtc", "2020-06-02T13:31:00Z", "new"},
		"stop limit, passes the limit too":      {"", "type=stop_limit stop_price=102.5 limit_price=102.6", "14:01:00", "filled 1 102.5 14:01:00"},
		"stop limit, gap over the limit":        {"14:00:10", "type=stop_limit stop_price=103 limit_price=103.5", "14:01:30", "new"},
		"stop limit, comes back":                {"14:00:10", "type=stop_limit stop_price=103 limit_price=103.5", "14:02:00", "filled 1 103.5 14:02:00"},
		"trailing sell":                         {"", "side=sell type=trailing_stop trail_price=3", "14:02:00", "filled 1 102 14:02:00"},
		"trailing sell by percent":              {"", "side=sell type=trailing_stop trail_percent=5", "14:02:00", "filled 1 99.75 14:02:00"},
		"trailing buy":                          {"", "type=trailing_stop trail_price=4", "14:01:00", "filled 1 102 14:01:00"},
		"ioc fills at the print":                {"", "type=limit limit_price=100 time_in_force=ioc", "14:00:30", "filled 1 100 14:00:00"},
		"ioc does not wait":                     {"", "type=limit limit_price=99.99 time_in_force=ioc", "14:01:00", "canceled"},
		"fok does not wait":                     {"14:00:10", "type=limit limit_price=101 time_in_force=fok", "14:03:00", "canceled"},
		"ioc in a closed market":                {"20:30:00", "time_in_force=ioc", "20:30:00", "canceled"},
		"day order expires":                     {"", "type=limit limit_price=90", "20:00:00", "expired"},
		"gtc goes on":                           {"", "side=sell type=limit limit_price=109 time_in_force=gtc", "2020-06-02T13:31:00Z", "filled 1 110 13:30:00"},
		"gtc ends after 90 days":                {"", "type=limit limit_price=1 time_in_force=gtc", "2020-08-30T20:15:00Z", "expired"},
		"gtc lives until then":                  {"", "type=limit limit_price=1 time_in_force=gtc", "2020-08-30T20:14:59Z", "new"},
		"opg":                                   {"13:00:00", "time_in_force=opg", "13:31:00", "filled 1 100 13:30:00"},
		"opg in the evening":                    {"23:30:00", "time_in_force=opg", "2020-06-02T13:31:00Z", "filled 1 110 13:30:00"},
		"opg limit not met":                     {"13:00:00", "type=limit limit_price=99.5 time_in_force=opg", "14:00:00", "canceled"},
		"cls":                                   {"", "time_in_force=cls", "20:00:00", "filled 1 99 20:00:00"},
		"cls waits":                             {"", "time_in_force=cls", "19:59:59", "accepted"},
		"cls limit not met":                     {"", "side=sell type=limit limit_price=99.5 time_in_force=cls", "20:00:00", "canceled"},
		"extended hours":                        {"13:00:00", "type=limit limit_price=95 extended_hours=true", "13:01:00", "filled 1 90 13:00:00"},
		"not in extended hours":                 {"13:00:00", "type=limit limit_price=95", "13:29:00", "accepted"},
		"extended hours last":                   {"20:30:00", "side=sell type=limit limit_price=150 extended_hours=true", "2020-06-02T00:00:00Z", "expired"},
		"notional":                              {"", "qty=null notional=50", "14:00:30", "filled 0.5 100 14:00:00"},
		"fractional limit":                      {"", "qty=0.25 type=limit limit_price=98", "14:01:00", "filled 0.25 98 14:01:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := "2020-06-01T14:00:00Z"
			if c.now != "" {
				now = "2020-06-01T" + c.now + "Z"
			}
			b := recorded(t, now, append([]string{"XYZ,2020-05-29T13:30:00Z,100,100,100,100,1000"}, quiet...))
			placed := b.place(t, c.order)
			to := c.to
			if len(to) == len("14:00:00") {
				to = "2020-06-01T" + to + "Z"
			}
			b.advance(t, to)
			if got := outcome(b.order(t, placed.ID)); got != c.want {
				t.Errorf("%s: %s, want %s", c.order, got, c.want)
			}
		})
	}
}

func TestSpreadAndSlippage(t *testing.T) {
	t.Parallel()
	costly := func(c *sim.Config) { c.Spread, c.Slippage = 20, 10 } // 0.1 % to each side, and 0.1 %
	for name, c := range map[string]struct{ order, want string }{
		"a market buy pays ask and slippage": {"", "filled 1 100.2 14:00:00"},
		"a market sale gets bid less it":     {"side=sell", "filled 1 99.8 14:00:00"},
		"a limit pays the ask":               {"type=limit limit_price=101", "filled 1 100.1 14:00:00"},
		"the ask must reach a limit":         {"type=limit limit_price=98.05", "filled 1 98.05 14:02:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := recorded(t, "2020-06-01T14:00:00Z", quiet, costly)
			placed := b.place(t, c.order)
			b.advance(t, "2020-06-01T14:02:00Z")
			if got := outcome(b.order(t, placed.ID)); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestPartialFillsAgainstVolume(t *testing.T) {
	t.Parallel()
	tenth := func(c *sim.Config) { c.Participation = 0.1 } // 25 shares at each of a bar's four points
	for name, c := range map[string]struct{ order, to, want string }{
		"part at the open":             {"qty=60", "14:00:30", "partially_filled 25 100"},
		"the rest at the next prints":  {"qty=60", "14:01:00", "filled 60 101.5 14:01:00"},
		"a limit at each point":        {"qty=60 type=limit limit_price=103", "14:01:00", "filled 60 101.75 14:01:00"},
		"ioc cancels the rest":         {"qty=60 time_in_force=ioc", "14:00:30", "canceled 25 100"},
		"fok takes nothing":            {"qty=60 time_in_force=fok", "14:00:30", "canceled"},
		"fok takes all":                {"qty=25 time_in_force=fok", "14:00:30", "filled 25 100 14:00:00"},
		"less than a share always":     {"qty=0.5", "14:00:30", "filled 0.5 100 14:00:00"},
		"a day order expires in parts": {"qty=6000 type=limit limit_price=98", "20:00:00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := recorded(t, "2020-06-01T14:00:00Z", quiet, tenth, func(c *sim.Config) { c.Cash = *dec("1000000") })
			placed := b.place(t, c.order)
			b.advance(t, "2020-06-01T"+c.to+"Z")
			o := b.order(t, placed.ID)
			if got := outcome(o); got != c.want && c.want != "" {
				t.Errorf("%s, want %s", got, c.want)
			}
			if c.want == "" && (o.Status != "expired" || !o.FilledQty.IsPositive() || o.FilledQty.GreaterThan(o.Qty.Decimal)) {
				t.Errorf("%s", outcome(o))
			}
		})
	}
}

func TestOrdersTakePartInTheVolumeOfIEX(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet, func(c *sim.Config) { c.Participation, c.Volume = 1, "iex" })
	placed := b.place(t, "qty=60")
	b.advance(t, "2020-06-01T14:00:30Z")
	if got := outcome(b.order(t, placed.ID)); got != "partially_filled 6 100" { // a quarter of a fortieth of 1,000 shares
		t.Error(got)
	}
	if _, err := sim.New(sim.Config{Market: sim.NewSynthetic(1), Trading: sim.Trading{Volume: "otc"}}); err == nil {
		t.Error("the volume of otc is taken")
	}
}

func TestCashAccountsDoNotSellShort(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet, func(c *sim.Config) { c.Multiplier = 1 })
	if status, _, body := b.post(t, "side=sell"); status != 403 || !strings.Contains(body, "not allowed to short") {
		t.Errorf("HTTP %d %s", status, body)
	}
	if a := b.account(t); a.ShortingEnabled {
		t.Errorf("account %+v", a)
	}
}
