package desk_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	Time             int // at which time it comes to the step it dies; counted from 1
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
	times := 0
	config.AtStep = func(step desk.Step) {
		if step == told.Step {
			times++
		}
		if step == told.Step && times == told.Time {
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

// roundsVariable is how often a process is killed at each step on each database. Without it that
// happens once, on one database at every other step.
const roundsVariable = "TEST_KILLS_AT_EACH_STEP"

// rounds is how often a process is killed at the step of that number on the database.
func rounds(t *testing.T, step int, postgres bool) int {
	t.Helper()
	text := os.Getenv(roundsVariable)
	if text == "" {
		if postgres == (step%2 == 0) || os.Getenv(storetest.PostgresVariable) == "" {
			return 1
		}
		return 0
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 1 {
		t.Fatalf("%s is not a number of rounds", roundsVariable)
	}
	return count
}

// repeated are the steps that come once for each order; every second round dies at the second.
var repeated = []desk.Step{desk.StepClaiming, desk.StepClaimed, desk.StepAnswered, desk.StepRecorded}

// TestKilledAtEveryStep kills a process at each step, lets another go on, and looks whether every
// order is there once, every position is what the journal expects, and the audit is whole.
func TestKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	interrupted := map[desk.Step]act{
		desk.StepCanceling: selling, desk.StepCanceled: selling,
		desk.StepFlattening: flattening, desk.StepFlattenPlanned: flattening,
	}
	found := &toll{steps: map[desk.Step]*stepToll{}}
	t.Cleanup(func() { t.Log("killed at each step\n" + found.String()) })
	for number, step := range desk.Steps {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, address storetest.Address) {
				for round := range rounds(t, number, strings.HasSuffix(t.Name(), "/PostgreSQL")) {
					t.Run(strconv.Itoa(round), func(t *testing.T) {
						t.Parallel()
						told := victimOrder{Step: step, Act: cmp.Or(interrupted[step], buying), Time: 1}
						if slices.Contains(repeated, step) {
							told.Time += round % 2
						}
						found.add(t, step, killedAt(t, address, told))
					})
				}
			})
		})
	}
}

func killedAt(t *testing.T, address storetest.Address, told victimOrder) stepToll {
	t.Helper()
	url, what := address(t), told.Act
	h := setup(t, func(testing.TB) secret.Text { return url })
	if what != buying { // it needs positions with their protective orders
		h.done(t, h.protected())
		h.advance(t, busy.Add(time.Minute))
		h.done(t, h.protected())
	}
	if what == flattening {
		told.Standing = h.put(t, trade.Halted, audit.TradingFlattened)
	}
	told.Database, told.Broker = url.Reveal(), h.address
	kill(t, told)
	for i := range 3 {
		if err := h.do(t, what, told.Standing); err != nil {
			t.Fatalf("time %d after the kill: %v", i, err)
		}
		h.advance(t, busy.Add(time.Duration(2+i)*time.Minute))
	}
	return h.isSound(t, what)
}

// isSound checks the invariants, and that what was interrupted has been done.
func (h *house) isSound(t *testing.T, what act) stepToll {
	t.Helper()
	outcome, err := h.desk.Reconcile(t.Context(), h.cycle())
	if err != nil || !outcome.Passed {
		t.Errorf("journal and broker: %+v, %v", outcome, err)
	}
	h.oneOrderEach(t)
	h.asExpected(t)
	h.auditIsWhole(t)
	held, journal := h.positions(t), h.journal(t)
	protective := 0
	for _, order := range journal {
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
	return h.count(t, journal)
}

// count counts the broker's orders, those that are there twice or that no intent knows, and the
// intents that have an order in the journal and none at the broker.
func (h *house) count(t *testing.T, journal map[string]trade.Order) stepToll {
	t.Helper()
	counted, placed := stepToll{kills: 1}, h.orders(t)
	for id, orders := range placed {
		counted.orders += len(orders)
		if _, known := journal[id]; !known || len(orders) > 1 {
			counted.doubled++
		}
	}
	for id, order := range journal {
		if order.BrokerOrderID != "" && len(placed[id]) == 0 {
			counted.lost++
			t.Errorf("%s is %s in the journal, and the broker has no such order", order.Intent.Symbol, order.State)
		}
	}
	return counted
}

// toll is what the kills at each step came to.
type toll struct {
	mu    sync.Mutex
	steps map[desk.Step]*stepToll
}

type stepToll struct{ kills, orders, doubled, lost, unsound int }

func (t *toll) add(test *testing.T, step desk.Step, more stepToll) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := t.steps[step]
	if sum == nil {
		sum = &stepToll{}
		t.steps[step] = sum
	}
	sum.kills, sum.orders = sum.kills+more.kills, sum.orders+more.orders
	sum.doubled, sum.lost = sum.doubled+more.doubled, sum.lost+more.lost
	if test.Failed() {
		sum.unsound++
	}
}

// String is a table; a round is unsound when an invariant, the audit chain's included, does not hold.
func (t *toll) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%-16s %6s %7s %8s %5s %8s\n", "step", "kills", "orders", "doubled", "lost", "unsound")
	for _, step := range desk.Steps {
		if sum := t.steps[step]; sum != nil {
			fmt.Fprintf(&text, "%-16s %6d %7d %8d %5d %8d\n", step, sum.kills, sum.orders, sum.doubled, sum.lost, sum.unsound)
		}
	}
	return text.String()
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
