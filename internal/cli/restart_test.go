package cli_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A new process is started while the old one trades, and waits; the old one is told to stop, ends
// what it does, and the new one goes on at the same address: no slot is missed, nothing is ordered
// twice, and nobody need sign in again.
func TestANewProcessTakesOverFromTheOldOne(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	old := sh.start(t, "dashboard-secure", "--demo", "--port", port)
	v := visit(t, old.address)
	newcomer := map[string]string{"username": "newcomer", "email": "n@example.org", "password": "a calm desk, no casino"}
	v.must("POST", "/api/auth/register", newcomer, nil)
	v.must("POST", "/api/auth/login", map[string]string{"username": "newcomer", "password": newcomer["password"]}, nil)
	v.until("an order of ours is filled", func() bool { return len(v.ours("filled")) > 0 })
	before := v.cycles()

	log := filepath.Join(t.TempDir(), "log")
	started := make(chan *server, 1)
	go func() {
		defer close(started)
		started <- sh.startLogging(t, log, "dashboard-secure", "--demo", "--port", port, "--wait", "2m")
	}()
	v.until("the new process waits", func() bool {
		said, err := os.ReadFile(log)
		return err == nil && strings.Contains(string(said), "waiting for the process")
	})
	if err := old.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-old.ended:
	case <-time.After(2 * time.Minute):
		t.Fatal("the old process does not end")
	}
	if code := old.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the old process ended with %d", code)
	}
	if serving := <-started; serving == nil || serving.address != old.address {
		t.Fatal("the new process does not serve at the old one's address")
	}
	v.until("a new cycle is done", func() bool {
		return len(v.cycles()) > 0 && v.cycles()[0].ID != before[0].ID && v.cycles()[0].Outcome == "done"
	})
	slots, ordered := map[time.Time]bool{}, map[string]bool{}
	for _, cycle := range v.cycles() {
		if cycle.Outcome == "missed" || cycle.Outcome == "failed" || slots[cycle.Slot] {
			t.Errorf("the cycle of %s: %s %s", cycle.Slot, cycle.Outcome, cycle.Problem)
		}
		slots[cycle.Slot] = true
	}
	for _, o := range v.orders() {
		if ordered[o.ClientOrderID] {
			t.Errorf("%s was ordered twice", o.ClientOrderID)
		}
		ordered[o.ClientOrderID] = true
	}
}

// shownCycle is a cycle as the interface shows it.
type shownCycle struct {
	ID      string    `json:"id"`
	Slot    time.Time `json:"slot"`
	Outcome string    `json:"outcome"`
	Problem string    `json:"problem"`
}

// cycles are the newest cycles, the newest first.
func (v *visitor) cycles() []shownCycle {
	var cycles []shownCycle
	v.must("GET", "/api/cycles?limit=20", nil, &cycles)
	return cycles
}

// Without --wait a second process is refused at once, in one sentence.
func TestAnAddressInUseIsSaid(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { err = errors.Join(err, taken.Close()) }()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for _, arguments := range [][]string{{"--port", port}, {"--port", port, "--wait", "200ms"}} {
		said := newShell(t).fail(t, append([]string{"dashboard-secure"}, arguments...)...)
		if !strings.Contains(said, "is in use") {
			t.Errorf("%v: %s", arguments, said)
		}
	}
}
