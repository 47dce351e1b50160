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

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Installation is what this database is.
type Installation struct {
	ID        string // UUID
	CreatedAt time.Time
}

// Keys is what the ENCRYPTION_KEY gives; secret.Keyring is one.
type Keys interface {
	NewCanary() []byte
	CheckCanary(canary []byte) error
	Stamps() [][]byte // how everything begins that the keys can open
	NewInstallationKey() []byte
	AdoptInstallationKey(canary []byte) ([]byte, error)
	UseInstallationKey(wrapped []byte) error
}

// Prepare makes the database ready: it refuses a wrong or missing ENCRYPTION_KEY before anything is
// written, migrates, and gives a new database its identity, its canary and its own key, which the
// keys are told of in any case.
func (s *Store) Prepare(ctx context.Context, keys Keys, logger *slog.Logger) error {
	if err := s.CheckKeys(ctx, keys); err != nil {
		return err
	}
	if err := s.Migrate(ctx, logger); err != nil {
		return err
	}
	if err := s.claimInstallation(ctx, keys); err != nil {
		return err
	}
	return s.CheckKeys(ctx, keys) // another process may have been first, under another key
}

// CheckKeys refuses keys that do not open everything that is wrapped here. It writes nothing and
// may be called before Migrate.
func (s *Store) CheckKeys(ctx context.Context, keys Keys) error {
	canary, err := s.canary(ctx)
	if err != nil || canary == nil {
		return err
	}
	if err := keys.CheckCanary(canary); err != nil {
		return err
	}
	if err := s.checkDataKeys(ctx, keys.Stamps()); err != nil {
		return err
	}
	wrapped, err := s.installationKey(ctx, s.read, ownKey)
	if err != nil || wrapped == nil {
		return err
	}
	return keys.UseInstallationKey(wrapped)
}

// canary returns nil when the database has none yet.
func (s *Store) canary(ctx context.Context) ([]byte, error) {
	var stored []byte
	err := s.read.NewRaw("SELECT canary FROM installation WHERE id = 1").Scan(ctx, &stored)
	if errors.Is(err, sql.ErrNoRows) || isMissingTable(err) {
		return nil, nil
	}
	return stored, explain(err)
}

// checkDataKeys finds users whose data key was wrapped under none of the keys.
func (s *Store) checkDataKeys(ctx context.Context, stamps [][]byte) error {
	lost, err := s.read.NewSelect().Table("user_keys").
		Where("substr(wrapped, 1, ?) NOT IN (?)", secret.StampSize, bun.In(stamps)).Count(ctx)
	if isMissingTable(err) || err == nil && lost == 0 {
		return nil
	}
	if err != nil {
		return explain(err)
	}
	return fault.New(fault.Invalid, "The keys of %d users were stored under an ENCRYPTION_KEY that was not given. Put it into ENCRYPTION_KEYS_OLD and run `alpaca-trader keys rotate` once more. Nothing was changed.", lost)
}

func isMissingTable(err error) bool {
	return postgresCode(err) == "42P01" || sqliteCode(err) == 1 && strings.Contains(err.Error(), "no such table")
}

// claimInstallation gives the database what it lacks: all of it when it is new, a key of its own
// when it was made before there was one.
func (s *Store) claimInstallation(ctx context.Context, keys Keys) error {
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		now := at(s.clock.Now())
		claimed, err := changedOne(tx.NewRaw("UPDATE installation SET installation_id = ?, canary = ?, created_at = ? WHERE id = 1 AND canary IS NULL",
			uuid.NewString(), keys.NewCanary(), now).Exec(ctx))
		if err != nil {
			return err
		}
		wrapped := keys.NewInstallationKey()
		if !claimed {
			if wrapped, err = s.adoptKey(ctx, tx, keys); err != nil || wrapped == nil {
				return err
			}
		}
		return insertInstallationKey(ctx, tx, ownKey, wrapped, now)
	})
}

// adoptKey returns nil when the database has a key of its own already.
func (s *Store) adoptKey(ctx context.Context, tx bun.Tx, keys Keys) ([]byte, error) {
	wrapped, err := s.installationKey(ctx, tx, ownKey)
	if err != nil || wrapped != nil {
		return nil, err
	}
	var canary []byte
	if err := tx.NewRaw("SELECT canary FROM installation WHERE id = 1").Scan(ctx, &canary); err != nil {
		return nil, err
	}
	return keys.AdoptInstallationKey(canary)
}

// Installation returns the database's identity; it is empty before Prepare.
func (s *Store) Installation(ctx context.Context) (Installation, error) {
	var id string
	var created instant
	err := s.read.NewRaw("SELECT installation_id, created_at FROM installation WHERE id = 1").Scan(ctx, &id, &created)
	return Installation{id, created.Time}, explain(err)
}
