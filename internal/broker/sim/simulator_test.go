package sim_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func TestFastTimeSkipsClosedHours(t *testing.T) {
	t.Parallel()
	machine := clock.NewHeld(at(t, "2026-01-01T00:00:00Z"))
	simulator, err := sim.New(sim.Config{
		Market: sim.NewSynthetic(1), Machine: machine, Pace: sim.Times(60), Now: at(t, "2026-11-27T17:50:00Z"), // a half day
	})
	if err != nil {
		t.Fatal(err)
	}
	machine.Advance(5 * time.Second)
	if now := simulator.Now(); !now.Equal(at(t, "2026-11-27T17:55:00Z")) {
		t.Errorf("after 5 s: %s", now)
	}
	machine.Advance(15 * time.Second)
	if now := simulator.Now(); !now.Equal(at(t, "2026-11-30T14:40:00Z")) {
		t.Errorf("after 20 s: %s", now)
	}
	machine.Advance(-time.Hour)
	if now := simulator.Now(); !now.Equal(at(t, "2026-11-30T14:40:00Z")) {
		t.Errorf("the machine's clock went back: %s", now)
	}
}

func TestRealTimeKeepsClosedHours(t *testing.T) {
	t.Parallel()
	machine := clock.NewHeld(at(t, "2026-11-20T20:59:00Z"))
	simulator, err := sim.New(sim.Config{Market: sim.NewSynthetic(1), Machine: machine, Pace: sim.RealTime()})
	if err != nil {
		t.Fatal(err)
	}
	machine.Advance(24 * time.Hour)
	if now := simulator.Now(); !now.Equal(at(t, "2026-11-21T20:59:00Z")) {
		t.Errorf("a day later: %s", now)
	}
}

func TestStartFillsAndTells(t *testing.T) {
	t.Parallel()
	machine := clock.NewHeld(at(t, "2026-01-01T00:00:00Z"))
	b := serve(t, sim.Config{Market: sim.NewSynthetic(1), Machine: machine, Pace: sim.Times(1), Now: at(t, "2026-11-20T15:00:01Z")})
	b.simulator.Start(context.Background())
	b.simulator.Start(context.Background())
	placed := b.buy(t, "AAPL", "1", "")
	changed := b.simulator.Changed()
	machine.Advance(10 * time.Second)
	select {
	case <-changed:
	case <-time.After(soon):
		t.Fatal("no fill was told")
	}
	if order, err := b.trading.GetOrder(placed.ID); err != nil || order.Status != "filled" {
		t.Errorf("order %+v, error %v", order, err)
	}
	for range 2 {
		if err := b.simulator.Stop(); err != nil {
			t.Error(err)
		}
	}
}

func TestDayOrderWithoutAPrintExpires(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T20:59:58Z") // after the last print of the session
	placed := b.buy(t, "AAPL", "1", "")
	b.advance(t, "2026-11-20T21:00:00Z")
	order, err := b.trading.GetOrder(placed.ID)
	if err != nil || order.Status != "expired" || order.ExpiredAt == nil || !order.ExpiredAt.Equal(at(t, "2026-11-20T21:00:00Z")) {
		t.Errorf("order %+v, error %v", order, err)
	}
	lasting, err := b.trading.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: dec("1"), Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.GTC})
	if err != nil {
		t.Fatal(err)
	}
	b.advance(t, "2026-11-24T12:00:00Z")
	if order, err := b.trading.GetOrder(lasting.ID); err != nil || order.Status != "filled" || !order.FilledAt.Equal(at(t, "2026-11-23T14:30:00Z")) {
		t.Errorf("order %+v, error %v", order, err)
	}
}

func TestRecordedDaysFillAtOpenAndClose(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "XYZ.csv"), "symbol,timestamp,open,high,low,close,volume\n"+
		"XYZ,2020-06-01,10,12,9,11,100\nXYZ,2020-06-02,20,22,19,21,100\nXYZ,2020-06-03,30,32,29,31,100\n")
	prices, err := sim.LoadCSV(folder)
	if err != nil {
		t.Fatal(err)
	}
	b := serve(t, sim.Config{Market: prices, Now: at(t, "2020-06-01T21:00:00Z")})
	overnight := b.buy(t, "XYZ", "1", "")
	b.advance(t, "2020-06-02T15:00:00Z")
	during := b.buy(t, "XYZ", "1", "")
	b.advance(t, "2020-06-05T21:00:00Z")
	for id, want := range map[string]string{overnight.ID: "20 2020-06-02T13:30:00Z", during.ID: "21 2020-06-02T20:00:00Z"} {
		order, err := b.trading.GetOrder(id)
		if err != nil || order.Status != "filled" || order.FilledAvgPrice.String()+" "+order.FilledAt.Format(time.RFC3339) != want {
			t.Errorf("order %+v, error %v, want %s", order, err, want)
		}
	}
	if late := b.buy(t, "XYZ", "1", ""); late.Status != "accepted" {
		t.Errorf("after the data: %+v", late)
	}
	if start := sim.DefaultStart(prices, nil); !start.Equal(at(t, "2020-06-03T20:00:00Z")) {
		t.Errorf("default start %s", start)
	}
}

func writeFile(t testing.TB, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDemoAccountIsOpenedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	for range 2 {
		if err := b.simulator.OpenDemoAccount("key", "secret"); err != nil {
			t.Fatal(err)
		}
	}
	orders, err := b.trading.GetOrders(alpaca.GetOrdersRequest{Status: "all", Limit: 500})
	if err != nil || len(orders) != 13 {
		t.Errorf("%d orders, error %v", len(orders), err)
	}
	for _, order := range orders {
		if order.Status != "filled" {
			t.Errorf("order %+v", order)
		}
	}
	if err := b.simulator.OpenDemoAccount("key", "other"); !fault.Is(err, fault.Conflict) {
		t.Errorf("another secret: %v", err)
	}
}

func TestTimeDoesNotGoBack(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	for _, to := range []string{"2026-11-20T14:59:59Z", "2300-01-01T00:00:00Z"} {
		if err := b.simulator.Advance(at(t, to)); !fault.Is(err, fault.Invalid) {
			t.Errorf("to %s: %v", to, err)
		}
	}
}
