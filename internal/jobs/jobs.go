// Package jobs runs what happens by the clock: a tick finds the accounts that are due and enqueues
// one cycle for each; cycles run beside each other; maintenance cleans up. The queue is River, in
// the store's own database, so that several processes on PostgreSQL share the work.
//
// River's tables hold nothing that matters: an order is safe by the journal, whatever runs twice,
// late or not at all here.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

// Due is one account's cycle that should run now. The same account and slot is enqueued once in
// Config.Again, however often ticks return it.
type Due struct {
	AccountID string
	Slot      time.Time
}

// Config says what happens and how often.
type Config struct {
	TickEvery    time.Duration
	Tick         func(ctx context.Context) ([]Due, error)
	Soon         func() []Soon                                                     // what the last Tick of this process has seen coming; nil: nothing
	RunCycle     func(ctx context.Context, accountID string, slot time.Time) error // tried twice at most, each time it is enqueued
	Again        time.Duration                                                     // after which a cycle that is still due is enqueued anew, a second at least; zero: 31 s
	Maintain     func(ctx context.Context) error                                   // hourly
	CompareEvery time.Duration                                                     // how often accounts are compared with their brokers; zero: 5 minutes
	ToCompare    func(ctx context.Context) ([]string, error)                       // ids of accounts; nil: none
	Compare      func(ctx context.Context, accountID string) error                 // once; the next comparison comes anyway
	StopPatience time.Duration                                                     // how long Stop waits before it cancels running jobs; 20 s when zero
	Logger       *slog.Logger
}

// Limits of the queues.
const (
	cyclesAtOnce     = 128 // most of them wait for a commit or for their broker
	cycleTimeout     = 4 * time.Minute
	tickTimeout      = 30 * time.Second
	maintainTimeout  = 2 * time.Minute
	maintainEvery    = time.Hour
	comparedAtOnce   = 4
	compareTimeout   = 2 * time.Minute
	usualAgain       = 31 * time.Second // longer than the lease of a process that died; a stretch of it seldom ends with a minute, when cycles are enqueued
	usualCompare     = 5 * time.Minute
	usualPatience    = 20 * time.Second
	keepFinished     = 2 * time.Minute // keeps the queue's tables small
	keepFailed       = time.Hour
	slowestPoll      = time.Second
	fastestPoll      = 100 * time.Millisecond
	noticeCooldown   = 10 * time.Millisecond // between two notices that a queue has work
	cycleCooldown    = 50 * time.Millisecond // between two fetches of cycles: those that begin together share what they read and write
	migrationPatient = 3                     // another process may be migrating too
)

// Service is the running queue.
type Service struct {
	alarm   *alarm
	insert  func(ctx context.Context, jobs []river.InsertManyParams) error
	stop    func(ctx context.Context) error
	once    sync.Once
	stopped error
}

// Migrate brings River's tables to this program's version.
func Migrate[Tx any](ctx context.Context, driver riverdriver.Driver[Tx], logger *slog.Logger) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: quiet(logger)})
	if err != nil {
		return fmt.Errorf("prepare queue migration: %w", err)
	}
	for attempt := 1; ; attempt++ {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		if err == nil {
			return nil
		}
		if attempt == migrationPatient || ctx.Err() != nil {
			return fmt.Errorf("migrate queue: %w", err)
		}
	}
}

// Start migrates and starts the queue, and runs the first tick at once. It returns when jobs are
// being worked. The driver is riverpgxv5.New(pool) or riversqlite.New(writer).
func Start[Tx any](ctx context.Context, driver riverdriver.Driver[Tx], config Config) (*Service, error) {
	if err := Migrate(ctx, driver, config.Logger); err != nil {
		return nil, err
	}
	if config.CompareEvery == 0 {
		config.CompareEvery = usualCompare
	}
	if config.Again == 0 {
		config.Again = usualAgain
	}
	workers := river.NewWorkers()
	client, err := river.NewClient(driver, riverConfig(config, workers))
	if err != nil {
		return nil, fmt.Errorf("prepare queue: %w", err)
	}
	enqueue := func(ctx context.Context, jobs []river.InsertManyParams) error {
		_, err := client.InsertMany(ctx, jobs)
		return err
	}
	skipWaiting := func(ctx context.Context) error {
		waiting := river.NewJobDeleteManyParams().Kinds(tickArgs{}.Kind()).States(rivertype.JobStateAvailable)
		_, err := client.JobDeleteMany(ctx, waiting)
		return err
	}
	cycles := &enqueuing{insert: enqueue, again: config.Again, done: map[Due]time.Time{}}
	bell := &alarm{enqueue: cycles.cycles, log: config.Logger}
	river.AddWorker(workers, &tickWorker{
		every: config.TickEvery, tick: config.Tick, soon: config.Soon, enqueue: cycles.cycles, alarm: bell, skipWaiting: skipWaiting,
	})
	river.AddWorker(workers, &cycleWorker{run: config.RunCycle})
	river.AddWorker(workers, &maintainWorker{maintain: config.Maintain})
	river.AddWorker(workers, &sweepWorker{every: config.CompareEvery, accounts: config.ToCompare, enqueue: enqueue})
	river.AddWorker(workers, &compareWorker{compare: config.Compare})
	// The context ends with the caller's start-up; the queue runs until Stop.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("start queue: %w", err)
	}
	service := &Service{alarm: bell, insert: enqueue, stop: client.Stop}
	// A leader that died without a word is succeeded after seconds only; the first tick does not wait.
	if err := enqueue(ctx, []river.InsertManyParams{{Args: tickArgs{}, InsertOpts: tickOptions(config.TickEvery)}}); err != nil {
		return nil, fmt.Errorf("enqueue first tick: %w", firstError(err, service.Stop(ctx)))
	}
	return service, nil
}

// Stop takes no new work, waits for running jobs, cancels those that take longer than the
// configured patience, and returns when all have ended or the context has. Calling it again is
// harmless.
func (s *Service) Stop(ctx context.Context) error {
	s.once.Do(func() {
		s.alarm.end()
		s.stopped = s.stop(ctx)
	})
	return s.stopped
}

// Wake has a tick made at once, by whichever process is free: somebody has changed when cycles run.
func (s *Service) Wake(ctx context.Context) error {
	if err := s.insert(ctx, []river.InsertManyParams{{Args: tickArgs{}, InsertOpts: wakeOptions()}}); err != nil {
		return fmt.Errorf("enqueue tick: %w", err)
	}
	return nil
}

func riverConfig(config Config, workers *river.Workers) *river.Config {
	patience := config.StopPatience
	if patience == 0 {
		patience = usualPatience
	}
	poll := min(max(config.TickEvery/2, fastestPoll), slowestPoll)
	one := river.QueueConfig{MaxWorkers: 1, FetchPollInterval: poll}
	return &river.Config{
		Workers:       workers,
		FetchCooldown: noticeCooldown,
		Queues: map[string]river.QueueConfig{
			tickQueue:     one,
			cycleQueue:    {MaxWorkers: cyclesAtOnce, FetchPollInterval: poll, FetchCooldown: cycleCooldown},
			compareQueue:  {MaxWorkers: comparedAtOnce, FetchPollInterval: slowestPoll},
			maintainQueue: {MaxWorkers: 1},
		},
		PeriodicJobs:                periodic(config),
		JobTimeout:                  cycleTimeout,
		RescueStuckJobsAfter:        cycleTimeout + time.Minute,
		CompletedJobRetentionPeriod: keepFinished,
		CancelledJobRetentionPeriod: keepFailed,
		DiscardedJobRetentionPeriod: keepFailed,
		SoftStopTimeout:             patience,
		Logger:                      quiet(config.Logger),
		ErrorHandler:                reporter{config.Logger},
	}
}

func periodic(config Config) []*river.PeriodicJob {
	return []*river.PeriodicJob{
		river.NewPeriodicJob(river.PeriodicInterval(config.TickEvery), func() (river.JobArgs, *river.InsertOpts) {
			return tickArgs{}, tickOptions(config.TickEvery)
		}, nil),
		river.NewPeriodicJob(river.PeriodicInterval(maintainEvery), func() (river.JobArgs, *river.InsertOpts) {
			return maintainArgs{}, &river.InsertOpts{Queue: maintainQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByPeriod: maintainEvery / 2}}
		}, &river.PeriodicJobOpts{RunOnStart: true}),
		river.NewPeriodicJob(river.PeriodicInterval(config.CompareEvery), func() (river.JobArgs, *river.InsertOpts) {
			return sweepArgs{}, compareOptions(config.CompareEvery)
		}, nil),
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
