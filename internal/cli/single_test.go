package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Without a sign-in, on both a fresh start and a restart: the demonstration market trades.
func TestTheSingleUserDashboardTradesWithoutASignIn(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	serving := sh.start(t, "dashboard", "--demo", "--port", "0")
	v := visit(t, serving.address)
	v.until("an order of ours is filled", func() bool { return len(v.ours("filled")) > 0 })
	serving.stop(t)
	v = visit(t, sh.serve(t, "dashboard", "--demo", "--port", "0"))
	if len(v.ours("filled")) == 0 {
		t.Error("after a restart the account's orders are gone")
	}
}

// The settings' keys are the account, the files are the strategy, and commands mean the same account.
func TestTheSingleUserDashboardBringsKeysAndFiles(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	simulator := sh.serve(t, "simulator", "--listen", "127.0.0.1:0", "--data", "synthetic", "--seed", "7", "--now", "2026-11-20T17:00:01Z", "--speed", "step")
	sh.tradingAt(simulator)
	sh.write(t, "config/watchlist.yaml", "watchlist: [AAPL, MSFT, SPY]\n")
	sh.write(t, "config/settings.yaml", buysOften+"schedule: {interval_minutes: 5}\n")
	serving := sh.start(t, "dashboard", "--port", "0")
	v := visit(t, serving.address)

	var accounts []struct {
		Name  string
		Paper bool
	}
	v.must("GET", "/api/accounts", nil, &accounts)
	if len(accounts) != 1 || accounts[0].Name != "local" || !accounts[0].Paper {
		t.Errorf("the accounts are %+v", accounts)
	}
	var watched []struct{ Symbol string }
	v.must("GET", "/api/watchlist", nil, &watched)
	if len(watched) != 3 {
		t.Errorf("the watchlist is %+v", watched)
	}
	if status := v.call("POST", "/api/watchlist", map[string]string{"symbol": "TSLA"}, nil); status != http.StatusConflict {
		t.Errorf("a change of what the file says answers %d", status)
	}
	sh.run(t, "halt", "--account", "local", "--reason", "from the command line")
	var trading struct {
		Account struct {
			Standing struct{ State, Reason string }
		}
	}
	v.until("the halt is seen", func() bool {
		v.must("GET", "/api/trading", nil, &trading)
		return trading.Account.Standing.State == "halted"
	})
	serving.stop(t)

	// other keys are another account; the file's change is taken over
	sh.write(t, "config/watchlist.yaml", "watchlist: [AAPL, TSLA]\n")
	sh.environ = append(sh.environ, "ALPACA_API_KEY=PKOTHER")
	v = visit(t, sh.serve(t, "dashboard", "--port", "0"))
	v.must("GET", "/api/watchlist", nil, &watched)
	if len(watched) != 2 || watched[1].Symbol != "TSLA" {
		t.Errorf("after the file's change the watchlist is %+v", watched)
	}
	v.must("GET", "/api/trading", nil, &trading)
	if trading.Account.Standing.State != "active" {
		t.Errorf("the account of other keys is %+v", trading.Account.Standing)
	}
}

// Nothing is ordered in a dry run, and nothing runs without the scheduler.
func TestTheSingleUserDashboardOnlyWatches(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--dry-run", "--no-scheduler"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			v := visit(t, newShell(t).serve(t, "dashboard", "--demo", "--port", "0", flag))
			var cycles []struct{ Outcome string }
			var trading struct {
				DryRun bool `json:"dry_run"`
			}
			var status struct{ Running bool }
			v.must("GET", "/api/trading", nil, &trading)
			v.must("GET", "/api/scheduler-status", nil, &status)
			if flag == "--no-scheduler" {
				if status.Running {
					t.Error("the pages say that a scheduler runs")
				}
				return
			}
			if !trading.DryRun {
				t.Error("the pages do not say that it is a dry run")
			}
			v.until("some cycles are done", func() bool {
				v.must("GET", "/api/cycles?limit=5", nil, &cycles)
				return len(cycles) >= 2
			})
			if orders := v.ours("filled"); len(orders) > 0 {
				t.Errorf("a dry run ordered %+v", orders)
			}
		})
	}
}

// Whatever is asked, no other machine reaches it: the program does not even begin to listen.
func TestTheSingleUserDashboardStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]struct{ arguments, environ []string }{
		"all addresses":     {arguments: []string{"--host", "0.0.0.0"}},
		"all, version 6":    {arguments: []string{"--host", "::"}},
		"a network address": {arguments: []string{"--host", "192.0.2.1"}},
		"a name":            {arguments: []string{"--host", "trader.example.org"}},
		"no host":           {environ: []string{"BIND=:5000"}},
		"BIND":              {environ: []string{"BIND=0.0.0.0:5000", "ALLOW_PLAIN_HTTP=true"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			command := newShell(t, ask.environ...).command(ctx, append([]string{"dashboard", "--port", "0"}, ask.arguments...)...)
			var said bytes.Buffer
			command.Stdout, command.Stderr = &said, &said
			if err := command.Run(); err == nil || !strings.Contains(said.String(), "listens on this machine only") || strings.Contains(said.String(), "listening on") {
				t.Errorf("it ended with %v and said %s", err, said.String())
			}
		})
	}
}

// The settings of a public server in the same .env do not open it.
func TestTheSingleUserDashboardIgnoresAPublicServersSettings(t *testing.T) {
	t.Parallel()
	sh := newShell(t, "BIND=0.0.0.0:5000", "PUBLIC_URL=https://trader.example.org", "TRUSTED_PROXIES=127.0.0.1/32")
	address := sh.serve(t, "dashboard", "--demo", "--no-scheduler", "--host", "127.0.0.1", "--port", "0")
	for name, change := range map[string]func(*http.Request){
		"by its public name": func(r *http.Request) { r.Host = "trader.example.org" },
		"through its proxy":  func(r *http.Request) { r.Header.Set("X-Forwarded-For", "127.0.0.1") },
		"from its pages":     func(r *http.Request) { r.Header.Set("Origin", "https://trader.example.org") },
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/api/session", nil)
		if err != nil {
			t.Fatal(err)
		}
		change(request)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		var problem struct{ Error string }
		if err := json.Unmarshal(text, &problem); err != nil || response.StatusCode < 400 || problem.Error == "" {
			t.Errorf("%s: %d %s", name, response.StatusCode, text)
		}
	}
}
