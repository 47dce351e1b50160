package survival_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// killsVariable and seedVariable say how often the program is killed in each world, and from which
// seed everything random comes.
const (
	killsVariable  = "TEST_KILLS"
	worldsVariable = "TEST_WORLDS"
	seedVariable   = "TEST_SEED"
)

// TestKilledAtAnyMoment kills the program while things go wrong at the broker, at random moments,
// on both databases, as a schedule on the command line and as a server.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	kills, worlds, seed := number(t, killsVariable, 2), number(t, worldsVariable, 1), uint64(number(t, seedVariable, 1))
	table := &tolls{}
	t.Cleanup(func() { t.Logf("killed at any moment (%s=%d)\n%s", seedVariable, seed, table) })
	makers := map[string]func(*testing.T, storetest.Address, uint64) *world{
		"command line": onTheCommandLine,
		"server": func(t *testing.T, address storetest.Address, seed uint64) *world {
			t.Helper()
			return served(t, address, seed, 1)
		},
	}
	for name, maker := range makers {
		for i := range worlds {
			t.Run(fmt.Sprintf("%s %d", name, i), func(t *testing.T) {
				t.Parallel()
				storetest.Each(t, func(t *testing.T, address storetest.Address) {
					found := &toll{name: t.Name()[len("TestKilledAtAnyMoment/"):], seed: seed + uint64(i)}
					table.add(found)
					w := maker(t, address, found.seed)
					w.killedOften(t, kills, found)
				})
			})
		}
	}
}

func (w *world) killedOften(t *testing.T, kills int, found *toll) {
	t.Helper()
	random := rand.New(rand.NewPCG(found.seed, found.seed))
	for i := range kills {
		faults := w.trouble(t, random)
		requests, delay := 1+random.IntN(60), time.Duration(random.IntN(20))*time.Millisecond
		if !w.killedAfter(t, requests, delay) {
			found.idle++
		}
		found.kills++
		w.calm(t)
		for _, one := range w.accounts {
			w.oneEach(t, one, found)
		}
		w.later(t)
		if random.IntN(3) == 0 { // recovery is killed too
			w.killedRecovering(t, 1+random.IntN(12))
			w.later(t)
		}
		w.recovered(t, found)
		if !found.sound() {
			t.Fatalf("unsound after kill %d of seed %d (at request %d, %s later, with %v)", i, found.seed, requests, delay, faults)
		}
		w.nextSlot(t)
	}
}

// longestRun is how long a run may go on that does not come to the request at which it is killed.
const longestRun = 4 * time.Second

// killedAfter starts the program and kills it so long after its request of that number, while the
// market moves on; false when it had sent none.
func (w *world) killedAfter(t *testing.T, requests int, delay time.Duration) bool {
	t.Helper()
	first := w.request(1)
	p := w.start(t, w.serving...)
	stop := w.moving(t)
	defer stop()
	select {
	case <-first:
	case <-time.After(patience):
		p.kill()
		return false
	}
	select {
	case <-w.request(requests):
		pause(t.Context(), delay)
	case <-time.After(longestRun):
	}
	p.kill()
	return true
}

// killedRecovering kills the command that resolves what is open.
func (w *world) killedRecovering(t *testing.T, requests int) {
	t.Helper()
	arrived := w.request(requests)
	p := w.start(t, "reconcile", "--account", w.accounts[0].name)
	select {
	case <-arrived:
	case <-p.ended:
	case <-time.After(longestRun):
	}
	p.kill()
}
