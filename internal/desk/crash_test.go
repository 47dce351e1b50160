package desk_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// victimVariable makes this test binary the process that is killed; its value says at which step.
const victimVariable = "DESK_TEST_VICTIM"

// victimOrder is what the victim is told to do.
type victimOrder struct {
	Database, Broker string
	Step             desk.Step
	Act              act
	Standing         trade.Standing
}

// act is what is interrupted.
type act string

const (
	buying     act = "buying"     // a cycle that enters positions
	selling    act = "selling"    // one that closes them, after their protective orders
	flattening act = "flattening" // everything is closed
)

// TestVictim does what it is told until it kills itself at the step. By itself it does nothing.
func TestVictim(t *testing.T) {
	t.Parallel()
	text := os.Getenv(victimVariable)
	if text == "" {
		return
	}
	var told victimOrder
	if err := json.Unmarshal([]byte(text), &told); err != nil {
		t.Fatal(err)
	}
	h := &house{
		store:  storetest.Open(t, secret.NewText(told.Database), store.Options{LeaseLength: 500 * time.Millisecond}),
		client: clientOf(t, told.Broker),
	}
	config := h.newDesk("victim").Config
	config.AtStep = func(step desk.Step) {
		if step == told.Step {
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				_ = self.Kill()
			}
			select {}
		}
	}
	h.desk = desk.New(config)
	if err := h.do(t, told.Act, told.Standing); err != nil {
		t.Error(err)
	}
	t.Log("the victim lives")
}

// do acts once, also when another process has died while it held the account.
func (h *house) do(t *testing.T, what act, standing trade.Standing) error {
	t.Helper()
	run := h.protected()
	run.LeaseWait, run.Slot = 30*time.Second, clock.System().Now()
	switch what {
	case flattening:
		_, err := h.desk.Flatten(t.Context(), run, standing)
		return err
	case selling:
		run.Settings.RSI.Oversold, run.Settings.RSI.Overbought = 1, 2
	}
	_, err := h.desk.RunCycle(t.Context(), run)
	return err
}

// TestKilledAtEveryStep kills a process at each step, lets another go on, and looks whether every
// order is there once, every position is what the journal expects, and the audit is whole.
func TestKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	interrupted := map[desk.Step]act{
		desk.StepCanceling: selling, desk.StepCanceled: selling,
		desk.StepFlattening: flattening, desk.StepFlattenPlanned: flattening,
	}
	for _, step := range desk.Steps {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, address storetest.Address) {
				what := interrupted[step]
				if what == "" {
					what = buying
				}
				killedAt(t, address, step, what)
			})
		})
	}
}

func killedAt(t *testing.T, address storetest.Address, step desk.Step, what act) {
	t.Helper()
	url := address(t)
	h := setup(t, func(testing.TB) secret.Text { return url })
	if what != buying { // it needs positions with their protective orders
		h.done(t, h.protected())
		h.advance(t, busy.Add(time.Minute))
		h.done(t, h.protected())
	}
	var standing trade.Standing
	if what == flattening {
		standing = h.put(t, trade.Halted, audit.TradingFlattened)
	}
	kill(t, victimOrder{Database: url.Reveal(), Broker: h.address, Step: step, Act: what, Standing: standing})
	for i := range 3 {
		if err := h.do(t, what, standing); err != nil {
			t.Fatalf("time %d after the kill: %v", i, err)
		}
		h.advance(t, busy.Add(time.Duration(2+i)*time.Minute))
	}
	h.isSound(t, what)
}

// isSound checks the invariants, and that what was interrupted has been done.
func (h *house) isSound(t *testing.T, what act) {
	t.Helper()
	outcome, err := h.desk.Reconcile(t.Context(), h.cycle())
	if err != nil || !outcome.Passed {
		t.Errorf("journal and broker: %+v, %v", outcome, err)
	}
	h.oneOrderEach(t)
	h.asExpected(t)
	h.auditIsWhole(t)
	held := h.positions(t)
	protective := 0
	for _, order := range h.journal(t) {
		if order.State.Unresolved() {
			t.Errorf("%s is %s", order.Intent.Symbol, order.State)
		}
		if order.Intent.Purpose == trade.Protect && !order.State.Terminal() {
			protective++
		}
	}
	if want := len(held); protective != want || (what == buying) != (want >= 2) || what != buying && want != 0 {
		t.Errorf("after %s: %d positions, %d protective orders", what, want, protective)
	}
}

// kill runs the victim and waits until it has killed itself.
func kill(t *testing.T, told victimOrder) {
	t.Helper()
	text, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$", "-test.v")
	victim.Env = append(os.Environ(), victimVariable+"="+string(text))
	output, err := victim.CombinedOutput()
	if err == nil || strings.Contains(string(output), "the victim lives") {
		t.Fatalf("the victim never came to %s: %s", told.Step, output)
	}
}
