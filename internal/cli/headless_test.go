package cli_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// The headless trader orders for real by its YAML file; closing everything leaves no position.
func TestHeadlessTradesAndFlattenClosesWhatItBought(t *testing.T) {
	t.Parallel()
	sh := newShell(t, "TRADING_ENABLED=true", "ALPACA_PAPER=true")
	simulator := sh.serve(t, "simulator", "--listen", "127.0.0.1:0", "--data", "synthetic", "--seed", "7", "--now", "2026-11-20T17:00:01Z", "--speed", "step")
	sh.tradingAt(simulator)
	sh.write(t, "config/watchlist.yaml", "watchlist: [AAPL, MSFT, NVDA, AMZN, GOOGL, TSLA, JPM, SPY]\n")
	sh.write(t, "config/settings.yaml", buysOften+"schedule: {interval_minutes: 5}\n")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := sh.command(ctx, "headless")
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Decided at ") {
	}
	if first := lines.Text(); !strings.HasPrefix(first, "Decided at ") || strings.Contains(first, ": 0 of") {
		t.Fatalf("the headless trader said %q", first)
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // until it has ended
	}
	if err := command.Wait(); err != nil {
		t.Errorf("ended with %v, want exit code 0", err)
	}
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
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/v2/positions", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("APCA-API-KEY-ID", "PKSHELL")
	request.Header.Set("APCA-API-SECRET-KEY", "hush")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var positions []struct{ Symbol string }
	if err := json.NewDecoder(response.Body).Decode(&positions); err != nil {
		t.Fatal(err)
	}
	symbols := make([]string, len(positions))
	for i, position := range positions {
		symbols[i] = position.Symbol
	}
	return symbols
}
