package audit

import "bytes"

// Follower checks entries that come one after the other, from wherever the first one stands.
type Follower struct {
	checker *checker
	first   int64
	before  []byte // hash before the first entry
}

// Follow returns what checks a stretch of the log.
func (k Keys) Follow() *Follower { return &Follower{checker: k.checker(0, nil, false, nil)} }

// Check returns what is wrong with the entry; nil when it follows the one before.
func (f *Follower) Check(r *Record) *Problem {
	if f.checker.next == 0 {
		f.first, f.before = r.Sequence, bytes.Clone(r.PreviousHash)
		f.checker.next = r.Sequence
	}
	return f.checker.check(r)
}

// Ends compares what was checked with the head of the log and with the end of what was archived
// before; zero and nil when nothing was.
func (f *Follower) Ends(head Head, archived int64, archivedHash []byte) *Problem {
	last := f.checker.next - 1
	if f.first == 0 {
		last, f.checker.previous = archived, archivedHash
	} else if f.first != archived+1 || !bytes.Equal(f.before, archivedHash) {
		return problem(f.first, Missing, "The log begins with entry %d, and entries up to %d were archived.", f.first, archived)
	}
	if last != head.Sequence || !bytes.Equal(f.checker.previous, head.Hash) {
		return problem(head.Sequence, Changed, "The head of the log does not fit its newest entry %d.", last)
	}
	return nil
}
