package witness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Archive moves the entries that were written before the time from the database into a new sealed
// file: it verifies the log, writes the file, reads the whole file again, and only then removes the
// entries, in one transaction with the signed receipt that stands for them and the entry that says so.
// A crash at any point leaves the entries in the database, in the file, or in both.
func (w *Witness) Archive(ctx context.Context, before time.Time, output string) (audit.Receipt, error) {
	receipt, err := w.archivable(ctx, before)
	if err != nil {
		return audit.Receipt{}, err
	}
	if receipt.FileHash, err = w.writeArchive(ctx, receipt, output); err != nil {
		return audit.Receipt{}, err
	}
	if receipt, err = w.Keys.SignReceipt(receipt); err != nil {
		return audit.Receipt{}, err
	}
	if err := w.readArchive(receipt, output); err != nil {
		return audit.Receipt{}, errors.Join(err, os.Remove(output))
	}
	err = w.Store.RemoveArchived(ctx, receipt, audit.Entry{
		At: w.Clock.Now(), ActorName: "command line", Action: audit.AuditArchived, Target: "audit",
		Details: map[string]any{
			"first": receipt.First, "last": receipt.Last, "last_hash": hex.EncodeToString(receipt.LastHash),
			"file": filepath.Base(output), "file_sha256": hex.EncodeToString(receipt.FileHash),
		},
	})
	if err != nil {
		return audit.Receipt{}, fmt.Errorf("remove archived entries (the archive %s is whole): %w", output, err)
	}
	return receipt, w.Checkpoint(ctx)
}

// archivable returns the receipt, not signed yet, of the entries before the time.
func (w *Witness) archivable(ctx context.Context, before time.Time) (audit.Receipt, error) {
	report, err := w.VerifyWith(ctx)
	if err != nil {
		return audit.Receipt{}, err
	}
	if !report.OK() {
		return audit.Receipt{}, fault.New(fault.Conflict, "The audit log is not as it was written, so that nothing was archived. %s", report.Problem.Sentence)
	}
	head, err := w.Store.AuditHead(ctx)
	if err != nil {
		return audit.Receipt{}, err
	}
	last, err := w.Store.AuditBefore(ctx, before)
	if err != nil {
		return audit.Receipt{}, err
	}
	receipt := audit.Receipt{Installation: head.Installation, First: report.Archived + 1, Last: last, At: w.Clock.Now()}
	if last < receipt.First {
		return audit.Receipt{}, fault.New(fault.NotFound, "There are no entries before %s to archive.", before.Format(time.RFC3339))
	}
	err = w.Store.ScanAudit(ctx, receipt.First, receipt.First, func(r *audit.Record) error {
		receipt.PreviousHash = append([]byte(nil), r.PreviousHash...)
		return nil
	})
	if err != nil {
		return audit.Receipt{}, err
	}
	return receipt, w.Store.ScanAudit(ctx, last, last, func(r *audit.Record) error {
		receipt.LastHash = append([]byte(nil), r.Hash...)
		return nil
	})
}

// writeArchive makes the file, which must not exist, readable by its owner alone, and returns its
// SHA-256 when it is on the disk.
func (w *Witness) writeArchive(ctx context.Context, receipt audit.Receipt, output string) (hash []byte, err error) {
	file, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fault.New(fault.Conflict, "%s exists already. Name a file that does not; nothing was archived.", output)
	case err != nil:
		return nil, fault.Because(err, fault.Unavailable, "%s cannot be made. Name a file in a folder that can be written; nothing was archived.", output)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(output))
		}
	}()
	sum := sha256.New()
	err = w.fillArchive(ctx, receipt, io.MultiWriter(file, sum))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, fmt.Errorf("write archive: %w", err)
	}
	return sum.Sum(nil), syncFolder(filepath.Dir(output))
}

func (w *Witness) fillArchive(ctx context.Context, receipt audit.Receipt, to io.Writer) error {
	archive, err := w.Keys.NewArchiveWriter(to, receipt)
	if err != nil {
		return err
	}
	if err := w.Store.ScanAudit(ctx, receipt.First, receipt.Last, archive.Write); err != nil {
		return err
	}
	return archive.Close()
}

// readArchive checks the file as a later verification would.
func (w *Witness) readArchive(receipt audit.Receipt, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read archive again: %w", err)
	}
	defer func() { _ = file.Close() }()
	archive, err := w.Keys.OpenArchive(name, file)
	if err != nil {
		return err
	}
	if found := w.Keys.CheckArchive(archive, receipt); found != nil {
		return fault.New(fault.Internal, "The archive does not read as it was written, so that nothing was removed. %s", found.Sentence)
	}
	return nil
}

// syncFolder makes a new file's name survive a loss of power.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}
