package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/jcap24/alpaca-trader/internal/jobs"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

const patience = 2 * time.Minute

// onlyOnce is Config.Again where a test counts what one enqueuing makes.
const onlyOnce = 10_000 * time.Hour

// start starts the queue on the store's database; it is stopped with the test.
func start(t testing.TB, s *store.Store, config jobs.Config) *jobs.Service {
	t.Helper()
	var service *jobs.Service
	var err error
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if pool := s.Pool(); pool != nil {
		service, err = jobs.Start(t.Context(), riverpgxv5.New(pool), config)
	} else {
		service, err = jobs.Start(t.Context(), riversqlite.New(s.Writer()), config)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := service.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return service
}

// ledger counts the runs of each account's slot.
type ledger struct {
	mu   sync.Mutex
	runs map[jobs.Due]int
	news chan struct{}
}

func newLedger() *ledger { return &ledger{runs: map[jobs.Due]int{}, news: make(chan struct{}, 1000)} }

func (l *ledger) run(_ context.Context, accountID string, slot time.Time) error {
	l.mu.Lock()
	l.runs[jobs.Due{AccountID: accountID, Slot: slot}]++
	l.mu.Unlock()
	l.news <- struct{}{}
	return nil
}

func (l *ledger) counts() map[jobs.Due]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	copied := map[jobs.Due]int{}
	for due, count := range l.runs {
		copied[due] = count
	}
	return copied
}

// await returns when the signal has come count times.
func await(t testing.TB, what string, signal <-chan struct{}, count int) {
	t.Helper()
	timeout := time.After(patience)
	for range count {
		select {
		case <-signal:
		case <-timeout:
			t.Fatalf("no sign of: %s", what)
		}
	}
}

func TestDueAccountsRunOnceForEachSlot(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s := storetest.Open(t, address(t), store.Options{})
		first := time.Date(2026, 1, 5, 15, 0, 0, 123456789, time.UTC)
		ledger, ticks := newLedger(), make(chan struct{}, 1000)
		config := jobs.Config{
			TickEvery: 200 * time.Millisecond,
			Tick: func(context.Context) ([]jobs.Due, error) {
				ticks <- struct{}{}
				return []jobs.Due{{"a", first}, {"b", first}, {"a", first.Add(time.Hour)}}, nil
			},
			RunCycle: ledger.run, Again: onlyOnce,
		}
		start(t, s, config)
		if s.Pool() != nil { // a second process
			start(t, s, config)
		}
		await(t, "three cycles", ledger.news, 3)
		await(t, "more ticks", ticks, 6)
		counts := ledger.counts()
		slot := first.Truncate(time.Microsecond)
		for _, due := range []jobs.Due{{"a", slot}, {"b", slot}, {"a", slot.Add(time.Hour)}} {
			if counts[due] != 1 {
				t.Errorf("%v ran %d times", due, counts[due])
			}
		}
		if len(counts) != 3 {
			t.Errorf("ran %v", counts)
		}
	})
}

func TestStopWaitsForTheRunningCycle(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s := storetest.Open(t, address(t), store.Options{})
		running, finish := make(chan struct{}, 1), make(chan struct{})
		finished := false
		service := start(t, s, jobs.Config{
			TickEvery: time.Second,
			Tick:      func(context.Context) ([]jobs.Due, error) { return []jobs.Due{{"a", time.Unix(1, 0)}}, nil },
			RunCycle: func(ctx context.Context, _ string, _ time.Time) error {
				running <- struct{}{}
				<-finish
				finished = ctx.Err() == nil
				return nil
			},
		})
		await(t, "the cycle", running, 1)
		stopped := make(chan error, 1)
		go func() { stopped <- service.Stop(context.Background()) }()
		close(finish)
		if err := <-stopped; err != nil || !finished {
			t.Errorf("stopped with %v, the cycle finished: %v", err, finished)
		}
		if err := service.Stop(context.Background()); err != nil {
			t.Errorf("the second stop: %v", err)
		}
	})
}

func TestStopCancelsACycleThatTakesTooLong(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s := storetest.Open(t, address(t), store.Options{})
		running := make(chan struct{}, 1)
		service := start(t, s, jobs.Config{
			TickEvery: time.Second, StopPatience: 50 * time.Millisecond,
			Tick: func(context.Context) ([]jobs.Due, error) { return []jobs.Due{{"a", time.Unix(1, 0)}}, nil },
			RunCycle: func(ctx context.Context, _ string, _ time.Time) error {
				running <- struct{}{}
				<-ctx.Done()
				return ctx.Err()
			},
		})
		await(t, "the cycle", running, 1)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := service.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

func TestAPanicIsLoggedAndTheQueueGoesOn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s := storetest.Open(t, address(t), store.Options{})
		log := &safeBuffer{}
		ledger := newLedger()
		var ticks int
		start(t, s, jobs.Config{
			TickEvery: 200 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(log, nil)),
			Tick: func(context.Context) ([]jobs.Due, error) {
				ticks++ // ticks run one at a time
				switch ticks {
				case 1:
					return []jobs.Due{{"panics", time.Unix(1, 0)}}, nil
				case 2:
					panic("tick trouble")
				case 3:
					return nil, errors.New("no database today")
				}
				return []jobs.Due{{"works", time.Unix(1, 0)}}, nil
			},
			RunCycle: func(ctx context.Context, accountID string, slot time.Time) error {
				if accountID == "panics" {
					panic("cycle trouble")
				}
				return ledger.run(ctx, accountID, slot)
			},
		})
		await(t, "the cycle after the panics", ledger.news, 1)
		for _, want := range []string{"job panicked", "cycle trouble", "tick trouble", "no database today"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %q:\n%s", want, log.String())
			}
		}
	})
}

func TestAFailedCycleIsTriedOnceMore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s := storetest.Open(t, address(t), store.Options{})
		tries, ticks := make(chan struct{}, 10), make(chan struct{}, 1000)
		start(t, s, jobs.Config{
			TickEvery: 200 * time.Millisecond, Again: onlyOnce,
			Tick: func(context.Context) ([]jobs.Due, error) {
				ticks <- struct{}{}
				return []jobs.Due{{"a", time.Unix(1, 0)}}, nil
			},
			RunCycle: func(context.Context, string, time.Time) error {
				tries <- struct{}{}
				return errors.New("broker down")
			},
		})
		await(t, "two attempts", tries, 2)
		await(t, "ticks after them", ticks, len(ticks)+4)
		if len(tries) > 0 {
			t.Error("tried more than twice")
		}
	})
}

// A cycle that hangs, that failed for good or whose process died does not hold up its account: while
// its slot is due, it is enqueued anew.
func TestACycleThatCameToNothingIsEnqueuedAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s := storetest.Open(t, address(t), store.Options{})
		hung, once, begun := make(chan struct{}), sync.Once{}, map[string]chan struct{}{}
		var due []jobs.Due
		for _, account := range []string{"hangs", "fails"} {
			begun[account] = make(chan struct{}, 1000)
			due = append(due, jobs.Due{AccountID: account, Slot: time.Unix(1, 0)})
		}
		start(t, s, jobs.Config{
			TickEvery: 200 * time.Millisecond, Again: time.Second,
			Tick: func(context.Context) ([]jobs.Due, error) { return slices.Clone(due), nil },
			RunCycle: func(_ context.Context, accountID string, _ time.Time) error {
				begun[accountID] <- struct{}{}
				if accountID == "fails" {
					return errors.New("broker down")
				}
				once.Do(func() { <-hung })
				return nil
			},
		})
		t.Cleanup(func() { close(hung) })
		await(t, "a cycle beside the one that hangs", begun["hangs"], 2)
		await(t, "a third attempt of what failed twice", begun["fails"], 3)
	})
}

func TestSlowTicksDoNotPileUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s := storetest.Open(t, address(t), store.Options{})
		var mu sync.Mutex
		var atOnce, most int
		done := make(chan struct{}, 1000)
		service := start(t, s, jobs.Config{
			TickEvery: 300 * time.Millisecond,
			Tick: func(ctx context.Context) ([]jobs.Due, error) {
				mu.Lock()
				atOnce++
				most = max(most, atOnce)
				mu.Unlock()
				slow := time.NewTimer(900 * time.Millisecond)
				defer slow.Stop()
				select {
				case <-slow.C:
				case <-ctx.Done():
				}
				mu.Lock()
				atOnce--
				mu.Unlock()
				done <- struct{}{}
				return nil, nil
			},
		})
		await(t, "six slow ticks", done, 6)
		if err := service.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
		var waiting int
		if err := s.Writer().QueryRow("SELECT COUNT(*) FROM river_job WHERE state = 'available'").Scan(&waiting); err != nil || waiting > 7 {
			t.Errorf("%d ticks wait, %v", waiting, err)
		}
		mu.Lock()
		defer mu.Unlock()
		if most != 1 {
			t.Errorf("%d ticks at once", most)
		}
	})
}

func TestMaintenanceRunsAtTheStart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s := storetest.Open(t, address(t), store.Options{})
		maintained := make(chan struct{}, 10)
		start(t, s, jobs.Config{
			TickEvery: time.Second,
			Tick:      func(context.Context) ([]jobs.Due, error) { return nil, nil },
			Maintain:  func(context.Context) error { maintained <- struct{}{}; return nil },
		})
		await(t, "maintenance", maintained, 1)
	})
}

// safeBuffer is a log that may be read while it is written.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// TestAccountsAreCompared: a sweep has each account compared, and one whose comparison fails or
// panics holds up nobody.
func TestAccountsAreCompared(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		compared := map[string]chan struct{}{"a": make(chan struct{}, 1000), "b": make(chan struct{}, 1000), "c": make(chan struct{}, 1000)}
		start(t, storetest.Open(t, address(t), store.Options{}), jobs.Config{
			TickEvery: time.Second, Tick: func(context.Context) ([]jobs.Due, error) { return nil, nil },
			CompareEvery: 100 * time.Millisecond,
			ToCompare:    func(context.Context) ([]string, error) { return []string{"a", "b", "c"}, nil },
			Compare: func(_ context.Context, accountID string) error {
				compared[accountID] <- struct{}{}
				switch accountID {
				case "a":
					return errors.New("the broker is away")
				case "b":
					panic("a mistake")
				}
				return nil
			},
		})
		for account, signal := range compared {
			await(t, "comparisons of "+account, signal, 3)
		}
	})
}
