package cli_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// gate stands between a program and a simulator. When an order arrives it says so, before or after
// passing the order on, and never answers.
type gate struct {
	proxy   *httputil.ReverseProxy
	after   bool // pass the order on first
	arrived chan struct{}
	once    sync.Once
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && r.URL.Path == "/v2/orders" {
		if g.after {
			g.proxy.ServeHTTP(httptest.NewRecorder(), r)
		}
		_, _ = io.Copy(io.Discard, r.Body) // only then is a dead program noticed
		g.once.Do(func() { close(g.arrived) })
		<-r.Context().Done()
		return
	}
	g.proxy.ServeHTTP(w, r)
}

// The process is killed, as by a power cut, when its order has been journaled and is on its way.
// Run again, it resolves what it left and there is one order for each intent.
func TestKilledBetweenJournalAndSubmitOrdersOnce(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]bool{"before the broker has it": false, "after the broker has it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sh := newShell(t)
			simulator := sh.serve(t, "simulator", "--listen", "127.0.0.1:0", "--data", "synthetic", "--seed", "7", "--now", "2026-11-20T17:00:01Z")
			target, err := url.Parse(simulator)
			if err != nil {
				t.Fatal(err)
			}
			sh.write(t, "config/watchlist.yaml", "watchlist: [AAPL, MSFT, NVDA, AMZN, GOOGL, TSLA, JPM, SPY]\n")
			sh.write(t, "config/settings.yaml", buysOften)

			killAtOrder(t, sh, &gate{
				proxy: httputil.NewSingleHostReverseProxy(target), after: after, arrived: make(chan struct{}),
			})
			if got, want := len(ordersAt(t, simulator)) > 0, after; got != want {
				t.Fatalf("after the kill the broker has %d orders", len(ordersAt(t, simulator)))
			}
			sh.tradingAt(simulator)
			sh.run(t, "trade")
			orders := ordersAt(t, simulator)
			seen := map[string]int{}
			for _, order := range orders {
				seen[order.ClientOrderID]++
				if seen[order.Symbol]++; seen[order.Symbol] > 1 || seen[order.ClientOrderID] > 1 {
					t.Errorf("%s was ordered twice", order.Symbol)
				}
			}
			planned := len(decode[tradedCycle](t, sh.run(t, "trade", "--json")).planned())
			if len(orders) < 2 || planned != 0 || len(ordersAt(t, simulator)) != len(orders) {
				t.Errorf("%d orders after the restart, %d more planned", len(orders), planned)
			}
		})
	}
}

// buysOften buys about every second symbol.
const buysOften = `
data: {timeframe: 5Min}
indicators:
  rsi: {enabled: true, oversold: 50, overbought: 99}
  sma_crossover: {enabled: false}
  macd: {enabled: false}
  bollinger_bands: {enabled: false}
`

// killAtOrder runs a trade through the gate and ends it with SIGKILL when its first order arrives.
func killAtOrder(t *testing.T, sh *shell, g *gate) {
	t.Helper()
	server := httptest.NewServer(g)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	copied := &shell{program: sh.program, folder: sh.folder, environ: append([]string(nil), sh.environ...)}
	command := copied.tradingAt(server.URL).command(ctx, "trade")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-g.arrived:
	case <-ctx.Done():
		t.Error("no order came")
	}
	if err := errors.Join(command.Process.Kill(), command.Wait()); err == nil {
		t.Fatal("the process was not killed")
	}
}
