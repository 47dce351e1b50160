package audit

import (
	"fmt"
	"time"
)

// ProblemKind says what was done to the log.
type ProblemKind string

// The kinds of problems.
const (
	Changed    ProblemKind = "changed"    // an entry is not what was written
	Reordered  ProblemKind = "reordered"  // an entry does not follow the one before it
	Missing    ProblemKind = "missing"    // an entry was deleted
	CutOff     ProblemKind = "cut"        // the newest entries are gone
	Restored   ProblemKind = "restored"   // the database is older than a checkpoint outside of it
	Rewritten  ProblemKind = "rewritten"  // written anew by somebody who has the key
	Added      ProblemKind = "added"      // an entry stands where none belongs
	Unreadable ProblemKind = "checkpoint" // a checkpoint or an archive's receipt is not the installation's own
	Illegible  ProblemKind = "illegible"  // the head or a number is gone or no number, or the database file is damaged
)

// Problem is the first entry that is not as it was written, and why.
type Problem struct {
	Sequence int64       `json:"sequence"` // the first bad entry; 0 when no single entry is bad
	Kind     ProblemKind `json:"kind"`
	Sentence string      `json:"message"` // what was found
}

func problem(sequence int64, kind ProblemKind, format string, args ...any) *Problem {
	return &Problem{sequence, kind, fmt.Sprintf(format, args...)}
}

// atEnd calls missing entries cut off when none stands behind them.
func (p *Problem) atEnd(head Head) *Problem {
	if p.Kind == Missing && p.Sequence > head.Highest {
		return problem(p.Sequence, CutOff, "The newest entries, from %d to %d, are missing.", p.Sequence, head.Sequence)
	}
	return p
}

// earlier returns the problem with the lower sequence; the first one when they are equal. One
// without a sequence comes last.
func earlier(a, b *Problem) *Problem {
	switch {
	case a == nil:
		return b
	case b == nil || b.Sequence == 0:
		return a
	case a.Sequence == 0 || b.Sequence < a.Sequence:
		return b
	}
	return a
}

// Report is the outcome of a verification.
type Report struct {
	Entries    int64       // in the database when it began
	Archived   int64       // entries up to this one are in archives
	Checked    int64       // entries of archives that were read too
	Checkpoint *Checkpoint // the newest that fits; nil for none
	Witnessed  *Checkpoint // the newest that fits and stands outside of the database
	Problem    *Problem    // nil: all is as it was written
	At         time.Time   // when the verification began
	Notes      []string    // what is worth knowing and no problem
}

// OK reports whether everything is as it was written.
func (r Report) OK() bool { return r.Problem == nil }
