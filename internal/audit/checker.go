package audit

import (
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"fmt"
)

// checker checks records one after the other. It is not safe for concurrent use.
type checker struct {
	binder   binder
	next     int64
	previous []byte // nil: unknown, the first record says it
	known    bool   // whether previous is known
	marks    marks
	text     []byte
	sum      []byte
}

func (k Keys) checker(next int64, previous []byte, known bool, marks marks) *checker {
	return &checker{binder: newBinder(k.chain), next: next, previous: bytes.Clone(previous), known: known, marks: marks}
}

// check returns what is wrong with the record; nil when it follows the one before.
func (c *checker) check(r *Record) *Problem {
	switch {
	case r.Sequence > c.next:
		return problem(c.next, Missing, "Entry %d is missing; entry %d stands next.", c.next, r.Sequence)
	case r.Sequence < c.next:
		return problem(r.Sequence, Added, "Entry %d stands where entry %d belongs.", r.Sequence, c.next)
	case c.known && !bytes.Equal(r.PreviousHash, c.previous):
		return problem(c.next, Reordered, "Entry %d does not follow the entry before it: entries were moved, replaced or cut out.", c.next)
	case !c.authentic(r):
		return problem(c.next, Changed, "Entry %d is not what was written.", c.next)
	}
	c.previous = append(c.previous[:0], r.Hash...)
	c.known = true
	c.next++
	return c.marks.compare(r.Sequence, r.Hash)
}

// authentic reports whether the record's hash was made with the key.
func (c *checker) authentic(r *Record) bool {
	c.text = appendCanonical(c.text[:0], r)
	c.sum = c.binder.bind(c.sum[:0], r.PreviousHash, c.text)
	return hmac.Equal(c.sum, r.Hash)
}

// marks are hashes that checkpoints remember, by sequence.
type marks map[int64]mark

// mark is what checkpoints say about one entry.
type mark struct {
	hash    []byte
	outside bool  // in the file, not only in the database
	good    int64 // the size of the checkpoint before it: what is older was confirmed by that
	other   []byte
}

// compare returns a problem when a checkpoint remembers another hash for the entry.
func (m marks) compare(sequence int64, hash []byte) *Problem {
	remembered, ok := m[sequence]
	if !ok || bytes.Equal(remembered.hash, hash) && remembered.other == nil {
		return nil
	}
	expected := remembered.hash
	if bytes.Equal(expected, hash) {
		expected = remembered.other
	}
	entries := fmt.Sprintf("Entries from %d to %d were", remembered.good+1, sequence)
	if remembered.good+1 == sequence {
		entries = fmt.Sprintf("Entry %d was", sequence)
	}
	return problem(remembered.good+1, Rewritten,
		"%s written anew: by somebody who has the key, or after an older database was put back. A checkpoint remembers entry %d as %s, and it is %s now.",
		entries, sequence, shortHash(expected), shortHash(hash))
}

func shortHash(hash []byte) string { return hex.EncodeToString(hash[:min(8, len(hash))]) }
