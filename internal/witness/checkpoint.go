package witness

import (
	"context"
	"fmt"

	"github.com/jcap24/alpaca-trader/internal/audit"
)

// step makes a checkpoint when one is due, and brings the file and the mail up to date.
func (w *Witness) step(ctx context.Context, now bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.alarmed {
		return nil
	}
	if err := w.load(ctx); err != nil || w.alarmed {
		return err
	}
	head, err := w.Store.AuditHead(ctx)
	if err != nil || !w.due(head, now) {
		return err
	}
	found, err := w.follows(ctx, head)
	if found != nil { // entries may have been archived between two reads: look again
		if head, err = w.Store.AuditHead(ctx); err == nil {
			found, err = w.follows(ctx, head)
		}
	}
	if err != nil || found != nil {
		if err == nil {
			w.alarm(ctx, *found)
		}
		return err
	}
	made, err := w.Keys.SignCheckpoint(audit.Checkpoint{Installation: head.Installation, Size: head.Sequence, Hash: head.Hash, At: w.Clock.Now()})
	if err != nil {
		return err
	}
	if err := w.Store.AddAuditCheckpoint(ctx, made); err != nil {
		return fmt.Errorf("keep audit checkpoint: %w", err)
	}
	w.last = made
	if w.mail != nil {
		w.mail.put(made.Note)
	}
	return w.carryOut(ctx, head.Installation)
}

// load finds the newest checkpoint that was ever made, in the database or in the file, so that the
// next one continues it.
func (w *Witness) load(ctx context.Context) error {
	if w.loaded {
		return nil
	}
	head, err := w.Store.AuditHead(ctx)
	if err != nil {
		return err
	}
	installation := head.Installation
	text, err := w.Store.NewestAuditCheckpoint(ctx)
	if err != nil {
		return err
	}
	journal, err := w.file.read()
	if err != nil {
		return err
	}
	w.file.newest(w.Keys, installation, journal)
	if text != "" {
		journal.Notes = append(journal.Notes, text)
	}
	for _, text := range journal.Notes {
		checkpoint, err := w.Keys.OpenCheckpoint(installation, text)
		if err != nil {
			w.alarm(ctx, audit.Problem{Kind: audit.Unreadable, Sentence: "A checkpoint of the audit log is " + err.Error() + ". " + adviceAfreshFile})
			return nil
		}
		if checkpoint.Size > w.last.Size {
			w.last = checkpoint
		}
	}
	w.loaded = true
	return nil
}

const adviceAfreshFile = "When the database was replaced on purpose, move the checkpoint file away."

// due reports whether there is something new that has waited long enough.
func (w *Witness) due(head audit.Head, now bool) bool {
	fresh := head.Sequence - w.last.Size
	switch {
	case fresh == 0:
		w.waiting = w.Clock.Now()
		return false
	case fresh < 0 || now || fresh >= w.Entries:
		return true
	}
	return w.Clock.Now().Sub(w.waiting) >= w.Age
}

// follows checks the entries since the last checkpoint, so that nothing is signed that does not
// continue what was signed before.
func (w *Witness) follows(ctx context.Context, head audit.Head) (*audit.Problem, error) {
	verification := audit.Verification{Keys: w.Keys}
	return verification.Continues(ctx, w.Store, w.last, head)
}

// carryOut appends what the file lacks.
func (w *Witness) carryOut(ctx context.Context, installation string) error {
	if w.file.path == "" {
		return nil
	}
	notes, err := w.Store.AuditCheckpoints(ctx, w.file.size)
	if err != nil {
		return err
	}
	for _, text := range notes {
		checkpoint, err := w.Keys.OpenCheckpoint(installation, text)
		if err != nil {
			return fmt.Errorf("read stored checkpoint: %w", err)
		}
		if err := w.file.append(checkpoint); err != nil {
			return fmt.Errorf("append to checkpoint file: %w", err)
		}
	}
	return nil
}
