package cli

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/witness"
)

type checkpointReport struct {
	Size int64  `json:"size"`
	Hash string `json:"hash"`
	At   string `json:"at"`
}

func reportCheckpoint(c *audit.Checkpoint) *checkpointReport {
	if c == nil {
		return nil
	}
	return &checkpointReport{c.Size, hex.EncodeToString(c.Hash), c.At.UTC().Format(time.RFC3339)}
}

type verifyReport struct {
	OK         bool              `json:"ok"`
	Entries    int64             `json:"entries"`  // in the database
	Archived   int64             `json:"archived"` // up to this one they are in archives
	Checked    int64             `json:"checked_in_archives"`
	Checkpoint *checkpointReport `json:"checkpoint"` // the newest that fits
	Witnessed  *checkpointReport `json:"witnessed"`  // the newest that fits and stands outside of the database
	Problem    *audit.Problem    `json:"problem"`
	Notes      []string          `json:"notes"`
	PublicKey  string            `json:"public_key"` // for others who check checkpoints
}

func auditVerifyCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "verify", Short: "Check the whole audit log", Args: noArguments,
		Long: "Check every entry, the checkpoints in the database and those in AUDIT_CHECKPOINT_FILE, and name the first bad entry.\n" +
			"The exit code is 1 when there is one. docs/AUDIT.md says what is found and what is not.",
	}
	names := command.Flags().StringArray("archive", nil, "check this archive `FILE` too; may be given several times")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		return env.administering(command, func(a *daemon.Administration) error {
			archives, closeAll, err := openArchives(*names)
			defer closeAll()
			if err != nil {
				return err
			}
			found, err := a.Witness.VerifyWith(command.Context(), archives...)
			if err != nil {
				return err
			}
			if err := printVerification(env.Stdout, found, a.Witness.Keys.PublicKey(), *asJSON); err != nil || found.OK() {
				return err
			}
			return fault.New(fault.Conflict, "The audit log is not as it was written. %s", found.Problem.Sentence)
		})
	}
	return command
}

func openArchives(names []string) (archives []witness.ArchiveFile, closeAll func(), err error) {
	var files []*os.File
	closeAll = func() {
		for _, file := range files {
			_ = file.Close()
		}
	}
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			return nil, closeAll, fault.Because(err, fault.NotFound, "The archive %s cannot be read.", name)
		}
		files = append(files, file)
		archives = append(archives, witness.ArchiveFile{Name: name, From: file})
	}
	return archives, closeAll, nil
}

func printVerification(w io.Writer, r audit.Report, publicKey string, asJSON bool) error {
	report := verifyReport{
		OK: r.OK(), Entries: r.Entries, Archived: r.Archived, Checked: r.Checked, Problem: r.Problem, PublicKey: publicKey,
		Checkpoint: reportCheckpoint(r.Checkpoint), Witnessed: reportCheckpoint(r.Witnessed), Notes: append([]string{}, r.Notes...),
	}
	if asJSON {
		return printJSON(w, report)
	}
	if r.OK() {
		noun := "entries"
		if report.Entries == 1 {
			noun = "entry"
		}
		fmt.Fprintf(w, "The audit log is as it was written: %d %s in the database", report.Entries, noun)
		if r.Archived > 0 {
			fmt.Fprintf(w, " after %d archived ones, of which %d were read", r.Archived, r.Checked)
		}
		fmt.Fprintln(w, ".")
	}
	for _, c := range []struct {
		place string
		found *checkpointReport
	}{{"Newest checkpoint", report.Checkpoint}, {"Newest one outside of the database", report.Witnessed}} {
		if c.found == nil {
			fmt.Fprintf(w, "%s: none.\n", c.place)
			continue
		}
		fmt.Fprintf(w, "%s: entry %d, %s, %s.\n", c.place, c.found.Size, c.found.Hash[:16], c.found.At)
	}
	for _, note := range r.Notes {
		fmt.Fprintln(w, note)
	}
	_, err := fmt.Fprintf(w, "Public key of checkpoints: %s\n", publicKey)
	return err
}
