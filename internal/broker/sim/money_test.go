package sim_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

func (b bench) account(t testing.TB) wire.Account {
	t.Helper()
	var a wire.Account
	_, body, _ := b.ask(t, "GET", "/v2/account", "")
	read(t, body, &a)
	return a
}

func (b bench) activities(t testing.TB, query string) []map[string]any {
	t.Helper()
	var list []map[string]any
	_, body, _ := b.ask(t, "GET", "/v2/account/activities"+query, "")
	read(t, body, &list)
	return list
}

// steady is a stock at $100 on two days, and one that costs less than a dollar.
var steady = []string{
	"XYZ,2020-06-01T13:30:00Z,100,100,100,100,1000", "XYZ,2020-06-01T14:00:00Z,100,100,100,100,1000",
	"XYZ,2020-06-02T13:30:00Z,100,100,100,100,1000", "XYZ,2020-06-03T13:30:00Z,100,100,100,100,1000",
	"XYZ,2020-06-04T13:30:00Z,100,100,100,100,1000",
}

func TestBuyingPowerByMultiplier(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		multiplier       int
		cash             string
		power, afterward string // before and after buying $10,000 worth
		regulationT      string
	}{
		"cash":         {1, "100000", "100000", "90000", "90000"},
		"usual":        {2, "100000", "200000", "190000", "190000"},
		"intraday":     {4, "100000", "400000", "388000", "190000"}, // (100000 - 30 % of 10000) x 4
		"small equity": {2, "1999", "1999", "1999", "1999"},         // a cash account; nothing bought
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := recorded(t, "2020-06-01T14:00:00Z", steady, func(k *sim.Config) { k.Multiplier, k.Cash = c.multiplier, *dec(c.cash) })
			before := b.account(t)
			if before.BuyingPower.String() != c.power {
				t.Errorf("before: %s, want %s", before.BuyingPower, c.power)
			}
			if b.post(t, "qty=100"); c.cash == "1999" && before.ShortingEnabled {
				t.Error("a small account may sell short")
			}
			b.advance(t, "2020-06-01T14:00:10Z")
			after := b.account(t)
			if after.BuyingPower.String() != c.afterward || after.RegTBuyingPower.String() != c.regulationT {
				t.Errorf("after: %s and %s by Regulation T, want %s and %s", after.BuyingPower, after.RegTBuyingPower, c.afterward, c.regulationT)
			}
		})
	}
}

// Proceeds settle two days later in 2020; until then a cash account cannot use them.
func TestProceedsSettle(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", steady, func(c *sim.Config) { c.Multiplier = 1 })
	b.place(t, "qty=100")
	b.advance(t, "2020-06-01T14:00:10Z")
	b.place(t, "qty=100 side=sell")
	b.advance(t, "2020-06-01T14:01:00Z")
	for _, step := range []struct{ to, power string }{
		{"2020-06-01T14:02:00Z", "90000"}, {"2020-06-02T15:00:00Z", "90000"}, {"2020-06-03T15:00:00Z", "100000"},
	} {
		b.advance(t, step.to)
		if a := b.account(t); a.BuyingPower.String() != step.power || a.NonMarginableBuyingPower.String() != step.power || a.Cash.String() != "100000" {
			t.Errorf("%s: buying power %s, non-marginable %s, cash %s, want %s", step.to, a.BuyingPower, a.NonMarginableBuyingPower, a.Cash, step.power)
		}
	}
}

func TestReservesAndMargin(t *testing.T) {
	t.Parallel()
	for order, reserved := range map[string]string{
		"qty=10 type=limit limit_price=90":                      "900",
		"qty=10 type=stop stop_price=110":                       "1100",
		"qty=10 type=stop_limit stop_price=110 limit_price=111": "1110",
		"qty=null notional=123.45 type=limit limit_price=90":    "123.45",
		"qty=10 side=sell type=limit limit_price=120":           "1200",
		"qty=10 side=sell type=limit limit_price=102":           "1030",
		"qty=10 type=trailing_stop trail_price=5":               "1050",
		"qty=10 type=limit limit_price=90 " + "order_class=bracket take_profit.limit_price=95 stop_loss.stop_price=80": "900",
	} {
		b := recorded(t, "2020-06-01T14:00:00Z", steady)
		o := b.place(t, order)
		if got := decimal.NewFromInt(200_000).Sub(b.account(t).BuyingPower); got.String() != reserved {
			t.Errorf("%s reserves %s, want %s", order, got, reserved)
		}
		b.ask(t, "DELETE", "/v2/orders/"+o.ID, "")
		if got := b.account(t).BuyingPower; got.String() != "200000" {
			t.Errorf("%s canceled: %s", order, got)
		}
	}
	b := recorded(t, "2020-06-01T14:00:00Z", steady)
	b.place(t, "qty=100 side=sell")
	b.advance(t, "2020-06-01T14:00:10Z")
	a := b.account(t)
	if a.ShortMarketValue.String() != "-10000" || a.InitialMargin.String() != "5000" || a.MaintenanceMargin.String() != "3000" ||
		a.Cash.String() != "110000" || a.Equity.String() != "100000" || a.PositionMarketValue.String() != "10000" {
		t.Errorf("short: %+v", a)
	}
}

func TestFees(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", steady, func(c *sim.Config) {
		c.Fees = sim.Fees{PerOrder: *dec("1"), PerShare: *dec("0.001"), OfSales: *dec("0.0000278")}
	})
	b.place(t, "qty=100")
	b.advance(t, "2020-06-01T14:00:10Z")
	b.place(t, "qty=100 side=sell")
	b.advance(t, "2020-06-01T14:01:00Z")
	if cash := b.account(t).Cash; cash.String() != "99997.52" { // 1.10 to buy, 1.38 to sell
		t.Errorf("cash %s", cash)
	}
	fees := b.activities(t, "?activity_types=FEE&direction=asc")
	if len(fees) != 2 || fees[0]["net_amount"] != "-1.1" || fees[1]["net_amount"] != "-1.38" || fees[0]["status"] != "executed" || fees[0]["date"] != "2020-06-01" {
		t.Errorf("fees %v", fees)
	}
	if n := len(b.activities(t, "?category=trade_activity")); n != 2 {
		t.Errorf("%d executions", n)
	}
}

func TestDividendsAndSplits(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	lines := strings.ReplaceAll(strings.Join(steady, "\n"), "2020-06-04T13:30:00Z,100,100,100,100", "2020-06-04T13:30:00Z,50,50,50,50")
	writeFile(t, filepath.Join(folder, "bars.csv"), "symbol,timestamp,open,high,low,close,volume\n"+lines+"\n")
	writeFile(t, filepath.Join(folder, sim.ActionsFile), "symbol,ex_date,type,ratio_or_cash\nXYZ,2020-06-02,dividend,0.5\nXYZ,2020-06-03,spin_off,1.25\nXYZ,2020-06-04,split,2\n")
	prices, err := sim.LoadCSV(folder)
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]*shelf{"buy": newShelf(), "sell": newShelf()}
	for _, side := range []string{"buy", "sell"} {
		b := serve(t, sim.Config{Market: prices, Now: at(t, "2020-06-01T14:00:00Z"), State: states[side]})
		b.place(t, "qty=10 side="+side)
		b.advance(t, "2020-06-01T14:00:10Z")
		resting := b.place(t, "type=limit limit_price=40 time_in_force=gtc side="+side+strings.Repeat(" limit_price=400", len(side)-3))
		equity := b.account(t).Equity
		b.advance(t, "2020-06-04T14:00:00Z")
		sign := decimal.NewFromInt(1)
		if side == "sell" {
			sign = sign.Neg()
		}
		a := b.account(t)
		if want := equity.Add(sign.Mul(*dec("17.5"))); !a.Equity.Equal(want) { // 10 x (0.5 + 1.25); the split changes nothing
			t.Errorf("%s: equity %s, want %s", side, a.Equity, want)
		}
		var p wire.Position
		_, body, _ := b.ask(t, "GET", "/v2/positions/XYZ", "")
		if read(t, body, &p); !p.Qty.Equal(sign.Mul(*dec("20"))) || p.AvgEntryPrice.String() != "50" || !p.CostBasis.Equal(sign.Mul(*dec("1000"))) {
			t.Errorf("%s: %s", side, body)
		}
		if got := b.order(t, resting.ID).Status; got != "canceled" {
			t.Errorf("%s: the order from before the split is %s", side, got)
		}
		if list := b.activities(t, "?category=non_trade_activity&direction=asc"); len(list) != 3 || list[0]["activity_type"] != "DIV" ||
			list[0]["per_share_amount"] != "0.5" || list[2]["activity_type"] != "SPLIT" {
			t.Errorf("%s: activities %v", side, list)
		}
		_, history, _ := b.ask(t, "GET", "/v2/account/portfolio/history?period=1W&timeframe=1D&cashflow_types=DIV", "")
		var h wire.PortfolioHistory
		if read(t, history, &h); h.Equity[len(h.Equity)-1] != a.Equity.InexactFloat64() || len(h.Cashflow["DIV"]) != len(h.Equity) {
			t.Errorf("%s: history %s", side, history)
		}
		if err := b.simulator.Stop(); err != nil {
			t.Fatal(err)
		}
		again := serve(t, sim.Config{Market: prices, State: states[side]}) // the law holds, or the file is refused
		if got := again.account(t); !got.Equity.Equal(a.Equity) {
			t.Errorf("%s: after a restart %s, before %s", side, got.Equity, a.Equity)
		}
	}
}
