package audit

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Head is the log at one moment.
type Head struct {
	Installation string
	Sequence     int64 // of the newest entry
	Hash         []byte
	Lowest       int64 // of the entries that are there; 0: none
	Highest      int64
}

// Ledger is where the log is kept; store.Store is one.
type Ledger interface {
	// AuditHead is a fault of kind NotFound or Conflict when somebody made the head illegible.
	AuditHead(ctx context.Context) (Head, error)
	// ScanAudit visits the entries from first to last in order. A record is valid until visit
	// returns; an error of visit ends the scan and comes back.
	ScanAudit(ctx context.Context, first, last int64, visit func(*Record) error) error
	// AuditCheckpoints returns the notes of the checkpoints, smallest first.
	AuditCheckpoints(ctx context.Context, above int64) ([]string, error) // of larger size
	// AuditArchives returns the notes of the archives' receipts, oldest first.
	AuditArchives(ctx context.Context) ([]string, error)
}

// Verification is what a log is checked with besides its own entries.
type Verification struct {
	Keys     Keys
	Outside  Journal   // checkpoints that the database's owner does not control
	Archives []Archive // opened archives, whose entries are checked too
}

// chunk is how many entries one worker takes at a time.
const chunk = 20_000

// Verify checks the whole log and names the first entry that is not as it was written. An error
// means that the log could not be read now; one that somebody made illegible is a problem.
func (v Verification) Verify(ctx context.Context, ledger Ledger) (Report, error) {
	report, err := v.read(ctx, ledger)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict) {
		return Report{Problem: problem(0, Illegible, "%s", fault.Public(err))}, nil
	}
	return report, err
}

func (v Verification) read(ctx context.Context, ledger Ledger) (Report, error) {
	// Checkpoints first: what is written meanwhile makes the log longer than they say, never shorter.
	inside, err := ledger.AuditCheckpoints(ctx, 0)
	if err != nil {
		return Report{}, err
	}
	head, err := ledger.AuditHead(ctx)
	if err != nil {
		return Report{}, err
	}
	evidence, found, err := v.gather(ctx, ledger, head, inside)
	if err != nil {
		return Report{}, err
	}
	report := Report{Archived: evidence.archived.last}
	report.Entries = max(0, head.Sequence-report.Archived)
	if v.Outside.Torn {
		report.Notes = append(report.Notes, "The checkpoint file ends within a note, as after a crash; the whole ones count.")
	}
	for _, archive := range v.Archives {
		checked, broken := v.checkArchive(archive, evidence, head)
		report.Checked += checked
		found = earlier(found, broken)
	}
	broken, err := v.checkEntries(ctx, ledger, head, evidence)
	if err != nil {
		return Report{}, err
	}
	report.Problem = earlier(earlier(found, broken), evidence.beyond(head))
	report.Checkpoint, report.Witnessed = evidence.newest(head, report.Problem)
	return report, nil
}

// checkEntries checks what is in the database, several parts at once.
func (v Verification) checkEntries(ctx context.Context, ledger Ledger, head Head, e evidence) (*Problem, error) {
	first := e.archived.last + 1
	switch {
	case head.Lowest > 0 && head.Lowest < first:
		return problem(head.Lowest, Added, "Entry %d stands in the database, and it was archived.", head.Lowest), nil
	case head.Sequence < e.archived.last:
		return problem(head.Sequence+1, CutOff, "The log ends at entry %d, and entries up to %d were archived.", head.Sequence, e.archived.last), nil
	}
	parts := split(first, head.Sequence)
	if err := v.checkParts(ctx, ledger, parts, e); err != nil {
		return nil, err
	}
	previous := &part{lastHash: e.archived.lastHash}
	for _, p := range parts {
		if broken := p.follow(previous); broken != nil {
			return broken.atEnd(head), nil
		}
		previous = p
	}
	if string(previous.lastHash) != string(head.Hash) {
		return problem(head.Sequence, Changed, "The head of the log does not fit its newest entry %d.", head.Sequence), nil
	}
	if head.Highest > head.Sequence {
		return problem(head.Sequence+1, Added, "Entry %d stands behind the head of the log, which is %d.", head.Highest, head.Sequence), nil
	}
	return nil, nil
}

// part is a stretch of the log that one worker checks.
type part struct {
	first, last         int64
	broken              *Problem
	firstHash, lastHash []byte // the hash before the first entry, the hash of the last
	seen                int64
}

func split(first, last int64) []*part {
	var parts []*part
	for ; first <= last; first += chunk {
		parts = append(parts, &part{first: first, last: min(last, first+chunk-1)})
	}
	return parts
}

// follow returns the first problem of the part, given the part before it.
func (p *part) follow(before *part) *Problem {
	if p.seen > 0 && string(p.firstHash) != string(before.lastHash) {
		return problem(p.first, Reordered, "Entry %d does not follow the entry before it: entries were moved, replaced or cut out.", p.first)
	}
	return p.broken
}

func (v Verification) checkParts(ctx context.Context, ledger Ledger, parts []*part, e evidence) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var broken atomic.Bool
	var workers sync.WaitGroup
	for range min(len(parts), max(2, runtime.GOMAXPROCS(0))) {
		workers.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(parts) && !broken.Load(); i = next.Add(1) - 1 {
				if err := v.checkPart(ctx, ledger, parts[i], e); err != nil {
					cancel(err)
					return
				}
				if parts[i].broken != nil {
					broken.Store(true)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

var errBroken = errors.New("the part is broken")

func (v Verification) checkPart(ctx context.Context, ledger Ledger, p *part, e evidence) error {
	c := v.Keys.checker(p.first, nil, false, e.marks)
	err := ledger.ScanAudit(ctx, p.first, p.last, func(r *Record) error {
		if p.seen == 0 {
			p.firstHash = slices.Clone(r.PreviousHash)
		}
		if p.broken = c.check(r); p.broken != nil {
			return errBroken
		}
		p.seen++
		return nil
	})
	p.lastHash = c.previous
	if p.broken == nil && err == nil && c.next <= p.last {
		p.broken = problem(c.next, Missing, "Entry %d is missing.", c.next)
	}
	if err != nil && !errors.Is(err, errBroken) {
		return fmt.Errorf("read audit entries: %w", err)
	}
	return nil
}

// Continues checks that the head continues the checkpoint, which is trusted; the zero checkpoint
// is the empty log. It returns the first bad entry.
func (v Verification) Continues(ctx context.Context, ledger Ledger, from Checkpoint, head Head) (*Problem, error) {
	receipts, err := ledger.AuditArchives(ctx)
	if err != nil {
		return nil, err
	}
	var e evidence
	if found := v.readReceipts(head.Installation, receipts, &e); found != nil {
		return found, nil
	}
	e.checkpoints = []witnessed{{Checkpoint: from}}
	if found := e.beyond(head); found != nil {
		return found, nil
	}
	if from.Size > e.archived.last {
		e.archived = archived{from.Size, from.Hash}
		head.Lowest = 0
	}
	return v.checkEntries(ctx, ledger, head, e)
}
