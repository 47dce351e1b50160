package app

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// MostAuditEntries is how many entries one page of the audit log holds at most.
const MostAuditEntries = 500

// AuditEntries returns the entries that the filter chooses, newest first, and the sequence before
// which the next page begins; 0 when there are no more.
func (a *App) AuditEntries(ctx context.Context, p auth.Principal, filter audit.Filter) (entries []audit.Record, next int64, err error) {
	if err := p.Require(auth.Administer); err != nil {
		return nil, 0, err
	}
	wanted := min(max(filter.Limit, 1), MostAuditEntries)
	filter.Limit = wanted + 1
	entries, err = a.Store.AuditEntries(ctx, filter)
	if err != nil || len(entries) <= wanted {
		return entries, 0, err
	}
	return entries[:wanted], entries[wanted-1].Sequence, nil
}

// VerifyAudit checks the whole audit log. A fault of kind Unavailable when that takes longer than
// a page waits; the check goes on, and asking again joins it.
func (a *App) VerifyAudit(ctx context.Context, p auth.Principal) (audit.Report, error) {
	if err := p.Require(auth.Administer); err != nil {
		return audit.Report{}, err
	}
	if a.Verifier == nil {
		return audit.Report{}, fault.New(fault.Unavailable, "This process does not verify the audit log. Use `alpaca-trader audit verify`.")
	}
	patient, cancel := context.WithTimeout(ctx, verifyPatience)
	defer cancel()
	report, err := a.Verifier.Verify(patient)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return audit.Report{}, fault.New(fault.Unavailable, "The audit log is being verified, and that takes a while. Ask again in a moment.")
	}
	return report, err
}

// verifyPatience is how long a page waits for a verification.
const verifyPatience = 20 * time.Second

// ExportAudit writes the entries that the filter chooses, oldest first, to the writer that begin
// returns. The export is itself in the log before begin is called.
func (a *App) ExportAudit(ctx context.Context, p auth.Principal, format audit.Format, filter audit.Filter, begin func() io.Writer) error {
	if err := p.Require(auth.Administer); err != nil {
		return err
	}
	if !format.Known() {
		return fault.New(fault.Invalid, "The format is csv or jsonl.")
	}
	details := map[string]any{"format": format}
	if err := a.Store.Append(ctx, a.entry(p, audit.AuditExported, "audit", details)); err != nil {
		return err
	}
	export := audit.NewExport(begin(), format)
	if err := a.Store.EachAuditEntry(ctx, filter, export.Write); err != nil {
		return err
	}
	return export.Close()
}
