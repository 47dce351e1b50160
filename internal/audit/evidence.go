package audit

import (
	"bytes"
	"context"
	"slices"
	"time"
)

// evidence is what checkpoints and receipts say about the log.
type evidence struct {
	receipts    []Receipt // oldest first
	archived    archived
	marks       marks
	checkpoints []witnessed // smallest first
}

// archived is the entry after which the database's own begin.
type archived struct {
	last     int64
	lastHash []byte
}

// witnessed is a checkpoint and where it stands.
type witnessed struct {
	Checkpoint
	outside bool
}

// gather reads receipts and the notes of checkpoints, those inside of the database as given. The problem is the first that is not the installation's own.
func (v Verification) gather(ctx context.Context, ledger Ledger, head Head, inside []string) (evidence, *Problem, error) {
	receipts, err := ledger.AuditArchives(ctx)
	if err != nil {
		return evidence{}, nil, err
	}
	var e evidence
	found := v.readReceipts(head.Installation, receipts, &e)
	for _, group := range []struct {
		notes   []string
		outside bool
		place   string
	}{{v.Outside.Notes, true, "the checkpoint file"}, {inside, false, "the database"}} {
		for i, text := range group.notes {
			checkpoint, err := v.Keys.OpenCheckpoint(head.Installation, text)
			if err != nil {
				found = earlier(found, problem(0, Unreadable, "Checkpoint %d in %s is %s.", i+1, group.place, err))
				continue
			}
			e.checkpoints = append(e.checkpoints, witnessed{checkpoint, group.outside})
		}
	}
	e.mark()
	return e, found, nil
}

// mark sorts the checkpoints and makes the table by which entries are compared.
func (e *evidence) mark() {
	slices.SortStableFunc(e.checkpoints, func(a, b witnessed) int { return int(a.Size - b.Size) })
	e.marks = make(marks, len(e.checkpoints))
	var good int64
	for i, c := range e.checkpoints {
		if i > 0 && e.checkpoints[i-1].Size < c.Size {
			good = e.checkpoints[i-1].Size
		}
		known, again := e.marks[c.Size]
		if !again {
			known = mark{hash: c.Hash, good: good}
		} else if !bytes.Equal(known.hash, c.Hash) {
			known.other = c.Hash
		}
		e.marks[c.Size] = known
	}
}

// readReceipts follows the receipts of the archives from the first entry on.
func (v Verification) readReceipts(installation string, notes []string, e *evidence) *Problem {
	for i, text := range notes {
		receipt, err := v.Keys.OpenReceipt(installation, text)
		switch {
		case err != nil:
			return problem(0, Unreadable, "The receipt of archive %d is %s.", i+1, err)
		case receipt.First != e.archived.last+1 || !bytes.Equal(receipt.PreviousHash, e.archived.lastHash):
			return problem(e.archived.last+1, Missing, "Entry %d is missing: the receipt of an archive is gone.", e.archived.last+1)
		}
		e.receipts = append(e.receipts, receipt)
		e.archived = archived{receipt.Last, receipt.LastHash}
	}
	return nil
}

// beyond is the problem of a log that is shorter than a checkpoint says.
func (e evidence) beyond(head Head) *Problem {
	var inside, outside witnessed
	for _, c := range e.checkpoints {
		if c.outside {
			outside = c
		} else {
			inside = c
		}
	}
	from := head.Sequence + 1
	switch {
	case inside.Size > head.Sequence:
		return problem(from, CutOff, "The newest entries, from %d on, are missing: there were %d of them at %s.", from, inside.Size, inside.At.Format(time.DateTime))
	case outside.Size > head.Sequence:
		return problem(from, Restored, "The database is older than the checkpoint file, or was cut: there were %d entries at %s, and now there are %d.", outside.Size, outside.At.Format(time.DateTime), head.Sequence)
	}
	return nil
}

// newest returns the newest checkpoint that fits, of all and of those outside of the database.
func (e evidence) newest(head Head, found *Problem) (newest, outside *Checkpoint) {
	for _, c := range e.checkpoints {
		if c.Size > head.Sequence || found != nil && c.Size >= found.Sequence {
			break
		}
		fits := c.Checkpoint
		newest = &fits
		if c.outside {
			outside = &fits
		}
	}
	return newest, outside
}
