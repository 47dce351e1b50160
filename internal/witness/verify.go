package witness

import (
	"context"
	"io"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
)

// verification is one that runs, or has ended.
type verification struct {
	done   chan struct{}
	report audit.Report
	err    error
}

// Verify checks the whole log against the checkpoints in the database and in the file. Callers
// at the same time share one run, which goes on when one of them stops waiting.
func (w *Witness) Verify(ctx context.Context) (audit.Report, error) {
	w.verifying.Lock()
	run := w.running
	if run == nil {
		run = &verification{done: make(chan struct{})}
		w.running = run
		go w.run(run)
	}
	w.verifying.Unlock()
	select {
	case <-ctx.Done():
		return audit.Report{}, ctx.Err()
	case <-run.done:
		return run.report, run.err
	}
}

func (w *Witness) run(run *verification) {
	defer close(run.done)
	ctx := w.ending
	run.report, run.err = w.VerifyWith(ctx)
	w.verifying.Lock()
	w.running = nil
	if run.err == nil {
		w.found = &run.report
	}
	w.verifying.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case ctx.Err() != nil:
	case run.err != nil:
		w.Log.Error("verify audit log", "cause", run.err)
	case run.report.Problem != nil:
		w.alarm(ctx, *run.report.Problem)
	default:
		w.alarmed = false
	}
}

// Last is when the log was verified last, and whether it was intact; the zero time when it has not been.
func (w *Witness) Last() (verified time.Time, intact bool) {
	w.verifying.Lock()
	defer w.verifying.Unlock()
	if w.found == nil {
		return time.Time{}, false
	}
	return w.found.At, w.found.OK()
}

// ArchiveFile is an archive to verify too.
type ArchiveFile struct {
	Name string
	From io.Reader
}

// VerifyWith checks the whole log, and the archives too. It raises no alarm. What it finds without
// archives it has seen twice: entries may be archived between two of its reads.
func (w *Witness) VerifyWith(ctx context.Context, files ...ArchiveFile) (audit.Report, error) {
	report, err := w.verifyOnce(ctx, files)
	if err == nil && !report.OK() && len(files) == 0 {
		return w.verifyOnce(ctx, nil)
	}
	return report, err
}

func (w *Witness) verifyOnce(ctx context.Context, files []ArchiveFile) (audit.Report, error) {
	begin := w.Clock.Now()
	outside, err := w.file.read()
	if err != nil {
		return audit.Report{}, err
	}
	verification := audit.Verification{Keys: w.Keys, Outside: outside}
	for _, file := range files {
		archive, err := w.Keys.OpenArchive(file.Name, file.From)
		if err != nil {
			return audit.Report{}, err
		}
		verification.Archives = append(verification.Archives, archive)
	}
	report, err := verification.Verify(ctx, w.Store)
	report.At = begin
	return report, err
}

// alarm says loudly, once, that the log is not as it was written, in the server's log and in the
// audit log itself. Checkpoints are made again when the log verifies.
func (w *Witness) alarm(ctx context.Context, found audit.Problem) {
	if w.alarmed {
		return
	}
	w.alarmed = true
	w.Log.Error("AUDIT ALARM: the audit log is not as it was written. "+found.Sentence+" See docs/AUDIT.md.", "entry", found.Sequence, "kind", found.Kind)
	err := w.Store.Append(ctx, audit.Entry{
		At: w.Clock.Now(), ActorName: "audit", Action: audit.AuditAlarm, Target: "audit",
		Details: map[string]any{"entry": found.Sequence, "kind": found.Kind, "problem": found.Sentence},
	})
	if err != nil {
		w.Log.Error("record audit alarm", "cause", err)
	}
}
