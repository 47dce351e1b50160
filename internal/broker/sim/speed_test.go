package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
)

// BenchmarkOrders places limit and market orders in turn, each filled or canceled at once, without a
// network: requests through the handler, as the embedded simulator serves them.
func BenchmarkOrders(b *testing.B) {
	simulator, err := sim.New(sim.Config{Market: sim.NewSynthetic(1), Now: time.Date(2026, time.November, 20, 15, 0, 0, 0, time.UTC)})
	if err != nil {
		b.Fatal(err)
	}
	handler := spectest.Checked(b, simulator.Handler())
	i := 0
	for b.Loop() {
		side := []string{"buy", "sell"}[i%2]
		body := fmt.Sprintf(`{"symbol":"AAPL","qty":"1","side":"%s","type":"market","time_in_force":"day","client_order_id":"%d"}`, side, i)
		if status, answer := send(handler, "POST", "/v2/orders", body); status != 200 {
			b.Fatal(answer)
		}
		i++
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "orders/s")
}

// BenchmarkRestingOrders has a hundred open orders while others come and go.
func BenchmarkRestingOrders(b *testing.B) {
	simulator, err := sim.New(sim.Config{Market: sim.NewSynthetic(1), Now: time.Date(2026, time.November, 20, 15, 0, 1, 0, time.UTC)})
	if err != nil {
		b.Fatal(err)
	}
	handler := spectest.Checked(b, simulator.Handler())
	place := func(price string) {
		if status, answer := send(handler, "POST", "/v2/orders", `{"symbol":"KO","qty":"1","side":"buy","type":"limit","time_in_force":"gtc","limit_price":"`+price+`"}`); status != 200 {
			b.Fatal(answer)
		}
	}
	for i := range 100 {
		place(fmt.Sprintf("1.%02d", i))
	}
	i := 0
	for b.Loop() {
		place("1")
		if i++; i%100 == 0 {
			if err := simulator.Advance(simulator.Now().Add(time.Second)); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			send(handler, "DELETE", "/v2/orders", "")
			for k := range 100 {
				place(fmt.Sprintf("1.%02d", k))
			}
			b.StartTimer()
		}
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "orders/s")
}
