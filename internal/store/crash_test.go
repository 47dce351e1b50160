package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// victimVariable makes this test binary the process that is killed.
const victimVariable = "STORE_TEST_VICTIM"

// TestVictim journals cycles and says each one that was acknowledged, until it is killed. By
// itself it does nothing.
func TestVictim(t *testing.T) {
	t.Parallel()
	url := os.Getenv(victimVariable)
	if url == "" {
		return
	}
	s := storetest.Open(t, secret.NewText(url), store.Options{})
	lease, err := s.AcquireLease(t.Context(), "a", "victim")
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		cycle := cycleOf(5, n)
		if err := s.StartCycle(t.Context(), cycle); err != nil {
			t.Fatal(err)
		}
		if _, err := s.RecordDecisions(t.Context(), lease, cycle); err != nil {
			t.Fatal(err)
		}
		fmt.Println("acknowledged")
	}
}

func TestAKilledProcessLeavesWholeTransactions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		url := address(t)
		s := storetest.Open(t, url, store.Options{})
		acknowledged := killAfter(t, url, 20)
		// A server may still be ending the victim's last transaction: this waits for its locks.
		if _, err := s.AcquireLease(t.Context(), "a", "victim"); err != nil {
			t.Fatal(err)
		}

		links, err := s.AuditLinks(t.Context(), 0, 1000000)
		if err != nil {
			t.Fatal(err)
		}
		if broken, problem := audit.Verify(storetest.AuditKey, links); broken != 0 {
			t.Errorf("audit entry %d: %s", broken, problem)
		}
		orders, err := s.UnresolvedOrders(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		if len(orders) != len(links) || len(orders)%5 != 0 || len(orders) < 5*acknowledged {
			t.Errorf("%d orders and %d entries after %d acknowledged cycles of 5", len(orders), len(links), acknowledged)
		}
		cycles, err := s.Cycles(t.Context(), "u", "a", 1000000)
		if err != nil {
			t.Fatal(err)
		}
		for _, cycle := range cycles {
			if count := len(cycle.Decisions); count != 0 && count != 5 {
				t.Errorf("a cycle with %d decisions", count)
			}
			for _, decision := range cycle.Decisions {
				if decision.Intent == nil || decision.Skip != trade.Skip("") {
					t.Errorf("a decision without its intent: %+v", decision)
				}
			}
		}
	})
}

// killAfter runs the victim on the database, kills it some time after it has acknowledged count
// cycles, and returns how many it acknowledged in all.
func killAfter(t *testing.T, url secret.Text, count int) int {
	t.Helper()
	victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
	victim.Env = append(os.Environ(), victimVariable+"="+url.Reveal())
	output, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if lines.Text() != "acknowledged" {
			t.Fatalf("the victim says %q", lines.Text())
		}
		if acknowledged++; acknowledged == count {
			if err := victim.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = victim.Wait() // killed, as it should be
	return acknowledged
}
