package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

// compareQueue has both jobs of this file: a sweep names the accounts, and each is compared with its
// broker by a job of its own, by whichever process is free.
const compareQueue = "comparisons"

type sweepArgs struct{}

// Kind names the job in the queue.
func (sweepArgs) Kind() string { return "sweep" }

// compareOptions make a job unique in its stretch of time, whoever enqueues it (River knows
// stretches from one second on). What fails is not tried again: the next stretch comes anyway.
func compareOptions(every time.Duration) *river.InsertOpts {
	options := &river.InsertOpts{Queue: compareQueue, MaxAttempts: 1}
	if stretch := every / 2; stretch >= time.Second {
		options.UniqueOpts = river.UniqueOpts{ByArgs: true, ByPeriod: stretch}
	}
	return options
}

type sweepWorker struct {
	river.WorkerDefaults[sweepArgs]

	every    time.Duration
	accounts func(ctx context.Context) ([]string, error)
	enqueue  func(ctx context.Context, jobs []river.InsertManyParams) error
}

// Timeout bounds a sweep.
func (*sweepWorker) Timeout(*river.Job[sweepArgs]) time.Duration { return tickTimeout }

// Work enqueues one comparison for each account.
func (w *sweepWorker) Work(ctx context.Context, _ *river.Job[sweepArgs]) error {
	if w.accounts == nil {
		return nil
	}
	accounts, err := w.accounts(ctx)
	if err != nil {
		return fmt.Errorf("find accounts to compare: %w", err)
	}
	if len(accounts) == 0 {
		return nil
	}
	comparisons := make([]river.InsertManyParams, len(accounts))
	for i, account := range accounts {
		comparisons[i] = river.InsertManyParams{Args: compareArgs{AccountID: account}, InsertOpts: compareOptions(w.every)}
	}
	if err := w.enqueue(ctx, comparisons); err != nil {
		return fmt.Errorf("enqueue comparisons: %w", err)
	}
	return nil
}

type compareArgs struct {
	AccountID string `json:"account_id"`
}

// Kind names the job in the queue.
func (compareArgs) Kind() string { return "compare" }

type compareWorker struct {
	river.WorkerDefaults[compareArgs]

	compare func(ctx context.Context, accountID string) error
}

// Timeout bounds a comparison.
func (*compareWorker) Timeout(*river.Job[compareArgs]) time.Duration { return compareTimeout }

// Work compares the account's journal with its broker.
func (w *compareWorker) Work(ctx context.Context, job *river.Job[compareArgs]) error {
	if w.compare == nil {
		return nil
	}
	if err := w.compare(ctx, job.Args.AccountID); err != nil {
		return fmt.Errorf("compare account %s with its broker: %w", job.Args.AccountID, err)
	}
	return nil
}
