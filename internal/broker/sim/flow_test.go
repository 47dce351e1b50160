package sim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// send asks a handler without a network between.
func send(handler http.Handler, method, path, body string) (int, string) {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.SetBasicAuth("key", "secret")
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Code, recorder.Body.String()
}

// flow is a random run of orders, cancellations, replacements and closings, with the time between.
type flow struct {
	Trading sim.Trading
	Steps   []step
}

type step struct {
	Order  string // fields for orderJSON
	Then   int    // 0 to 2: nothing; 3: cancel, 4: replace, 5: close the position, 6: cancel all
	Factor int64  // of prices, in permille of the market's
	Wait   time.Duration
}

func drawFlow(t *rapid.T) flow {
	f := flow{Steps: rapid.SliceOfN(rapid.Custom(drawStep), 1, 15).Draw(t, "steps")}
	f.Trading.Multiplier = rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "multiplier")
	f.Trading.Participation = rapid.SampledFrom([]float64{0, 0.0005, 0.01}).Draw(t, "participation")
	f.Trading.Spread = rapid.SampledFrom([]float64{0, 4}).Draw(t, "spread")
	f.Trading.Slippage = rapid.SampledFrom([]float64{0, 3}).Draw(t, "slippage")
	if rapid.Bool().Draw(t, "fees") {
		f.Trading.Fees = sim.Fees{PerOrder: decimal.New(35, -2), PerShare: decimal.New(1, -3), OfSales: decimal.New(278, -7)}
	}
	return f
}

func drawStep(t *rapid.T) step {
	symbol := rapid.SampledFrom([]string{"AAPL", "KO"}).Draw(t, "symbol")
	side := rapid.SampledFrom([]string{"buy", "sell"}).Draw(t, "side")
	kind := rapid.SampledFrom([]string{"market", "limit", "stop", "stop_limit", "trailing_stop", "bracket", "oto", "oco", "notional"}).Draw(t, "kind")
	tif := rapid.SampledFrom([]string{"day", "day", "gtc", "ioc", "fok", "opg", "cls"}).Draw(t, "time in force")
	qty := fmt.Sprint(rapid.IntRange(1, 900).Draw(t, "shares"))
	if rapid.IntRange(0, 4).Draw(t, "fraction") == 0 {
		qty = decimal.New(int64(rapid.IntRange(1, 90_000).Draw(t, "part")), -3).String()
	}
	return step{
		Order: fmt.Sprintf("%s %s %s %s %s", symbol, side, kind, tif, qty), Then: rapid.IntRange(0, 6).Draw(t, "then"),
		Factor: int64(rapid.IntRange(985, 1015).Draw(t, "factor")),
		Wait:   time.Duration(rapid.SampledFrom([]int{0, 5, 300, 3600, 86400}).Draw(t, "wait")) * time.Second,
	}
}

// fields makes the step's order around the price.
func (s step) fields(price decimal.Decimal, index int) string {
	var symbol, side, kind, tif, qty string
	fmt.Sscan(s.Order, &symbol, &side, &kind, &tif, &qty)
	near := func(permille int64) string { return price.Mul(decimal.New(permille, -3)).StringFixed(2) }
	away := int64(8)
	if side == "sell" {
		away = -8
	}
	text := fmt.Sprintf("symbol=%s side=%s time_in_force=%s client_order_id=%d ", symbol, side, tif, index)
	switch kind {
	case "notional":
		return text + "qty=null notional=" + decimal.RequireFromString(qty).Mul(decimal.NewFromInt(50)).Truncate(2).String()
	case "limit":
		text += "type=limit limit_price=" + near(s.Factor)
	case "stop":
		text += "type=stop stop_price=" + near(s.Factor)
	case "stop_limit":
		text += "type=stop_limit stop_price=" + near(s.Factor) + " limit_price=" + near(s.Factor+away/4)
	case "trailing_stop":
		text += "type=trailing_stop trail_percent=0.7"
	case "bracket":
		text += "order_class=bracket take_profit.limit_price=" + near(1000+away) + " stop_loss.stop_price=" + near(1000-away)
	case "oto":
		text += "order_class=oto stop_loss.stop_price=" + near(1000-away)
	case "oco":
		text += "order_class=oco type=limit take_profit.limit_price=" + near(1000-away) + " stop_loss.stop_price=" + near(1000+away)
	}
	return text + " qty=" + qty
}

// play runs the flow and returns all that happened, as text. It fails when a law is broken. With
// kills the simulator is killed before and after time passes, and goes on with what it kept.
func (f flow) play(t *rapid.T, kills bool) string {
	market, kept := sim.NewSynthetic(5), newShelf()
	open := func() (*sim.Simulator, http.Handler) {
		kept = kept.copied()
		simulator, err := sim.New(sim.Config{Market: market, Now: time.Date(2026, time.November, 19, 15, 0, 1, 0, time.UTC), Trading: f.Trading, State: kept})
		if err != nil {
			t.Fatal(err)
		}
		return simulator, spectest.Checked(t, simulator.Handler())
	}
	simulator, handler := open()
	for i, s := range f.Steps {
		symbol, _, _ := strings.Cut(s.Order, " ")
		last, _ := market.LastPrint(symbol, simulator.Now())
		before := get[wire.Account](t, handler, "/v2/account").BuyingPower
		status, body := send(handler, "POST", "/v2/orders", orderJSON(s.fields(decimal.NewFromFloat(last.Price), i)))
		if status >= 500 {
			t.Fatalf("HTTP %d %s", status, body)
		}
		if status == 200 {
			checkReserve(t, handler, body, before)
		}
		s.follow(t, handler, body, symbol)
		if kills {
			simulator, handler = open()
		}
		if err := simulator.Advance(simulator.Now().Add(s.Wait)); err != nil {
			t.Fatal(err)
		}
		if kills {
			simulator, handler = open()
		}
		checkLaws(t, handler)
	}
	story := ""
	for _, o := range get[[]wire.Order](t, handler, "/v2/orders?status=all&limit=500&direction=asc") {
		story += fmt.Sprintln(o.Symbol, o.Side, o.Type, o.Status, o.Qty.Decimal, o.FilledQty, o.FilledAvgPrice.Decimal, o.StopPrice.Decimal, o.SubmittedAt, o.FilledAt, o.CanceledAt, o.ExpiredAt)
	}
	return story
}

// follow does what comes after the order.
func (s step) follow(t *rapid.T, handler http.Handler, placed, symbol string) {
	var o wire.Order
	_ = json.Unmarshal([]byte(placed), &o) // a refusal has no id
	var status int
	var body string
	switch s.Then {
	case 3:
		status, body = send(handler, "DELETE", "/v2/orders/"+o.ID, "")
	case 4:
		status, body = send(handler, "PATCH", "/v2/orders/"+o.ID, `{"qty":"3"}`)
	case 5:
		status, body = send(handler, "DELETE", "/v2/positions/"+symbol+"?percentage=50", "")
	case 6:
		status, body = send(handler, "DELETE", "/v2/orders", "")
	}
	if status >= 500 {
		t.Fatalf("HTTP %d %s", status, body)
	}
}

func get[T any](t *rapid.T, handler http.Handler, path string) (into T) {
	status, body := send(handler, "GET", path, "")
	if err := json.Unmarshal([]byte(body), &into); err != nil || status != 200 {
		t.Fatalf("%s: HTTP %d %s, %v", path, status, body, err)
	}
	return into
}

// checkReserve: an opening order takes just what it needs, and no more than there was.
func checkReserve(t *rapid.T, handler http.Handler, body string, before decimal.Decimal) {
	var o wire.Order
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		t.Fatal(err)
	}
	taken := before.Sub(get[wire.Account](t, handler, "/v2/account").BuyingPower)
	opens := strings.HasSuffix(o.PositionIntent, "_to_open")
	switch needs := o.Qty.Decimal.Mul(o.LimitPrice.Decimal).RoundUp(2); {
	case o.Status == "canceled":
	case !opens && !taken.IsZero(), opens && !taken.IsPositive():
		t.Fatalf("%s takes %s of %s", body, taken, before)
	case opens && o.Side == "buy" && o.LimitPrice.Valid && !taken.Equal(needs):
		t.Fatalf("%s takes %s, not %s, of %s", body, taken, needs, before)
	}
}

// checkLaws holds the account to its laws.
func checkLaws(t *rapid.T, handler http.Handler) {
	account := get[wire.Account](t, handler, "/v2/account")
	cash, held, cost, fees, realised := replayActivities(t, handler)
	if !cash.Equal(account.Cash) {
		t.Fatalf("cash %s, by the activities %s", account.Cash, cash)
	}
	equity, invested := account.Cash, decimal.Zero
	for _, p := range get[[]wire.Position](t, handler, "/v2/positions") {
		if !p.Qty.Equal(held[p.Symbol]) || !p.CostBasis.Equal(cost[p.Symbol]) {
			t.Fatalf("position %s of %s at %s, by the activities %s at %s", p.Qty, p.Symbol, p.CostBasis, held[p.Symbol], cost[p.Symbol])
		}
		if p.QtyAvailable.Mul(p.Qty).IsNegative() || p.QtyAvailable.Abs().GreaterThan(p.Qty.Abs()) {
			t.Fatalf("%s available of %s %s", p.QtyAvailable, p.Qty, p.Symbol)
		}
		equity, invested = equity.Add(p.MarketValue.Decimal), invested.Add(p.CostBasis)
	}
	if !equity.Equal(account.Equity) {
		t.Fatalf("equity %s, cash and positions %s", account.Equity, equity)
	}
	if left := account.Cash.Add(invested).Add(fees); !left.Equal(decimal.NewFromInt(100_000).Add(realised)) {
		t.Fatalf("cash, cost and fees are %s, deposit and profit 100000 and %s", left, realised)
	}
	for _, o := range get[[]wire.Order](t, handler, "/v2/orders?status=all&limit=500&nested=true") {
		checkGroup(t, o)
	}
}

// checkGroup: no order fills more than its quantity, a parent's legs together no more than it.
func checkGroup(t *rapid.T, o wire.Order) {
	closed := decimal.Zero
	for _, leg := range o.Legs {
		closed = closed.Add(leg.FilledQty)
	}
	if o.OrderClass == "oco" {
		closed = closed.Add(o.FilledQty)
	}
	switch {
	case o.Qty.Valid && o.FilledQty.GreaterThan(o.Qty.Decimal):
		t.Fatalf("%s filled of %s", o.FilledQty, o.Qty.Decimal)
	case o.Notional.Valid && o.FilledQty.Mul(o.FilledAvgPrice.Decimal).Sub(o.Notional.Decimal).GreaterThan(decimal.New(1, -2)):
		t.Fatalf("%s at %s for %s", o.FilledQty, o.FilledAvgPrice.Decimal, o.Notional.Decimal)
	case closed.GreaterThan(o.Qty.Decimal) && len(o.Legs) > 0:
		t.Fatalf("legs filled %s of %s: %+v", closed, o.Qty.Decimal, o)
	case len(o.Legs) == 2 && o.Legs[0].Status == "filled" && o.Legs[1].Status == "filled":
		t.Fatalf("both legs filled: %+v", o)
	}
}

// replayActivities is the ledger a second time, from the activities alone.
func replayActivities(t *rapid.T, handler http.Handler) (cash decimal.Decimal, held, cost map[string]decimal.Decimal, fees, realised decimal.Decimal) {
	cash, held, cost = decimal.NewFromInt(100_000), map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
	token := ""
	for {
		page := get[[]struct {
			wire.FillActivity
			Net decimal.Decimal `json:"net_amount"`
		}](t, handler, "/v2/account/activities?direction=asc&page_token="+url.QueryEscape(token))
		for _, a := range page {
			token = a.ID
			if a.ActivityType == "FEE" {
				cash, fees = cash.Add(a.Net), fees.Sub(a.Net)
				continue
			}
			qty, money := a.Qty, a.Qty.Mul(a.Price).Round(2)
			if a.Side != "buy" {
				qty, money = qty.Neg(), money.Neg()
			}
			cash = cash.Sub(money)
			before := held[a.Symbol]
			held[a.Symbol] = before.Add(qty)
			if before.Mul(held[a.Symbol]).IsNegative() {
				t.Fatalf("%s of %s went through zero to %s", before, a.Symbol, held[a.Symbol])
			}
			if before.Mul(qty).IsNegative() {
				part := cost[a.Symbol].Mul(qty.Neg()).Div(before).Round(2)
				if held[a.Symbol].IsZero() {
					part = cost[a.Symbol]
				}
				realised = realised.Sub(money).Sub(part)
				money = part.Neg()
			}
			cost[a.Symbol] = cost[a.Symbol].Add(money)
		}
		if len(page) == 0 {
			return cash, held, cost, fees, realised
		}
	}
}

func TestRandomFlowsKeepTheLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawFlow(t)
		first := f.play(t, false)
		if second := f.play(t, false); first != second {
			t.Fatalf("played twice:\n%s\n%s", first, second)
		}
		if killed := f.play(t, true); first != killed {
			t.Fatalf("played through:\n%s\nwith kills:\n%s", first, killed)
		}
	})
}
