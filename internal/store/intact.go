package store

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// damaged is said of a file, whose path it takes.
const damaged = "The database file %s is damaged, or was copied while a server wrote to it: a copy needs one moment for all its files, or no server running. Restore a backup (docs/BACKUP.md)."

// Intact returns a fault of kind Conflict when SQLite finds the file's structure broken (PRAGMA
// integrity_check, which reads the whole file). PostgreSQL looks after its own files.
func (s *Store) Intact(ctx context.Context) error {
	if s.file == "" {
		return nil
	}
	var said string
	err := s.read.NewRaw("PRAGMA integrity_check(1)").Scan(ctx, &said)
	if err != nil && sqliteCode(err)&0xff == sqliteCorrupt || err == nil && said != "ok" {
		return fault.Because(err, fault.Conflict, damaged, s.file)
	}
	return explain(err)
}
