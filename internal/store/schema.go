package store

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Schema is which migrations a database has had.
type Schema struct {
	Have int64 // 0: none
	Want int64 // what this program knows
}

// Schema reads the version of the schema. It changes nothing.
func (s *Store) Schema(ctx context.Context) (Schema, error) {
	want, err := s.wantedSchema()
	if err != nil {
		return Schema{}, err
	}
	found := Schema{Want: want}
	err = s.read.NewRaw("SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version").Scan(ctx, &found.Have)
	if isMissingTable(err) {
		return found, nil
	}
	return found, explain(err)
}

func (s *Store) wantedSchema() (int64, error) {
	provider, err := s.migrationProvider()
	if err != nil {
		return 0, err
	}
	sources := provider.ListSources()
	return sources[len(sources)-1].Version, nil
}

// MigrateTo brings the schema of a database that holds nothing to an earlier version, up or down,
// so that rows of that version fit. A version that this program does not know is a fault.
func (s *Store) MigrateTo(ctx context.Context, version int64, logger *slog.Logger) error {
	schema, err := s.Schema(ctx)
	if err != nil {
		return err
	}
	if version > schema.Want {
		return fault.New(fault.Conflict, "It was made by a newer version of alpaca-trader (schema %d, this program knows %d). Install the newer program. Nothing was changed.", version, schema.Want)
	}
	switch empty, err := s.Empty(ctx); {
	case err != nil:
		return err
	case !empty:
		return fault.New(fault.Conflict, notEmpty, s.shown)
	case schema.Have == 0 && version == schema.Want:
		return s.Migrate(ctx, logger)
	}
	provider, err := s.migrationProvider()
	if err != nil {
		return err
	}
	if schema.Have > version {
		_, err = provider.DownTo(ctx, version)
	} else {
		_, err = provider.UpTo(ctx, version)
	}
	if err != nil {
		return explain(fmt.Errorf("migrate database to version %d: %w", version, err))
	}
	return nil
}

// Shown names the database for people: file, or host, port and database. It holds no password.
func (s *Store) Shown() string { return s.shown }

// Kind is SQLite or PostgreSQL.
func (s *Store) Kind() string { return s.dialect.name }

// Name is what the operator types to confirm that this database may be emptied: the file's or the
// database's own name.
func (s *Store) Name() string { return s.shown[strings.LastIndexAny(s.shown, `/\`)+1:] }

// Size is how many bytes the database takes, without SQLite's write-ahead log.
func (s *Store) Size(ctx context.Context) (size int64, err error) {
	query := "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
	if s.pool != nil {
		query = "SELECT pg_database_size(current_database())"
	}
	return size, explain(s.read.NewRaw(query).Scan(ctx, &size))
}

// Reset removes everything that the program keeps in the database: all of it, or nothing. What
// belongs to other programs stays.
func (s *Store) Reset(ctx context.Context) error {
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		drops, err := s.drops(ctx, tx)
		if err != nil {
			return err
		}
		for _, drop := range drops {
			if _, err := tx.ExecContext(ctx, drop); err != nil {
				return err
			}
		}
		return nil
	})
}

// drops are the statements that remove the program's and the queue's tables, and the queue's types
// and functions.
func (s *Store) drops(ctx context.Context, tx bun.Tx) (drops []string, err error) {
	if s.pool == nil {
		for i := len(tables) - 1; i >= 0; i-- { // those that refer to others first
			drops = append(drops, "DROP TABLE IF EXISTS "+tables[i].name)
		}
		var others []string
		err = tx.NewRaw(`SELECT 'DROP TABLE IF EXISTS "' || name || '"' FROM sqlite_master WHERE type = 'table' AND (name = 'goose_db_version' OR name LIKE 'river\_%' ESCAPE '\') ORDER BY rootpage DESC`).
			Scan(ctx, &others)
		return append(drops, others...), err
	}
	names := append(TableNames(), "goose_db_version")
	err = tx.NewRaw(`SELECT format('DROP TABLE IF EXISTS %I CASCADE', tablename) FROM pg_tables
			WHERE schemaname = current_schema() AND (tablename IN (?0) OR tablename LIKE 'river\_%')
		UNION ALL SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc
			WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'river\_%'
		UNION ALL SELECT format('DROP TYPE IF EXISTS %I CASCADE', typname) FROM pg_type
			WHERE typnamespace = current_schema()::regnamespace AND typtype = 'e' AND typname LIKE 'river\_%'`, bun.In(names)).
		Scan(ctx, &drops)
	return drops, err
}
