package store

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// AuditHead returns the state of the log at one moment. A fault of kind NotFound when its row was removed,
// of kind Conflict when a number is none: SQLite keeps what somebody put into its place.
func (s *Store) AuditHead(ctx context.Context) (audit.Head, error) {
	var head audit.Head
	var sequence, lowest, highest any
	err := s.read.NewRaw(`SELECT h.sequence, h.hash, i.installation_id,
		COALESCE((SELECT MIN(sequence) FROM audit_entries), 0), COALESCE((SELECT MAX(sequence) FROM audit_entries), 0)
		FROM audit_head AS h, installation AS i WHERE h.id = 1 AND i.id = 1`).
		Scan(ctx, &sequence, &head.Hash, &head.Installation, &lowest, &highest)
	if err != nil {
		return head, missing(err, noHead)
	}
	var whole [3]bool
	head.Sequence, whole[0] = sequence.(int64)
	head.Lowest, whole[1] = lowest.(int64)
	head.Highest, whole[2] = highest.(int64)
	if whole != [3]bool{true, true, true} {
		return head, fault.New(fault.Conflict, "The number of an audit entry, or of the log's head, is not a number.")
	}
	return head, nil
}

const noHead = "The audit log has no head: its row was removed. Nothing can be changed until it is restored."

// AuditEntries returns the entries that the filter chooses, newest first.
func (s *Store) AuditEntries(ctx context.Context, filter audit.Filter) ([]audit.Record, error) {
	var rows []auditRow
	query := filtered(s.read.NewSelect().Model(&rows), filter).Order("sequence DESC").Limit(int64(filter.Limit))
	if err := query.Scan(ctx); err != nil {
		return nil, explain(err)
	}
	records := make([]audit.Record, 0, len(rows))
	for _, row := range rows {
		records = append(records, row.record())
	}
	return records, nil
}

// EachAuditEntry visits the entries that the filter chooses, oldest first.
func (s *Store) EachAuditEntry(ctx context.Context, filter audit.Filter, visit func(*audit.Record) error) error {
	var after int64
	for count := 0; filter.Limit == 0 || count < filter.Limit; {
		var rows []auditRow
		limit := int64(scanned)
		if filter.Limit > 0 {
			limit = min(limit, int64(filter.Limit-count))
		}
		err := filtered(s.read.NewSelect().Model(&rows), filter).Where("sequence > ?", after).Order("sequence").Limit(limit).Scan(ctx)
		if err != nil {
			return explain(err)
		}
		for _, row := range rows {
			record := row.record()
			if err := visit(&record); err != nil {
				return err
			}
			after = row.Sequence
		}
		if int64(len(rows)) < limit {
			return nil
		}
		count += len(rows)
	}
	return nil
}

var likeMarks = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func filtered(query *bun.SelectQuery, filter audit.Filter) *bun.SelectQuery {
	if filter.Action != "" {
		query = query.Where("action = ?", filter.Action)
	}
	if filter.Actor != "" {
		query = query.Where("(actor = ?0 OR LOWER(actor_name) = LOWER(?0))", filter.Actor)
	}
	if !filter.From.IsZero() {
		query = query.Where("at >= ?", at(filter.From))
	}
	if !filter.To.IsZero() {
		query = query.Where("at < ?", at(filter.To))
	}
	if filter.Text != "" {
		query = query.Where(`LOWER(actor_name || ' ' || target || ' ' || address || ' ' || details) LIKE ? ESCAPE '\'`,
			"%"+likeMarks.Replace(strings.ToLower(filter.Text))+"%")
	}
	if filter.Before > 0 {
		query = query.Where("sequence < ?", filter.Before)
	}
	return query
}

func (r auditRow) record() audit.Record {
	return audit.Record{
		Entry: audit.Entry{
			Sequence: r.Sequence, At: r.At.Time, Actor: r.Actor, ActorName: r.ActorName, Session: r.Session,
			Address: r.Address, UserAgent: r.UserAgent, Action: r.Action, Target: r.Target,
		},
		DetailsText: []byte(r.Details), PreviousHash: r.PreviousHash, Hash: r.Hash,
	}
}

// AuditCheckpoints returns the notes of the checkpoints whose size is above the given one,
// smallest first.
func (s *Store) AuditCheckpoints(ctx context.Context, above int64) ([]string, error) {
	var notes []string
	err := s.read.NewRaw("SELECT note FROM audit_checkpoints WHERE size > ? ORDER BY size", above).Scan(ctx, &notes)
	return notes, explain(err)
}

// NewestAuditCheckpoint returns the note of the largest checkpoint; empty when there is none.
func (s *Store) NewestAuditCheckpoint(ctx context.Context) (string, error) {
	var notes []string
	err := s.read.NewRaw("SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT 1").Scan(ctx, &notes)
	return strings.Join(notes, ""), explain(err)
}

// AddAuditCheckpoint keeps the checkpoint. Of several processes that make one of the same size the
// first one's stays.
func (s *Store) AddAuditCheckpoint(ctx context.Context, checkpoint audit.Checkpoint) error {
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("INSERT INTO audit_checkpoints (size, at, note) VALUES (?, ?, ?) ON CONFLICT (size) DO NOTHING",
			checkpoint.Size, at(checkpoint.At), checkpoint.Note).Exec(ctx)
		return err
	})
}

// AuditArchives returns the notes of the archives' receipts, oldest first.
func (s *Store) AuditArchives(ctx context.Context) ([]string, error) {
	var notes []string
	err := s.read.NewRaw("SELECT note FROM audit_archives ORDER BY last_sequence").Scan(ctx, &notes)
	return notes, explain(err)
}

// AuditBefore returns the last entry of the unbroken run, from the oldest on, of entries that were
// written before the time; 0 when there is none.
func (s *Store) AuditBefore(ctx context.Context, before time.Time) (int64, error) {
	var last int64
	err := s.read.NewRaw(`SELECT COALESCE((SELECT MIN(sequence) - 1 FROM audit_entries WHERE at >= ?), (SELECT MAX(sequence) FROM audit_entries), 0)`,
		at(before)).Scan(ctx, &last)
	return last, explain(err)
}

// RemoveArchived removes the receipt's entries from the database and leaves the receipt, with the entry
// that says so. A fault of kind Conflict when another archive was made meanwhile.
func (s *Store) RemoveArchived(ctx context.Context, receipt audit.Receipt, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("INSERT INTO audit_archives (last_sequence, at, note) VALUES (?, ?, ?)", receipt.Last, at(receipt.At), receipt.Note).Exec(ctx)
		if err != nil {
			return taken(err, errArchived)
		}
		result, err := tx.NewRaw("DELETE FROM audit_entries WHERE sequence BETWEEN ? AND ?", receipt.First, receipt.Last).Exec(ctx)
		if err != nil {
			return err
		}
		if removed, err := result.RowsAffected(); err != nil || removed != receipt.Last-receipt.First+1 {
			return firstError(err, errArchived)
		}
		return s.audit(ctx, tx, entry)
	})
}

var errArchived = fault.New(fault.Conflict, "Entries were archived by somebody else at the same time. Nothing was removed.")

// auditGrowth counts what this process appends.
type auditGrowth struct {
	count  *atomic.Int64
	signal chan struct{}
}

func newAuditGrowth() auditGrowth { return auditGrowth{new(atomic.Int64), make(chan struct{}, 1)} }

// growthStep is how many entries are worth a signal.
const growthStep = 100

func (g auditGrowth) add(entries int) {
	before := g.count.Add(int64(entries)) - int64(entries)
	if before/growthStep == (before+int64(entries))/growthStep {
		return
	}
	select {
	case g.signal <- struct{}{}:
	default: // one waits to be taken already
	}
}

// AuditGrowth gets a value after each hundred entries that this process appends: a hint to look,
// since the last of them may still be on their way to the disk.
func (s *Store) AuditGrowth() <-chan struct{} { return s.growth.signal }
