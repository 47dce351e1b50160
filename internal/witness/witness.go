// Package witness sees to it that changes of the audit log are found: it signs checkpoints of the
// log, keeps them where the database's owner has no hand, and verifies the log.
package witness

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/clock"
)

// Store is the log and its checkpoints in the database.
type Store interface {
	audit.Ledger
	Append(ctx context.Context, entry audit.Entry) error
	// NewestAuditCheckpoint returns the note of the largest checkpoint; empty when there is none.
	NewestAuditCheckpoint(ctx context.Context) (string, error)
	AddAuditCheckpoint(ctx context.Context, checkpoint audit.Checkpoint) error
	// AuditBefore returns the last of the oldest entries that were all written before the time.
	AuditBefore(ctx context.Context, before time.Time) (int64, error)
	// RemoveArchived removes the receipt's entries and leaves the receipt and the entry, or nothing.
	RemoveArchived(ctx context.Context, receipt audit.Receipt, entry audit.Entry) error
}

// Config is what a Witness works with.
type Config struct {
	Store  Store
	Keys   audit.Keys
	Clock  clock.Clock
	Log    *slog.Logger
	File   string                                       // where checkpoints are appended; empty: nowhere
	Post   func(ctx context.Context, note string) error // sends a checkpoint elsewhere; nil: nowhere
	Growth <-chan struct{}                              // says that entries were written; nil: only the clock does

	Entries int64         // a checkpoint is made after that many entries; zero: 100
	Age     time.Duration // and when the oldest entry without one is that old; zero: 60 s
	Look    time.Duration // how often the log is looked at; zero: 1 s
}

// Witness makes checkpoints while it runs. Nothing that it does delays an act: acts do not wait
// for it, and it writes one small row a checkpoint. It is safe for concurrent use.
type Witness struct {
	Config
	file *file

	mu      sync.Mutex // one checkpoint at a time
	last    audit.Checkpoint
	loaded  bool
	alarmed bool      // checkpoints are not made until the log verifies
	waiting time.Time // when an entry without a checkpoint was first seen

	verifying sync.Mutex // guards running and found
	running   *verification
	found     *audit.Report // by the last verification that could be made; nil: none yet

	mail    *mail
	workers sync.WaitGroup
	end     context.CancelFunc
	ending  context.Context
}

// New returns a witness; it does nothing until it is asked or started.
func New(config Config) *Witness {
	if config.Entries == 0 {
		config.Entries = 100
	}
	if config.Age == 0 {
		config.Age = time.Minute
	}
	if config.Look == 0 {
		config.Look = time.Second
	}
	w := &Witness{Config: config, file: &file{path: config.File}}
	w.ending, w.end = context.WithCancel(context.Background())
	if config.Post != nil {
		w.mail = newMail(config.Post, config.Log)
	}
	return w
}

// Start verifies the log in the background, with a loud alarm when it does not fit, and makes
// checkpoints until Stop.
func (w *Witness) Start() {
	w.workers.Go(func() {
		if report, err := w.Verify(w.ending); err == nil && report.OK() {
			w.Log.Info("audit log verified", "entries", report.Entries)
		}
		w.watch()
	})
	if w.mail != nil {
		w.workers.Go(func() { w.mail.deliver(w.ending) })
	}
}

// Stop ends the work and makes a last checkpoint when there is something new. Calling it again
// does nothing more.
func (w *Witness) Stop(ctx context.Context) error {
	w.end()
	w.workers.Wait()
	w.verifying.Lock()
	run := w.running
	w.verifying.Unlock()
	if run != nil {
		<-run.done
	}
	return w.Checkpoint(ctx)
}

func (w *Witness) watch() {
	ticker := time.NewTicker(w.Look)
	defer ticker.Stop()
	for {
		select {
		case <-w.ending.Done():
			return
		case <-ticker.C:
		case <-w.Growth:
		}
		if err := w.step(w.ending, false); err != nil && w.ending.Err() == nil {
			w.Log.Error("make audit checkpoint", "cause", err)
		}
	}
}

// Checkpoint makes a checkpoint now when there are entries without one.
func (w *Witness) Checkpoint(ctx context.Context) error { return w.step(ctx, true) }
