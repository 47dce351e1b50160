package store

import (
	"context"

	"github.com/uptrace/bun"
)

// wrote takes note of how a write transaction has ended, and returns its error.
func (s *Store) wrote(err error) error {
	switch {
	case err == nil:
		s.unwritable.Store(false)
	case isFull(err):
		s.unwritable.Store(true)
	}
	return err
}

// CheckWrites returns nil while writes succeed, without a look at the database. After one that failed
// because the disk is full or refuses to be written it tries a small one, each time, until that
// succeeds.
func (s *Store) CheckWrites(ctx context.Context) error {
	if !s.unwritable.Load() {
		return nil
	}
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE installation_settings SET id = id WHERE id = 1").Exec(ctx)
		return err
	})
}
