package cli_test

import (
	"bufio"
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// The schedule runs by the broker's clock: it decides at once, again at the next bar's close, and
// ends in order when it is told to.
func TestScheduleFollowsTheBrokersClockAndStopsInOrder(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	simulator := sh.serve(t, "simulator", "--listen", "127.0.0.1:0", "--data", "synthetic", "--seed", "7", "--now", "2026-11-20T17:00:01Z", "--speed", "step")
	sh.tradingAt(simulator)
	sh.write(t, "config/watchlist.yaml", "watchlist: [AAPL, MSFT, NVDA, AMZN, GOOGL, TSLA, JPM, SPY]\n")
	sh.write(t, "config/settings.yaml", buysOften+"schedule: {interval_minutes: 5}\n")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := sh.command(ctx, "schedule")
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	next := func() string {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "Decided at ") {
				return lines.Text()
			}
		}
		t.Fatal("the schedule ended by itself")
		return ""
	}
	if first := next(); !strings.Contains(first, "2026-11-20 17:00:01Z") || strings.Contains(first, ": 0 of") {
		t.Errorf("first: %s", first)
	}
	advance(t, simulator, time.Date(2026, 11, 20, 17, 5, 1, 0, time.UTC))
	if second := next(); !strings.Contains(second, "2026-11-20 17:05:01Z") {
		t.Errorf("second: %s", second)
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "Decided at ") {
			t.Errorf("decided after the end: %s", lines.Text())
		}
	}
	if err := command.Wait(); err != nil {
		t.Errorf("ended with %v, want exit code 0", err)
	}
}
