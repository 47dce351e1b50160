package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Installation is what this database is.
type Installation struct {
	ID        string // UUID
	CreatedAt time.Time
}

// Canary tells whether the ENCRYPTION_KEY is the database's; secret.Keyring is one.
type Canary interface {
	NewCanary() []byte
	CheckCanary(canary []byte) error
}

// Prepare makes the database ready: it refuses a wrong ENCRYPTION_KEY before anything is written,
// migrates, and gives a new database its identity and its canary.
func (s *Store) Prepare(ctx context.Context, canary Canary, logger *slog.Logger) error {
	if err := s.checkCanary(ctx, canary); err != nil {
		return err
	}
	if err := s.Migrate(ctx, logger); err != nil {
		return err
	}
	if err := s.claimInstallation(ctx, canary.NewCanary()); err != nil {
		return err
	}
	return s.checkCanary(ctx, canary) // another process may have been first, under another key
}

func (s *Store) checkCanary(ctx context.Context, canary Canary) error {
	var stored []byte
	err := s.read.NewRaw("SELECT canary FROM installation WHERE id = 1").Scan(ctx, &stored)
	switch {
	case errors.Is(err, sql.ErrNoRows) || isMissingTable(err) || err == nil && stored == nil:
		return nil
	case err != nil:
		return explain(err)
	}
	return canary.CheckCanary(stored)
}

func isMissingTable(err error) bool {
	return postgresCode(err) == "42P01" || sqliteCode(err) == 1 && strings.Contains(err.Error(), "no such table")
}

func (s *Store) claimInstallation(ctx context.Context, canary []byte) error {
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE installation SET installation_id = ?, canary = ?, created_at = ? WHERE id = 1 AND canary IS NULL",
			uuid.NewString(), canary, at(s.clock.Now())).Exec(ctx)
		return err
	})
}

// Installation returns the database's identity; it is empty before Prepare.
func (s *Store) Installation(ctx context.Context) (Installation, error) {
	var id string
	var created instant
	err := s.read.NewRaw("SELECT installation_id, created_at FROM installation WHERE id = 1").Scan(ctx, &id, &created)
	return Installation{id, created.Time}, explain(err)
}
