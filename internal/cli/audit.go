package cli

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func auditCommand(env *Environment) *cobra.Command {
	group := &cobra.Command{
		Use: "audit", Short: "Read, check, export and archive the audit log",
		Long: "Read, check, export and archive the audit log in the database of DATABASE_URL. Servers may run meanwhile.",
		Args: cobra.ArbitraryArgs, RunE: chooseCommand,
	}
	group.AddCommand(auditListCommand(env), auditExportCommand(env), auditVerifyCommand(env), auditArchiveCommand(env))
	return group
}

// auditFlags are the flags that choose entries.
type auditFlags struct{ action, actor, from, to, search string }

func newAuditFlags(command *cobra.Command) *auditFlags {
	var f auditFlags
	flags := command.Flags()
	flags.StringVar(&f.action, "action", "", "only this `ACTION`, such as login_failed")
	flags.StringVar(&f.actor, "actor", "", "only acts of this `USER`, by id or name")
	flags.StringVar(&f.from, "from", "", "only entries from this `TIME` on: 2026-11-23 or 2026-11-23T15:04:05Z")
	flags.StringVar(&f.to, "to", "", "only entries before this `TIME`")
	flags.StringVar(&f.search, "search", "", "only entries with this `TEXT` in user name, target, address or details")
	return &f
}

func (f *auditFlags) filter() (audit.Filter, error) {
	filter := audit.Filter{Action: audit.Action(f.action), Actor: f.actor, Text: f.search}
	var err error
	if filter.From, err = auditTime("--from", f.from); err != nil {
		return filter, err
	}
	filter.To, err = auditTime("--to", f.to)
	return filter, err
}

// auditTime reads a time, or a day in UTC; the zero time when nothing was given.
func auditTime(flag, given string) (time.Time, error) {
	if given == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if parsed, err := time.Parse(form, given); err == nil {
			return parsed, nil
		}
	}
	return time.Time{}, usage("%s %q is no time; write 2026-11-23 or 2026-11-23T15:04:05Z.", flag, given)
}

func auditListCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{Use: "list", Short: "List entries, newest first", Args: noArguments}
	chosen := newAuditFlags(command)
	limit := command.Flags().Int("limit", 50, "at most `N` entries, up to 500")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		filter, err := chosen.filter()
		if err != nil {
			return err
		}
		if filter.Limit = *limit; filter.Limit < 1 || filter.Limit > app.MostAuditEntries {
			return usage("--limit %d is not from 1 to %d.", filter.Limit, app.MostAuditEntries)
		}
		return env.administering(command, func(a *daemon.Administration) error {
			entries, _, err := a.AuditEntries(command.Context(), auth.Operator, filter)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(env.Stdout, append([]audit.Record{}, entries...))
			}
			return printAudit(env.Stdout, entries)
		})
	}
	return command
}

func printAudit(w io.Writer, entries []audit.Record) error {
	rows := make([][]string, 0, len(entries))
	for _, e := range entries {
		rows = append(rows, []string{
			strconv.FormatInt(e.Sequence, 10), e.At.UTC().Format(reportTime), printable(e.ActorName), string(e.Action),
			printable(e.Target), printable(e.Address), printable(string(e.DetailsText)),
		})
	}
	return printTable(w, []string{"ENTRY", "TIME", "ACTOR", "ACTION", "TARGET", "ADDRESS", "DETAILS"}, rows)
}

// printable quotes a text that would do something to a terminal.
func printable(text string) string {
	for _, r := range text {
		if !strconv.IsPrint(r) {
			return strconv.QuoteToASCII(text)
		}
	}
	return text
}

func auditExportCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "export", Short: "Write entries, oldest first, as CSV or JSON lines", Args: noArguments,
		Long: "Write entries, oldest first, as CSV for spreadsheets (a cell that begins like a formula gets an apostrophe) or as exact JSON lines.\nThe export itself becomes an entry.",
	}
	chosen := newAuditFlags(command)
	format := command.Flags().String("format", "csv", "`FORMAT`: csv or jsonl")
	output := command.Flags().String("output", "", "new `FILE` to write (default standard output)")
	limit := command.Flags().Int("limit", 0, "at most `N` entries; 0: all")
	asJSON := command.Flags().Bool("json", false, "the same as --format jsonl")
	command.RunE = func(command *cobra.Command, _ []string) error {
		filter, err := chosen.filter()
		if err != nil {
			return err
		}
		if *asJSON {
			*format = string(audit.JSONL)
		}
		if !audit.Format(*format).Known() {
			return usage("--format %q is neither csv nor jsonl.", *format)
		}
		filter.Limit = max(0, *limit)
		return env.administering(command, func(a *daemon.Administration) error {
			return toFile(*output, env.Stdout, func(to io.Writer) error {
				return a.ExportAudit(command.Context(), auth.Operator, audit.Format(*format), filter, func() io.Writer { return to })
			})
		})
	}
	return command
}

// toFile runs the work with a new file that only its owner can read, or with the stream when no
// name was given. A file that could not be written whole is removed.
func toFile(name string, stream io.Writer, work func(io.Writer) error) error {
	if name == "" {
		return work(stream)
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fault.New(fault.Conflict, "%s exists already. Name a file that does not.", name)
	case err != nil:
		return fault.Because(err, fault.Unavailable, "%s cannot be made. Name a file in a folder that can be written.", name)
	}
	if err := errors.Join(work(file), file.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

type archiveReport struct {
	First      int64  `json:"first"`
	Last       int64  `json:"last"`
	File       string `json:"file"`
	FileSHA256 string `json:"file_sha256"`
}

func auditArchiveCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "archive", Short: "Move old entries into a sealed file", Args: noArguments,
		Long: "Verify the log, write the entries before a time into a new file sealed with the installation's key, read the file again, and only then remove them from the database.\n" +
			"A signed receipt stays in their place; `audit verify --archive FILE` checks file and log together. Keep the file: it is the only copy.",
	}
	before := command.Flags().String("before", "", "archive entries before this `TIME`: 2026-01-01 or 2026-01-01T00:00:00Z")
	output := command.Flags().String("output", "", "new `FILE` for them")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		until, err := auditTime("--before", *before)
		if err != nil {
			return err
		}
		if until.IsZero() || *output == "" {
			return usage("audit archive needs --before TIME and --output FILE.")
		}
		return env.administering(command, func(a *daemon.Administration) error {
			receipt, err := a.Witness.Archive(command.Context(), until, *output)
			if err != nil {
				return err
			}
			report := archiveReport{receipt.First, receipt.Last, *output, hex.EncodeToString(receipt.FileHash)}
			if *asJSON {
				return printJSON(env.Stdout, report)
			}
			_, err = fmt.Fprintf(env.Stdout, "Archived entries %d to %d in %s (SHA-256 %s).\n", report.First, report.Last, report.File, report.FileSHA256)
			return err
		})
	}
	return command
}
