package cli_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The headless trader orders for real by its YAML file; closing everything leaves no position.
func TestHeadlessTradesAndFlattenClosesWhatItBought(t *testing.T) {
	t.Parallel()
	sh := newShell(t, "TRADING_ENABLED=true", "ALPACA_PAPER=true")
	simulator := sh.stepping(t)
	trader := sh.tradingAt(simulator).decide(t, "headless")
	if first := trader.next(); first == "" || strings.Contains(first, ": 0 of") {
		t.Fatalf("the headless trader said %q", first)
	}
	trader.end(t)
	advance(t, simulator, time.Date(2026, 11, 20, 17, 6, 0, 0, time.UTC))
	if held := positionsAt(t, simulator); len(held) == 0 {
		t.Fatal("nothing was bought")
	}
	sh.run(t, "flatten", "--reason", "Enough.")
	advance(t, simulator, time.Date(2026, 11, 20, 17, 12, 0, 0, time.UTC))
	if held := positionsAt(t, simulator); len(held) != 0 {
		t.Errorf("after closing everything %v are held", held)
	}
	if said := string(sh.run(t, "reconcile")); !strings.Contains(said, "agree") {
		t.Errorf("afterwards reconcile says %s", said)
	}
}

// positionsAt are the symbols that the keys of tradingAt hold at the simulator.
func positionsAt(t *testing.T, address string) []string {
	t.Helper()
	var positions []struct{ Symbol string }
	askBroker(t, http.MethodGet, address+"/v2/positions", "PKSHELL", nil, &positions)
	symbols := make([]string, len(positions))
	for i, position := range positions {
		symbols[i] = position.Symbol
	}
	return symbols
}
