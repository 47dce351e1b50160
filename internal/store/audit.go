package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

type auditRow struct {
	bun.BaseModel `bun:"table:audit_entries"`

	Sequence     int64
	At           instant
	Actor        string
	ActorName    string
	Session      string
	Address      string
	UserAgent    string
	Action       audit.Action
	Target       string
	Details      string
	PreviousHash []byte
	Hash         []byte
}

// Append writes an act that changes nothing else.
func (s *Store) Append(ctx context.Context, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error { return s.audit(ctx, tx, entry) })
}

// audit appends the entries in their act's own transaction. The head row is bumped first, so that
// writers queue on it and the sequence has no gap: a transaction that is undone gives its numbers
// back. It is called last in a transaction, because the row stays locked until the end; in a group
// (see act) the entries of all acts are appended when the last of them has made its changes.
func (s *Store) audit(ctx context.Context, tx bun.Tx, entries ...audit.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	if len(s.auditKey) == 0 {
		return fault.New(fault.Internal, "The audit log has no key, so that nothing may be changed. Start with ENCRYPTION_KEY set.")
	}
	entries, err := s.normal(entries)
	if err != nil || collect(ctx, entries) {
		return err
	}
	var sequence int64
	var hash []byte
	err = tx.NewRaw("UPDATE audit_head SET sequence = sequence + ? WHERE id = 1 RETURNING sequence, hash", len(entries)).
		Scan(ctx, &sequence, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.Internal, noHead)
	}
	if err != nil {
		return err
	}
	rows, hash, err := s.chain(entries, sequence-int64(len(entries)), hash)
	if err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return err
	}
	s.growth.add(len(entries))
	_, err = tx.NewRaw("UPDATE audit_head SET hash = ? WHERE id = 1", hash).Exec(ctx)
	return err
}

// normal gives entries without a time the present one, and refuses what cannot be written.
func (s *Store) normal(entries []audit.Entry) ([]audit.Entry, error) {
	whole := make([]audit.Entry, 0, len(entries))
	for _, entry := range entries {
		if entry.At.IsZero() {
			entry.At = s.clock.Now()
		}
		if _, err := audit.CanonicalDetails(entry.Details); err != nil {
			return nil, err
		}
		whole = append(whole, audit.Normal(entry))
	}
	return whole, nil
}

func (s *Store) chain(entries []audit.Entry, sequence int64, hash []byte) ([]auditRow, []byte, error) {
	rows := make([]auditRow, 0, len(entries))
	for _, entry := range entries {
		sequence++
		entry.Sequence = sequence
		link, err := audit.Chain(s.auditKey, hash, entry)
		if err != nil {
			return nil, nil, err
		}
		row, err := rowOfLink(link)
		if err != nil {
			return nil, nil, err
		}
		rows, hash = append(rows, row), link.Hash
	}
	return rows, hash, nil
}

func rowOfLink(link audit.Link) (auditRow, error) {
	details, err := audit.CanonicalDetails(link.Details)
	if err != nil {
		return auditRow{}, err
	}
	return auditRow{
		Sequence: link.Sequence, At: at(link.At), Actor: link.Actor, ActorName: link.ActorName,
		Session: link.Session, Address: link.Address, UserAgent: link.UserAgent, Action: link.Action,
		Target: link.Target, Details: string(details),
		PreviousHash: append([]byte{}, link.PreviousHash...), Hash: link.Hash,
	}, nil
}

func (r auditRow) link() (audit.Link, error) {
	details, err := audit.ParseDetails([]byte(r.Details))
	if err != nil {
		return audit.Link{}, err
	}
	return audit.Link{
		Entry: audit.Entry{
			Sequence: r.Sequence, At: r.At.Time, Actor: r.Actor, ActorName: r.ActorName, Session: r.Session,
			Address: r.Address, UserAgent: r.UserAgent, Action: r.Action, Target: r.Target, Details: details,
		},
		PreviousHash: r.PreviousHash, Hash: r.Hash,
	}, nil
}

// AuditLinks returns up to limit links of the audit chain after the sequence number, oldest first.
func (s *Store) AuditLinks(ctx context.Context, after int64, limit int) ([]audit.Link, error) {
	var rows []auditRow
	err := s.read.NewSelect().Model(&rows).Where("sequence > ?", after).Order("sequence").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, explain(err)
	}
	links := make([]audit.Link, 0, len(rows))
	for _, row := range rows {
		link, err := row.link()
		if err != nil {
			return nil, err
		}
		links = append(links, link)
	}
	return links, nil
}
