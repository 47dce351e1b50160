package sim_test

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
)

// act is one thing that a client does.
type act struct {
	symbol   string
	side     alpaca.Side
	tif      alpaca.TimeInForce
	qty      string // empty: notional
	notional string
	cancel   bool
	wait     time.Duration
}

func drawAct(t *rapid.T) act {
	a := act{
		symbol: rapid.SampledFrom([]string{"AAPL", "KO", "TSLA"}).Draw(t, "symbol"),
		side:   rapid.SampledFrom([]alpaca.Side{alpaca.Buy, alpaca.Sell}).Draw(t, "side"),
		tif:    rapid.SampledFrom([]alpaca.TimeInForce{alpaca.Day, alpaca.Day, alpaca.GTC, alpaca.IOC}).Draw(t, "time in force"),
		cancel: rapid.IntRange(0, 9).Draw(t, "cancel") == 0,
		wait:   time.Duration(rapid.SampledFrom([]int{0, 3, 60, 3600, 86400}).Draw(t, "wait")) * time.Second,
	}
	switch rapid.IntRange(0, 2).Draw(t, "amount") {
	case 0:
		a.qty = fmt.Sprint(rapid.IntRange(1, 400).Draw(t, "shares"))
	case 1:
		a.qty = decimal.New(int64(rapid.IntRange(1, 400_000_000_000).Draw(t, "part of a share")), -9).String()
	default:
		a.notional = decimal.New(int64(rapid.IntRange(100, 15_000_000).Draw(t, "cents")), -2).String()
	}
	return a
}

// do plays the acts on a new market and returns all that happened, as text, and the clients.
func do(t *rapid.T, acts []act) (string, *alpaca.Client) {
	simulator, err := sim.New(sim.Config{
		Market: sim.NewSynthetic(5), Now: time.Date(2026, time.November, 19, 15, 0, 1, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(spectest.Checked(t, simulator.Handler()))
	t.Cleanup(server.Close)
	client := alpaca.NewClient(alpaca.ClientOpts{APIKey: "key", APISecret: "secret", BaseURL: server.URL, RetryLimit: -1, HTTPClient: patient})
	for i, a := range acts {
		request := alpaca.PlaceOrderRequest{Symbol: a.symbol, Side: a.side, Type: alpaca.Market, TimeInForce: a.tif, ClientOrderID: fmt.Sprint("order ", i)}
		if a.qty != "" {
			request.Qty = dec(a.qty)
		} else {
			request.Notional = dec(a.notional)
		}
		placed, err := client.PlaceOrder(request)
		if err == nil && a.cancel {
			_ = client.CancelOrder(placed.ID) // it may have filled already
		}
		if err := simulator.Advance(simulator.Now().Add(a.wait)); err != nil {
			t.Fatal(err)
		}
		checkMoney(t, client)
	}
	orders, err := client.GetOrders(alpaca.GetOrdersRequest{Status: "all", Limit: 500, Direction: "asc"})
	if err != nil {
		t.Fatal(err)
	}
	story := ""
	for _, o := range orders {
		story += fmt.Sprintln(o.ClientOrderID, o.Symbol, o.Side, o.Status, o.FilledQty, o.FilledAvgPrice, o.SubmittedAt, o.FilledAt)
	}
	return story, client
}

// checkMoney holds the account to its laws: cash, what positions cost and what was realised add up
// to the deposit; equity is cash and market value; no more is promised than held.
func checkMoney(t *rapid.T, client *alpaca.Client) {
	account, err := client.GetAccount()
	if err != nil {
		t.Fatal(err)
	}
	positions, err := client.GetPositions()
	if err != nil {
		t.Fatal(err)
	}
	fills, err := client.GetAccountActivities(alpaca.GetAccountActivitiesRequest{ActivityTypes: []string{"FILL"}, Direction: "asc"})
	if err != nil {
		t.Fatal(err)
	}
	cost, realised, cash, held := replay(fills)
	if !cash.Equal(account.Cash) {
		t.Fatalf("cash %s, by the executions %s", account.Cash, cash)
	}
	equity := account.Cash
	for _, p := range positions {
		if !p.Qty.Equal(held[p.Symbol]) || !p.CostBasis.Equal(cost[p.Symbol]) {
			t.Fatalf("position %s of %s at %s, by the executions %s at %s", p.Qty, p.Symbol, p.CostBasis, held[p.Symbol], cost[p.Symbol])
		}
		if p.QtyAvailable.Mul(p.Qty).IsNegative() || p.QtyAvailable.Abs().GreaterThan(p.Qty.Abs()) {
			t.Fatalf("%s available of %s %s", p.QtyAvailable, p.Qty, p.Symbol)
		}
		equity = equity.Add(*p.MarketValue)
		cash = cash.Add(p.CostBasis)
	}
	if !equity.Equal(account.Equity) {
		t.Fatalf("equity %s, cash and positions %s", account.Equity, equity)
	}
	if deposit := cash.Sub(realised); !deposit.Equal(decimal.NewFromInt(100_000)) {
		t.Fatalf("cash and cost less realised profit is %s", deposit)
	}
}

// replay is the ledger a second time, from the executions alone.
func replay(fills []alpaca.AccountActivity) (cost map[string]decimal.Decimal, realised, cash decimal.Decimal, held map[string]decimal.Decimal) {
	cost, held = map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
	cash = decimal.NewFromInt(100_000)
	for _, f := range fills {
		qty, money := f.Qty, f.Qty.Mul(f.Price).Round(2)
		if f.Side != "buy" {
			qty, money = qty.Neg(), money.Neg()
		}
		cash = cash.Sub(money)
		before := held[f.Symbol]
		held[f.Symbol] = before.Add(qty)
		if before.Mul(qty).IsNegative() {
			part := cost[f.Symbol].Mul(qty.Neg()).Div(before).Round(2)
			if held[f.Symbol].IsZero() {
				part = cost[f.Symbol]
			}
			realised = realised.Sub(money).Sub(part)
			money = part.Neg()
		}
		cost[f.Symbol] = cost[f.Symbol].Add(money)
	}
	return cost, realised, cash, held
}

func TestMoneyAddsUpAndTheSameOrdersFillTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		acts := rapid.SliceOfN(rapid.Custom(drawAct), 1, 12).Draw(t, "acts")
		first, client := do(t, acts)
		if second, _ := do(t, acts); first != second {
			t.Fatalf("played twice:\n%s\n%s", first, second)
		}
		orders, err := client.GetOrders(alpaca.GetOrdersRequest{Status: "all", Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range orders {
			if o.Qty != nil && o.FilledQty.GreaterThan(*o.Qty) {
				t.Fatalf("%s filled of %s", o.FilledQty, o.Qty)
			}
			if o.Notional != nil && o.FilledAvgPrice != nil && o.FilledQty.Mul(*o.FilledAvgPrice).GreaterThan(*o.Notional) {
				t.Fatalf("%s at %s for %s", o.FilledQty, o.FilledAvgPrice, o.Notional)
			}
		}
	})
}
