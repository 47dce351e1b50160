package cli_test

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// holdsOne lets the keys of the shell buy one share by hand, so that there is something to sell and
// to close.
func (s *shell) holdsOne(t *testing.T, simulator string) {
	t.Helper()
	order := map[string]any{"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", "qty": "1", "client_order_id": "by hand"}
	askBroker(t, http.MethodPost, simulator+"/v2/orders", "PKSHELL", order, nil)
	advance(t, simulator, at(17, 1, 0))
}

// says runs a command; one that goes on by itself is interrupted when it has printed the line that
// begins so.
func (s *shell) says(t *testing.T, begins string, arguments ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := s.command(ctx, arguments...)
	stdout, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	found, goesOn := false, arguments[0] == "schedule" || arguments[0] == "headless"
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), begins) && !found {
			if found = true; goesOn {
				_ = command.Process.Signal(os.Interrupt)
			}
		}
	}
	if err := command.Wait(); err != nil || !found {
		t.Errorf("%v ended with %v; %q was printed: %v", arguments, err, begins, found)
	}
}

// dryRuns waits until a cycle of the pages' account has been decided without an order.
func (v *visitor) dryRuns() {
	v.t.Helper()
	v.until("a dry run is recorded", func() bool {
		var cycles []seenCycle
		v.must("GET", "/api/cycles", nil, &cycles)
		return len(cycles) > 0 && cycles[0].Outcome == "done" && cycles[0].DryRun && len(cycles[0].Decisions) > 0
	})
	var trading struct {
		DryRun  bool `json:"dry_run"`
		Running bool
	}
	if v.must("GET", "/api/trading", nil, &trading); !trading.DryRun || !trading.Running {
		v.t.Errorf("the pages are told %+v", trading)
	}
	if status := v.call("POST", "/api/trading/flatten", map[string]any{}, nil); status != http.StatusConflict {
		v.t.Errorf("closing everything in a dry run answers %d", status)
	}
	v.must("POST", "/api/trading/flatten", map[string]any{"dry_run": true}, nil)
}

// Whatever runs dry, by its flag or by TRADING_ENABLED, decides and records, and no order reaches the
// broker.
func TestADryRunReachesNoBroker(t *testing.T) {
	t.Parallel()
	command := func(begins string, arguments ...string) func(*testing.T, *shell, string) {
		return func(t *testing.T, sh *shell, _ string) { sh.says(t, begins, arguments...) }
	}
	for name, act := range map[string]func(*testing.T, *shell, string){
		"trade":                   command("Dry run at ", "trade", "--dry-run"),
		"run-once":                command("Dry run at ", "run-once", "--dry-run"),
		"schedule":                command("Dry run at ", "schedule", "--dry-run"),
		"headless":                command("Dry run at ", "headless", "--dry-run"),
		"flatten":                 command("local ", "flatten", "--dry-run"),
		"trade, by the setting":   command("Dry run at ", "trade"),
		"flatten, by the setting": func(t *testing.T, sh *shell, _ string) { sh.refused(t, 1, "nothing is submitted", "flatten") },
		"dashboard": func(t *testing.T, sh *shell, _ string) {
			v := visit(t, sh.serve(t, "dashboard", "--port", "0", "--dry-run"))
			v.must("PUT", "/api/accounts/local", map[string]any{"automated": true}, nil)
			v.dryRuns()
		},
		"dashboard-secure": func(t *testing.T, sh *shell, simulator string) {
			serving := sh.start(t, "dashboard-secure", "--port", "0", "--dry-run")
			v := signIn(t, serving.address)
			v.must("PUT", "/api/settings", byRSI, nil)
			v.account("shell", "AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "TSLA", "JPM", "SPY")
			v.dryRuns()
			serving.stop(t)
			advance(t, simulator, at(17, 2, 0))
			sh.says(t, "Dry run at ", "run-once", "--all", "--dry-run")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sh := newShell(t)
			simulator := sh.stepping(t)
			sh.tradingAt(simulator).holdsOne(t, simulator)
			if strings.HasSuffix(name, "by the setting") {
				sh.environ = append(sh.environ, "TRADING_ENABLED=false")
			}
			sh.write(t, "config/watchlist.yaml", "watchlist: [AAPL, MSFT, NVDA, AMZN, GOOGL, TSLA, JPM, SPY]\n")
			sh.write(t, "config/settings.yaml", buysOften+"schedule: {interval_minutes: 5}\n")
			act(t, sh, simulator)
			if orders := ordersUnder(t, simulator, "PKSHELL"); len(orders) != 1 || orders[0].ClientOrderID != "by hand" {
				t.Errorf("the broker was sent %+v", orders)
			}
			if said := string(sh.run(t, "status")); !strings.Contains(said, "active") {
				t.Errorf("afterwards the state is\n%s", said)
			}
		})
	}
}

// A server without a scheduler says so, runs nothing by itself, and acts by hand.
func TestAServerWithoutASchedulerRunsNoCycles(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	simulator := sh.stepping(t)
	for _, serving := range []string{"dashboard", "dashboard-secure"} {
		place := newShell(t, append([]string{"ALPACA_API_KEY=PKSHELL", "ALPACA_SECRET_KEY=hush"}, sh.environ[3:]...)...)
		place.write(t, "config/watchlist.yaml", "watchlist: [AAPL, MSFT]\n")
		place.write(t, "config/settings.yaml", buysOften)
		server := place.start(t, serving, "--port", "0", "--no-scheduler")
		v := visit(t, server.address)
		if serving == "dashboard-secure" {
			v = signIn(t, server.address)
			v.must("PUT", "/api/settings", byRSI, nil)
			v.account("shell", "AAPL", "MSFT")
		} else {
			v.must("PUT", "/api/accounts/local", map[string]any{"automated": true}, nil)
		}
		advance(t, simulator, at(17, 30, 0)) // six slots later
		var status struct{ Running, Automation bool }
		if v.must("GET", "/api/scheduler-status", nil, &status); status.Running || !status.Automation {
			t.Errorf("%s: its status is %+v", serving, status)
		}
		if v.must("GET", "/api/trading", nil, &status); status.Running {
			t.Errorf("%s says that cycles run", serving)
		}
		v.must("POST", "/api/trading/halt", map[string]any{"reason": "By hand."}, nil)
		v.must("POST", "/api/trading/resume", map[string]any{}, nil) // compares with the broker
		var cycles []seenCycle
		if v.must("GET", "/api/cycles", nil, &cycles); len(cycles) != 0 {
			t.Errorf("%s ran %+v", serving, cycles)
		}
		server.stop(t)
	}
	if orders := ordersUnder(t, simulator, "PKSHELL"); len(orders) != 0 {
		t.Errorf("ordered: %+v", orders)
	}
}
