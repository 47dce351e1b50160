package backup

import (
	"bufio"
	"context"
	"io"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// Opened is a backup whose head was read.
type Opened struct {
	Head  Head
	from  *bufio.Reader
	lines []byte
}

// Open reads the head; a fault of kind Invalid when this is no backup.
func Open(from io.Reader) (*Opened, error) {
	buffered := bufio.NewReaderSize(from, blockSize)
	head, lines, err := readHead(buffered)
	return &Opened{head, buffered, lines}, err
}

// Checked is what a backup was found to hold.
type Checked struct {
	Head    Head
	Tables  int
	Rows    int64
	Entries int64          // of the audit log
	Problem *audit.Problem // of the audit log; nil: it is as it was written
}

// Verify reads the whole backup: that it is complete and authentic, that the keys open it, and
// that the audit log in it is as it was written. The keyring is told of the backup's own
// installation and must not be shared.
func (o *Opened) Verify(ctx context.Context, keyring *secret.Keyring) (Checked, error) {
	return o.each(ctx, keyring, func(_ string, _ []string, next func() ([]any, error)) error {
		for {
			if row, err := next(); err != nil || row == nil {
				return err
			}
		}
	})
}

// Restoring says how far a restore has come.
type Restoring struct {
	Table string
	Rows  int64
}

// RestoreOptions say how a backup is restored.
type RestoreOptions struct {
	Name      string // of the backup, for the audit log
	AcceptLog bool   // although the audit log in it is not as it was written
	Progress  func(Restoring)
}

// Restore fills an empty database of the backup's schema (store.MigrateTo) with it, settles it
// (store.Filling.Settle), and leaves an entry in its audit log: all in one transaction. The store
// writes its audit log under the backup's key from then on.
func (m Maker) Restore(ctx context.Context, o *Opened, options RestoreOptions) (checked Checked, err error) {
	err = m.Store.Fill(ctx, func(f *store.Filling) error {
		checked, err = o.each(ctx, m.Keyring, func(name string, columns []string, next func() ([]any, error)) error {
			count, err := f.Insert(ctx, name, columns, next)
			if err == nil {
				options.Progress(Restoring{name, count})
			}
			return err
		})
		if err != nil {
			return err
		}
		if checked.Problem != nil && !options.AcceptLog {
			return fault.New(fault.Conflict, "The audit log in the backup is not as it was written. %s Take another backup, or restore this one with --accept-audit-log. Nothing was changed.", checked.Problem.Sentence)
		}
		if err := f.Settle(ctx, m.Clock.Now()); err != nil {
			return err
		}
		m.Store.UseAuditKey(m.Keyring.Derive(secret.AuditLabel))
		return f.Append(ctx, audit.Entry{
			At: m.Clock.Now(), ActorName: "backup", Action: audit.BackupRestored, Target: "backup:" + options.Name,
			Details: map[string]any{"snapshot": o.Head.At.UTC().Format(nameTime), "entries": checked.Entries},
		})
	})
	return checked, err
}

// each goes through all tables and checks what passes by.
func (o *Opened) each(ctx context.Context, keyring *secret.Keyring, visit func(name string, columns []string, next func() ([]any, error)) error) (Checked, error) {
	checked := Checked{Head: o.Head}
	key, err := keyring.OpenBackupKey(o.Head.ID, o.Head.Key)
	if err != nil {
		return checked, err
	}
	plain, err := open(o.from, o.lines, key)
	if err != nil {
		return checked, err
	}
	in := decoder{bufio.NewReaderSize(plain, blockSize)}
	watch := &watch{keyring: keyring}
	for {
		name, columns, count, err := in.table()
		switch {
		case err != nil:
			return checked, damaged(ctx, err)
		case name == "" && count != checked.Tables:
			return checked, damaged(ctx, errRecord)
		case name == "":
			if _, err := in.from.ReadByte(); err != io.EOF {
				return checked, damaged(ctx, err)
			}
			checked.Entries = watch.entries
			checked.Problem, err = watch.ends()
			return checked, err
		}
		checked.Tables++
		if err := visit(name, columns, o.rows(ctx, in, watch, &checked, name, columns)); err != nil {
			return checked, err
		}
	}
}

// rows returns what reads the table's rows.
func (o *Opened) rows(ctx context.Context, in decoder, watch *watch, checked *Checked, name string, columns []string) func() ([]any, error) {
	values := make([]any, len(columns))
	var count int64
	see := watch.of(name, columns)
	return func() ([]any, error) {
		more, err := in.row(values, count)
		if err != nil {
			return nil, damaged(ctx, err)
		}
		if !more {
			return nil, nil
		}
		count++
		checked.Rows++
		return values, see(values)
	}
}

// damaged is the fault of what cannot be read, unless it is the context that ended.
func damaged(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.Because(err, fault.Invalid, "%s", errDamaged.Public)
}
