package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/jcap24/alpaca-trader/internal/clock"
)

// The queues. Ticks have their own, so that long cycles cannot hold them up.
const (
	tickQueue     = "ticks"
	cycleQueue    = "cycles"
	maintainQueue = "maintenance"
)

type tickArgs struct{}

// Kind names the job in the queue.
func (tickArgs) Kind() string { return "tick" }

// tickOptions make a tick unique in its stretch of time, whoever enqueues it (River knows stretches
// from one second on; quicker ticks are enqueued by the leader alone). It is not unique beyond
// that: a tick that died with its process would hold up all others.
func tickOptions(every time.Duration) *river.InsertOpts {
	options := &river.InsertOpts{Queue: tickQueue, MaxAttempts: 1}
	if stretch := every / 2; stretch >= time.Second {
		options.UniqueOpts = river.UniqueOpts{ByPeriod: stretch}
	}
	return options
}

// wakeOptions make a tick that somebody asks for unique among those that wait or run.
func wakeOptions() *river.InsertOpts {
	waiting := []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateScheduled}
	return &river.InsertOpts{Queue: tickQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByState: waiting}}
}

type tickWorker struct {
	river.WorkerDefaults[tickArgs]

	every       time.Duration
	tick        func(ctx context.Context) ([]Due, error)
	soon        func() []Soon
	enqueue     func(ctx context.Context, due []Due) error
	alarm       *alarm
	skipWaiting func(ctx context.Context) error
}

// Timeout bounds a tick.
func (*tickWorker) Timeout(*river.Job[tickArgs]) time.Duration { return tickTimeout }

// Work enqueues what is due. When the queue is late, because ticks are slow or the machine is busy,
// it removes the ticks that wait, so that they do not pile up.
func (w *tickWorker) Work(ctx context.Context, job *river.Job[tickArgs]) error {
	err := w.run(ctx)
	if clock.System().Now().Sub(job.ScheduledAt) > w.every {
		err = firstError(err, w.skipWaiting(ctx))
	}
	return err
}

func (w *tickWorker) run(ctx context.Context) error {
	due, err := w.tick(ctx)
	if err != nil {
		return fmt.Errorf("find due accounts: %w", err)
	}
	if w.soon != nil {
		w.alarm.set(w.soon())
	}
	if len(due) == 0 {
		return nil
	}
	return w.enqueue(ctx, due)
}

type cycleArgs struct {
	AccountID string    `json:"account_id"`
	Slot      time.Time `json:"slot"`
}

// Kind names the job in the queue.
func (cycleArgs) Kind() string { return "cycle" }

// cycleOptions make a cycle unique by account and slot in its stretch of time, whatever became of it;
// the journal's UNIQUE row stands behind that. It is not unique beyond that: a cycle that died with
// its process, or that failed before it had planned the next slot, would hold up its account.
func cycleOptions(again time.Duration) *river.InsertOpts {
	unique := river.UniqueOpts{ByArgs: true, ByPeriod: again, ByState: rivertype.JobStates()}
	return &river.InsertOpts{Queue: cycleQueue, MaxAttempts: 2, UniqueOpts: unique}
}

type cycleWorker struct {
	river.WorkerDefaults[cycleArgs]

	run func(ctx context.Context, accountID string, slot time.Time) error
}

const retryAfter = 5 * time.Second

// NextRetry leaves a moment before the second and last attempt.
func (*cycleWorker) NextRetry(job *river.Job[cycleArgs]) time.Time {
	return job.AttemptedAt.Add(retryAfter)
}

// Timeout bounds a cycle.
func (*cycleWorker) Timeout(*river.Job[cycleArgs]) time.Duration { return cycleTimeout }

// Work runs the cycle.
func (w *cycleWorker) Work(ctx context.Context, job *river.Job[cycleArgs]) error {
	if err := w.run(ctx, job.Args.AccountID, job.Args.Slot); err != nil {
		return fmt.Errorf("run cycle of account %s for %s: %w", job.Args.AccountID, job.Args.Slot.Format(time.RFC3339), err)
	}
	return nil
}

type maintainArgs struct{}

// Kind names the job in the queue.
func (maintainArgs) Kind() string { return "maintenance" }

type maintainWorker struct {
	river.WorkerDefaults[maintainArgs]

	maintain func(ctx context.Context) error
}

// Timeout bounds maintenance.
func (*maintainWorker) Timeout(*river.Job[maintainArgs]) time.Duration { return maintainTimeout }

// Work cleans up.
func (w *maintainWorker) Work(ctx context.Context, _ *river.Job[maintainArgs]) error {
	if w.maintain == nil {
		return nil
	}
	return w.maintain(ctx)
}
