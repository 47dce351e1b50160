package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/backup"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func backupCommand(env *Environment) *cobra.Command {
	group := &cobra.Command{
		Use: "backup", Short: "Make, list, check and restore backups",
		Long: "Make, list, check and restore encrypted backups, in the folder or bucket of BACKUP_TO. A server makes them by itself when BACKUP_EVERY is set.\n" +
			"A backup opens with the ENCRYPTION_KEY of its time alone: keep that key apart from the backups. docs/BACKUP.md has the whole.",
		Args: cobra.ArbitraryArgs, RunE: chooseCommand,
	}
	group.AddCommand(backupCreateCommand(env), backupListCommand(env), backupVerifyCommand(env), backupRestoreCommand(env), backupPruneCommand(env))
	return group
}

// shelfFlag adds the flag that replaces BACKUP_TO.
func shelfFlag(command *cobra.Command) *string {
	return command.Flags().String("to", "", "`PLACE` of backups instead of BACKUP_TO: a folder or s3://bucket/prefix")
}

// shelfConfig is the configuration with keys and the place of the flag.
func (e *Environment) shelfConfig(to string) (config.Config, error) {
	cfg, err := e.ConfigWithKeys()
	if err != nil || to == "" {
		return cfg, err
	}
	if cfg.Backups.To, err = config.ParseBackupPlace(to); err != nil {
		return cfg, usage("--to %s.", err)
	}
	return cfg, nil
}

type backupReport struct {
	Name  string `json:"name"`
	At    string `json:"at"`
	Bytes int64  `json:"bytes"`
	Rows  int64  `json:"rows,omitempty"`
}

func backupCreateCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{Use: "create", Short: "Make a backup, while servers go on, and read it again", Args: noArguments}
	to := shelfFlag(command)
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		cfg, err := env.shelfConfig(*to)
		if err != nil {
			return err
		}
		var made backup.Made
		err = daemon.Backups(command.Context(), cfg, env.Logger, func(m backup.Maker) (err error) {
			made, err = m.Create(command.Context())
			return err
		})
		if err != nil {
			return err
		}
		if err := env.verifyBackup(command.Context(), cfg, made.Name); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(env.Stdout, backupReport{made.Name, made.Head.At.UTC().Format(reportTime), made.Size, made.Rows})
		}
		_, err = fmt.Fprintf(env.Stdout, "Made %s: %d rows, %d bytes, %s. It was read again and is whole.\n", made.Name, made.Rows, made.Size, made.Took.Round(time.Millisecond))
		return err
	}
	return command
}

// verifyBackup returns a fault when the backup is not as it should be.
func (e *Environment) verifyBackup(ctx context.Context, cfg config.Config, name string) error {
	checked, err := daemon.VerifyBackup(ctx, cfg, name)
	if err == nil && checked.Problem != nil {
		err = fault.New(fault.Conflict, "The backup is whole, but the audit log in it is not as it was written. %s", checked.Problem.Sentence)
	}
	return err
}

func backupListCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{Use: "list", Short: "List the backups, newest first", Args: noArguments}
	to := shelfFlag(command)
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		cfg, err := env.shelfConfig(*to)
		if err != nil {
			return err
		}
		shelf, err := daemon.BackupShelf(cfg)
		if err != nil {
			return err
		}
		list, err := backup.Newest(command.Context(), shelf, "")
		if err != nil {
			return err
		}
		return env.printBackups(list, *asJSON)
	}
	return command
}

func (e *Environment) printBackups(list []backup.Kept, asJSON bool) error {
	reports, rows := make([]backupReport, len(list)), make([][]string, len(list))
	for i, kept := range list {
		reports[i] = backupReport{Name: kept.Name, At: kept.At.UTC().Format(reportTime), Bytes: kept.Size}
		rows[i] = []string{kept.Name, reports[i].At, strconv.FormatInt(kept.Size, 10)}
	}
	if asJSON {
		return printJSON(e.Stdout, reports)
	}
	return printTable(e.Stdout, []string{"NAME", "MADE", "BYTES"}, rows)
}

func backupVerifyCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "verify NAME", Short: "Read a whole backup and check it", Args: exactly("NAME"),
		Long: "Read a whole backup, by its name or a file's path: that it is complete and authentic, that the keys open it, and that the audit log in it is as it was written.\nNo database is needed.",
	}
	to := shelfFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		cfg, err := env.shelfConfig(*to)
		if err != nil {
			return err
		}
		if err := env.verifyBackup(command.Context(), cfg, args[0]); err != nil {
			return err
		}
		_, err = fmt.Fprintf(env.Stdout, "%s is whole, opens with these keys, and its audit log is as it was written.\n", args[0])
		return err
	}
	return command
}

type restoreReport struct {
	Database string   `json:"database"`
	Rows     int64    `json:"rows"`
	Entries  int64    `json:"audit_entries"`
	Snapshot string   `json:"snapshot"`
	Notes    []string `json:"notes"`
}

func backupRestoreCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "restore NAME", Short: "Restore a backup into an empty database", Args: exactly("NAME"),
		Long: "Restore a backup, by its name or a file's path, into the database of DATABASE_URL, which must be empty (`db reset` empties one); SQLite and PostgreSQL alike.\n" +
			"It is one transaction: whole or nothing. Everybody is signed out; the next look at the broker takes over what was traded since.",
	}
	to := shelfFlag(command)
	accept := command.Flags().Bool("accept-audit-log", false, "restore although the audit log in it is not as it was written")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		cfg, err := env.shelfConfig(*to)
		if err != nil {
			return err
		}
		restored, err := daemon.RestoreBackup(command.Context(), cfg, env.Logger, args[0], backup.RestoreOptions{
			AcceptLog: *accept,
			Progress: func(so backup.Restoring) {
				env.Logger.Info("restored", slog.String("table", so.Table), slog.Int64("rows", so.Rows))
			},
		})
		if err != nil {
			return err
		}
		return env.printRestored(restored, *asJSON)
	}
	return command
}

func (e *Environment) printRestored(restored daemon.Restored, asJSON bool) error {
	report := restoreReport{
		Database: restored.Shown, Rows: restored.Checked.Rows, Entries: restored.Checked.Entries,
		Snapshot: restored.Checked.Head.At.UTC().Format(reportTime), Notes: append([]string{}, restored.Log.Notes...),
	}
	if !restored.Log.OK() {
		report.Notes = append(report.Notes, "The audit log does not fit AUDIT_CHECKPOINT_FILE: "+restored.Log.Problem.Sentence+
			" After a restore that is so when entries were written after the backup; set that file aside with the old database, and start with a new one.")
	}
	if asJSON {
		return printJSON(e.Stdout, report)
	}
	fmt.Fprintf(e.Stdout, "Restored the state of %s into %s: %d rows, %d audit entries.\n", report.Snapshot, report.Database, report.Rows, report.Entries)
	for _, note := range report.Notes {
		fmt.Fprintln(e.Stdout, note)
	}
	_, err := fmt.Fprintln(e.Stdout, "Everybody signs in again. Start the server: it compares with the broker before it trades.")
	return err
}

func backupPruneCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "prune", Short: "Delete the backups that BACKUP_KEEP does not keep", Args: noArguments,
		Long: "Delete this installation's backups that BACKUP_KEEP does not keep, and list them. The newest one always stays, and so do those of other installations.",
	}
	to := shelfFlag(command)
	dryRun := command.Flags().Bool("dry-run", false, "list them, delete nothing")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		cfg, err := env.shelfConfig(*to)
		if err != nil {
			return err
		}
		gone, err := daemon.PruneBackups(command.Context(), cfg, env.Logger, *dryRun)
		if err != nil {
			return err
		}
		return env.printBackups(gone, *asJSON)
	}
	return command
}
