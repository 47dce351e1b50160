package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/jobs"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// TestCyclesBeginAtTheirMoment: what a tick has seen coming runs before the next tick, once each, and
// also when a later look has put something else in its place.
func TestCyclesBeginAtTheirMoment(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		runs, ticks := newLedger(), make(chan struct{}, 100)
		begun := time.Now()
		coming := []jobs.Soon{
			{Due: jobs.Due{AccountID: "later", Slot: time.Unix(2, 0)}, At: begun.Add(300 * time.Millisecond)},
			{Due: jobs.Due{AccountID: "soon", Slot: time.Unix(1, 0)}, At: begun.Add(100 * time.Millisecond)},
			{Due: jobs.Due{AccountID: "soon too", Slot: time.Unix(1, 0)}, At: begun.Add(100 * time.Millisecond)},
			{Due: jobs.Due{AccountID: "much later", Slot: time.Unix(1, 0)}, At: begun.Add(10 * time.Hour)},
		}
		service := start(t, storetest.Open(t, address(t), store.Options{}), jobs.Config{
			TickEvery: time.Hour,
			Tick:      func(context.Context) ([]jobs.Due, error) { ticks <- struct{}{}; return nil, nil },
			Soon:      func() []jobs.Soon { return coming },
			RunCycle:  runs.run,
		})
		await(t, "the first tick", ticks, 1)
		await(t, "three cycles", runs.news, 3)
		if err := service.Wake(t.Context()); err != nil {
			t.Fatal(err)
		}
		await(t, "the tick that was asked for", ticks, 1)
		if err := service.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
		runs.mu.Lock()
		defer runs.mu.Unlock()
		for due, count := range runs.runs {
			if count != 1 || due.AccountID == "much later" {
				t.Errorf("%v ran %d times", due, count)
			}
		}
		if len(runs.runs) != 3 {
			t.Errorf("ran: %v", runs.runs)
		}
	})
}
