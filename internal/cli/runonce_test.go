package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// ends runs a command and returns its exit code with what it wrote on both streams.
func (s *shell) ends(t *testing.T, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := s.command(ctx, arguments...)
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	err := command.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), out.String(), complaints.String()
}

// refused runs a command that must end with the code and say so.
func (s *shell) refused(t *testing.T, code int, says string, arguments ...string) {
	t.Helper()
	if got, stdout, stderr := s.ends(t, arguments...); got != code || !strings.Contains(stderr, says) {
		t.Errorf("%v ended with %d, want %d and %q\n%s%s", arguments, got, code, says, stdout, stderr)
	}
}

// ranOne is one element of `run-once --all --json`.
type ranOne struct {
	Account string
	Code    int `json:"exit_code"`
	Problem string
	Cycle   *struct{ Outcome string }
}

// run-once --all says of each account how it went, and ends with the worst of it.
func TestRunOnceSaysHowEachAccountWent(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	simulator := sh.stepping(t)
	serving := sh.start(t, "dashboard-secure", "--port", "0", "--no-scheduler")
	v := signIn(t, serving.address)
	v.must("PUT", "/api/settings", byRSI, nil)
	v.account("good", "AAPL", "MSFT", "NVDA", "AMZN")

	all := func(code int, want map[string]ranOne) {
		t.Helper()
		got, stdout, stderr := sh.ends(t, "run-once", "--all", "--json")
		if got != code {
			t.Errorf("run-once --all ended with %d, want %d\n%s", got, code, stderr)
		}
		ran := decode[[]ranOne](t, []byte(stdout))
		if len(ran) != len(want) {
			t.Errorf("%d accounts ran, want %d: %s", len(ran), len(want), stdout)
		}
		for _, one := range ran {
			wanted := want[one.Account]
			outcome := ""
			if one.Cycle != nil {
				outcome = one.Cycle.Outcome
			}
			if one.Code != wanted.Code || !strings.Contains(one.Problem, wanted.Problem) || (wanted.Cycle == nil) != (outcome == "") || wanted.Cycle != nil && outcome != wanted.Cycle.Outcome {
				t.Errorf("%s: %d %q %s, want %+v", one.Account, one.Code, one.Problem, outcome, wanted)
			}
		}
	}
	cycle := func(outcome string) *struct{ Outcome string } { return &struct{ Outcome string }{outcome} }
	all(0, map[string]ranOne{"good": {Cycle: cycle("done")}})
	placed := len(ordersUnder(t, simulator, "PKGOOD"))
	if placed == 0 {
		t.Error("nothing was ordered; the test needs some")
	}

	for _, name := range []string{"broken", "halted", "deaf"} {
		v.account(name, "AAPL", "MSFT")
	}
	v.must("POST", "/api/trading/halt", map[string]any{"account": "halted", "reason": "Lunch."}, nil)
	for _, fault := range []map[string]any{
		{"kind": "malformed", "path": "/v2/account", "key": "PKBROKEN", "times": -1},
		{"kind": "html_401", "path": "/v2/", "key": "PKDEAF", "times": -1},
	} {
		askBroker(t, "POST", simulator+"/_simulator/faults", "test", fault, nil)
	}
	advance(t, simulator, at(17, 1, 0))
	all(5, map[string]ranOne{
		"good": {Cycle: cycle("done")}, "halted": {Code: 4, Problem: "Lunch.", Cycle: cycle("skipped")},
		"broken": {Code: 5, Cycle: cycle("failed")}, "deaf": {Code: 4, Problem: "refused the request", Cycle: cycle("failed")},
	})
	for _, symbol := range []string{"AAPL", "MSFT"} { // also of a symbol on which nothing was ever decided
		if _, said, _ := sh.ends(t, "explain", "--account", "deaf", "--symbol", symbol); !strings.Contains(said, "refused the request") {
			t.Errorf("explain says of %s: %s", symbol, said)
		}
	}
	if _, said, _ := sh.ends(t, "status", "--account", "deaf"); !strings.Contains(said, "refuses the account's keys") {
		t.Errorf("the keys are refused, and the account is not halted: %s", said)
	}
	if again := len(ordersUnder(t, simulator, "PKGOOD")); again != placed {
		t.Errorf("the same bars were ordered on again: %d orders, then %d", placed, again)
	}
	for _, name := range []string{"broken", "deaf"} {
		v.must("PUT", "/api/accounts/"+name, map[string]any{"automated": false}, nil)
	}
	advance(t, simulator, at(23, 0, 0))
	all(4, map[string]ranOne{"good": {Code: 3, Cycle: cycle("skipped")}, "halted": {Code: 4, Problem: "Lunch.", Cycle: cycle("skipped")}})
	v.must("PUT", "/api/accounts/halted", map[string]any{"automated": false}, nil)
	advance(t, simulator, at(23, 1, 0))
	all(3, map[string]ranOne{"good": {Code: 3, Cycle: cycle("skipped")}})
}

// While a server works on the account, run-once waits for it as long as a dead one's lease would
// last; then it says that the account is busy, and has done nothing.
func TestRunOnceWaitsForWhoHasTheAccount(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	simulator := sh.stepping(t)
	sh.tradingAt(simulator)
	sh.write(t, "config/watchlist.yaml", "watchlist: [AAPL, MSFT, NVDA, AMZN, GOOGL, TSLA, JPM, SPY]\n")
	sh.write(t, "config/settings.yaml", buysOften)
	sh.run(t, "reconcile") // makes the database
	database, err := store.Open(t.Context(), store.Options{URL: secret.NewText("sqlite:///" + sh.folder + "/alpaca_trader.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	hold := func(expires int64) {
		if _, err := database.Writer().ExecContext(t.Context(), "UPDATE leases SET holder = 'a server', expires_at = ?", expires); err != nil {
			t.Fatal(err)
		}
	}
	hold(time.Now().Add(time.Hour).UnixMicro())
	sh.refused(t, 6, "Another process", "run-once")
	if orders := ordersAt(t, simulator); len(orders) != 0 {
		t.Errorf("ordered: %+v", orders)
	}
	hold(time.Now().Add(3 * time.Second).UnixMicro()) // it dies
	if code, stdout, stderr := sh.ends(t, "run-once"); code != 0 || !strings.HasPrefix(stdout[strings.LastIndex(stdout, "Decided"):], "Decided at ") || len(ordersAt(t, simulator)) == 0 {
		t.Errorf("after it ended: %d\n%s%s", code, stdout, stderr)
	}
}
