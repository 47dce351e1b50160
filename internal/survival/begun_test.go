//go:build steps

package survival_test

import (
	"slices"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// TestKilledBeforeASlotHasItsRecord kills a server that is about to record the cycle of a slot. The
// next one runs that slot, and goes on with those after it.
func TestKilledBeforeASlotHasItsRecord(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		w := served(t, address, 1, 1)
		usual := slices.Clone(w.environ)
		w.environ = append(w.environ, "STOP_AT_STEP="+string(desk.StepBeginning))
		killed := w.start(t, w.serving...)
		until(t, "the server kills itself", func() bool {
			select {
			case <-killed.ended:
				return true
			default:
				return false
			}
		})
		var slot int64
		w.scan(t, "SELECT next_run_at FROM brokerage_accounts", &slot)
		if begun := w.rows(t, "SELECT slot FROM cycles"); len(begun) > 0 {
			t.Fatalf("killed before anything was recorded, yet there is %v", begun)
		}
		w.environ = usual
		w.start(t, w.serving...).listening(t)
		records := func() [][]string { return w.rows(t, "SELECT slot FROM cycles WHERE outcome = 'done' ORDER BY slot") }
		until(t, "the slot has run", func() bool { return len(records()) > 0 })
		var first int64
		w.scan(t, "SELECT MIN(slot) FROM cycles", &first)
		if first != slot {
			t.Errorf("the slot %d was lost; the first that ran is %d", slot, first)
		}
		w.nextSlot(t)
		until(t, "the next slot has run", func() bool { return len(records()) > 1 })
	})
}
