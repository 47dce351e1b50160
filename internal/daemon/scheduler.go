package daemon

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/jobs"
	"github.com/jcap24/alpaca-trader/internal/metrics"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// scheduler runs the automation by the job queue. It implements app.Scheduler.
type scheduler struct {
	automation *app.Automation
	store      *store.Store
	sessions   store.Sessions
	log        *slog.Logger
	every      time.Duration
	barsKept   int // of each symbol and timeframe; 0: all
	metrics    *metrics.Metrics

	running   atomic.Bool
	service   *jobs.Service
	resolving sync.WaitGroup
	abandon   context.CancelFunc
}

// Running reports whether cycles are run by this process.
func (s *scheduler) Running() bool { return s.running.Load() }

// start resolves, in the background, what an earlier run left open, and starts the queue at once:
// a cycle resolves its own account before it decides anything.
func (s *scheduler) start(ctx context.Context) error {
	background, abandon := context.WithCancel(context.WithoutCancel(ctx))
	s.abandon = abandon
	s.resolving.Go(func() { s.automation.ResolveAll(background) })
	config := jobs.Config{
		TickEvery: s.every, Tick: s.tick, Soon: s.soon, Logger: s.log,
		RunCycle: func(ctx context.Context, accountID string, slot time.Time) error {
			return s.counted("cycle", func() error { return s.automation.RunDue(ctx, app.Due{AccountID: accountID, Slot: slot}) })
		},
		ToCompare: s.automation.ToReconcile,
		Compare: func(ctx context.Context, accountID string) error {
			return s.counted("compare", func() error { return s.automation.Reconcile(ctx, accountID) })
		},
		Maintain: func(ctx context.Context) error {
			return s.counted("maintain", func() error {
				_, err := s.sessions.Sweep(ctx)
				return errors.Join(err, s.store.SweepLinks(ctx), s.store.SweepSignIns(ctx), s.sweepBars(ctx))
			})
		},
	}
	var err error
	if pool := s.store.Pool(); pool != nil {
		s.service, err = jobs.Start(ctx, riverpgxv5.New(pool), config)
	} else {
		s.service, err = jobs.Start(ctx, riversqlite.New(s.store.Writer()), config)
	}
	s.running.Store(err == nil)
	return err
}

func (s *scheduler) tick(ctx context.Context) (cycles []jobs.Due, err error) {
	err = s.counted("tick", func() error {
		due, err := s.automation.Tick(ctx)
		for _, d := range due {
			cycles = append(cycles, jobs.Due{AccountID: d.AccountID, Slot: d.Slot})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return cycles, nil
}

// sweepBars removes stored bars that nobody needs any more.
func (s *scheduler) sweepBars(ctx context.Context) error {
	accounts, err := s.store.AllAccounts(ctx)
	if err != nil {
		return err
	}
	removed, err := s.store.SweepBars(ctx, s.barsKept, ownerless(accounts))
	if removed > 0 {
		s.log.Info("old bars removed", "bars", removed)
	}
	return err
}

// soon is what the last tick of this process has seen coming.
func (s *scheduler) soon() []jobs.Soon {
	coming := s.automation.Soon()
	soon := make([]jobs.Soon, len(coming))
	for i, one := range coming {
		soon[i] = jobs.Soon{Due: jobs.Due{AccountID: one.AccountID, Slot: one.Slot}, At: one.At}
	}
	return soon
}

// Wake has a tick made, by whichever process is free; what fails is made up for by the next one.
func (s *scheduler) Wake(ctx context.Context) {
	if !s.Running() {
		return
	}
	if err := s.service.Wake(ctx); err != nil {
		s.log.WarnContext(ctx, "slots are planned with the next tick", "error", err)
	}
}

// ahead is how far ahead a tick looks: until the next one, with a little for one that is late.
func ahead(every time.Duration) time.Duration { return every + every/2 }

// counted does a job, and counts it.
func (s *scheduler) counted(kind string, work func() error) error {
	ended := s.metrics.Job(kind)
	err := work()
	ended(err)
	return err
}

// stop takes no new cycles and lets running ones end.
func (s *scheduler) stop(ctx context.Context) error {
	s.running.Store(false)
	if s.abandon != nil {
		s.abandon()
		s.resolving.Wait()
	}
	if s.service == nil {
		return nil
	}
	return s.service.Stop(ctx)
}
