package sim_test

import (
	"fmt"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func TestAccountsAreOpenedWithPositions(t *testing.T) {
	t.Parallel()
	kept := newShelf()
	b := serve(t, sim.Config{Market: sim.NewSynthetic(1), Now: at(t, "2026-11-20T15:00:02Z"), State: kept})
	const wanted = `{"key":"key","secret":"secret","cash":"5000","positions":[{"symbol":"AAPL","qty":"10","avg_entry_price":"100.5"},{"symbol":"KO","qty":-3,"avg_entry_price":50}]}`
	if status, body, _ := b.ask(t, "POST", "/_simulator/accounts", wanted); status != 200 || !strings.Contains(body, `"cost_basis":"1005"`) {
		t.Fatalf("HTTP %d %s", status, body)
	}
	for name, refused := range map[string]string{
		"known": wanted, "stock": `{"key":"k","secret":"s","positions":[{"symbol":"NONE","qty":1,"avg_entry_price":1}]}`,
		"quantity": `{"key":"k","secret":"s","positions":[{"symbol":"KO","qty":0,"avg_entry_price":1}]}`,
		"price":    `{"key":"k","secret":"s","positions":[{"symbol":"KO","qty":1}]}`, "secret": `{"key":"k"}`,
		"cents": `{"key":"k","secret":"s","cash":"1.001"}`,
	} {
		if status, body, _ := b.ask(t, "POST", "/_simulator/accounts", refused); status != 422 {
			t.Errorf("%s: HTTP %d %s", name, status, body)
		}
	}
	a := b.account(t)
	if !a.Cash.Equal(*dec("5000")) || !a.LastEquity.IsPositive() {
		t.Errorf("account %+v", a)
	}
	b.place(t, "symbol=AAPL qty=10 side=sell")
	b.advance(t, "2026-11-20T15:05:00Z")
	again := serve(t, sim.Config{Market: sim.NewSynthetic(1), State: kept.copied()}) // the law holds, or the state is refused
	var held []wire.Position
	_, body, _ := again.ask(t, "GET", "/v2/positions", "")
	if read(t, body, &held); len(held) != 1 || held[0].Symbol != "KO" || held[0].Side != "short" {
		t.Errorf("after a sale and a restart: %s", body)
	}
	if err := b.simulator.OpenAccount(sim.NewAccount{Key: "key", Secret: "other"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a known key: %v", err)
	}
}

// BenchmarkManyAccounts opens 10,000 accounts with 20 positions each and reports the memory that
// they take; an iteration steps the market by a minute.
func BenchmarkManyAccounts(b *testing.B) {
	market := sim.NewSynthetic(1)
	simulator, err := sim.New(sim.Config{Market: market, Now: at(b, "2026-11-20T15:00:02Z")})
	if err != nil {
		b.Fatal(err)
	}
	before := heap()
	const accounts = 10_000
	for i := range accounts {
		account := sim.NewAccount{Key: fmt.Sprint("key", i), Secret: "secret"}
		for _, asset := range market.Assets()[:20] {
			account.Positions = append(account.Positions, sim.Holding{Symbol: asset.Symbol, Qty: decimal.NewFromInt(int64(i%7 + 1)), AvgEntryPrice: decimal.NewFromInt(100)})
		}
		if err := simulator.OpenAccount(account); err != nil {
			b.Fatal(err)
		}
	}
	megabytes := float64(heap()-before) / (1 << 20)
	for b.Loop() {
		if err := simulator.Advance(simulator.Now().Add(1e6)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(megabytes, "MB")
	request := httptest.NewRequest("GET", "/v2/positions", nil)
	request.SetBasicAuth("key77", "secret")
	answer := httptest.NewRecorder()
	spectest.Checked(b, simulator.Handler()).ServeHTTP(answer, request)
	if answer.Code != 200 || strings.Count(answer.Body.String(), `"symbol"`) != 20 {
		b.Fatal(answer.Body)
	}
}

func heap() uint64 {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}
