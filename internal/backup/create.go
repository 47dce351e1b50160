package backup

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// Maker makes backups of one database and keeps as many as the retention says.
type Maker struct {
	Store   *store.Store
	Keyring *secret.Keyring
	Shelf   Shelf
	Clock   clock.Clock
	Log     *slog.Logger
}

// Made is a new backup.
type Made struct {
	Name string
	Head Head
	Rows int64
	Size int64 // bytes on the shelf
	Took time.Duration
}

// Create makes a backup of one moment, while servers go on: a read transaction, which makes no
// writer wait. On any error there is no new backup and nothing of it on the shelf.
func (m Maker) Create(ctx context.Context) (made Made, err error) {
	begin := m.Clock.Now()
	head, key, err := m.newHead(ctx)
	if err != nil {
		return made, err
	}
	made = Made{Name: nameOf(head), Head: head}
	counted := &counter{}
	err = m.Shelf.Put(ctx, made.Name, func(to io.Writer) error {
		counted.to = to
		made.Rows, err = m.write(ctx, counted, head, key)
		return err
	})
	if err != nil {
		return made, err
	}
	made.Size, made.Took = counted.size, m.Clock.Now().Sub(begin)
	return made, m.Store.Append(ctx, audit.Entry{
		At: m.Clock.Now(), ActorName: "backup", Action: audit.BackupCreated, Target: "backup:" + made.Name,
		Details: map[string]any{"rows": made.Rows, "bytes": made.Size, "shelf": m.Shelf.Shown()},
	})
}

// newHead returns the head of a backup of this moment and the key that seals it.
func (m Maker) newHead(ctx context.Context) (head Head, key []byte, err error) {
	installation, err := m.Store.Installation(ctx)
	if err != nil {
		return head, nil, err
	}
	schema, err := m.Store.Schema(ctx)
	if err != nil {
		return head, nil, err
	}
	head = Head{ID: uuid.NewString(), Installation: installation.ID, At: m.Clock.Now(), Schema: schema.Have, Kind: m.Store.Kind()}
	key, head.Key = m.Keyring.NewBackupKey(head.ID)
	head.Roots, err = m.Store.RootKeys(ctx)
	return head, key, err
}

func (m Maker) write(ctx context.Context, to io.Writer, head Head, key []byte) (rows int64, err error) {
	snapshot, err := m.Store.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	sealed, err := newSealer(to, head, key)
	if err != nil {
		return 0, err
	}
	rows, err = writeAll(ctx, snapshot, &encoder{to: sealed})
	return rows, firstError(err, sealed.close(err != nil))
}

func writeAll(ctx context.Context, snapshot *store.Snapshot, out *encoder) (sum int64, err error) {
	tables, err := snapshot.Tables(ctx)
	if err != nil {
		return 0, err
	}
	for _, table := range tables {
		count, err := writeTable(ctx, snapshot, table, out)
		if err != nil {
			return sum, err
		}
		sum += count
	}
	return sum, out.end(recordLast, int64(len(tables)))
}

func writeTable(ctx context.Context, snapshot *store.Snapshot, table store.Table, out *encoder) (count int64, err error) {
	names := make([]string, len(table.Columns))
	for i, column := range table.Columns {
		names[i] = column.Name
	}
	if err := out.table(table.Name, names); err != nil {
		return 0, err
	}
	rows, err := snapshot.Read(ctx, table)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if err != nil {
			return count, err
		}
		if row == nil {
			return count, out.end(recordEnd, count)
		}
		if err := out.row(row); err != nil {
			return count, err
		}
		count++
	}
}

// counter counts the bytes that go through.
type counter struct {
	to   io.Writer
	size int64
}

// Write passes the bytes on.
func (c *counter) Write(bytes []byte) (int, error) {
	written, err := c.to.Write(bytes)
	c.size += int64(written)
	return written, err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
