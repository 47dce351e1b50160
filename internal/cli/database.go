package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/store"
)

func databaseCommand(env *Environment) *cobra.Command {
	group := &cobra.Command{
		Use: "db", Short: "Make, migrate, look at, empty and copy the database",
		Long: "Make, migrate, look at, empty and copy the database of DATABASE_URL. A server makes and migrates it by itself when it starts.",
		Args: cobra.ArbitraryArgs, RunE: chooseCommand,
	}
	group.AddCommand(
		databasePrepareCommand(env, "init", "Make the database"),
		databasePrepareCommand(env, "migrate", "Bring the database's tables to this version of the program"),
		databaseStatusCommand(env), databaseResetCommand(env), databaseCopyCommand(env),
	)
	return group
}

// databaseReport is how the commands print a database.
type databaseReport struct {
	Kind         string  `json:"kind"`
	Database     string  `json:"database"`
	Exists       bool    `json:"exists"`
	Schema       int64   `json:"schema"`
	SchemaWanted int64   `json:"schema_wanted"`
	Installation string  `json:"installation"` // empty before the first start
	CreatedAt    *string `json:"created_at"`
	Users        int     `json:"users"`
	Bytes        int64   `json:"bytes"`
}

func reportDatabase(s daemon.DatabaseState) databaseReport {
	report := databaseReport{
		Kind: s.Kind, Database: s.Shown, Exists: s.Exists, Schema: s.Schema.Have, SchemaWanted: s.Schema.Want,
		Installation: s.Installation.ID, Users: s.Users, Bytes: s.Size,
	}
	if !s.Installation.CreatedAt.IsZero() {
		at := s.Installation.CreatedAt.UTC().Format(reportTime)
		report.CreatedAt = &at
	}
	return report
}

func (r databaseReport) print(w io.Writer) error {
	state := "ready"
	switch {
	case !r.Exists:
		state = "is not there yet"
	case r.Schema == 0:
		state = "empty"
	case r.Schema < r.SchemaWanted:
		state = "to be migrated: run `alpaca-trader db migrate`, or start the server"
	case r.Schema > r.SchemaWanted:
		state = "made by a newer version of the program"
	}
	_, err := fmt.Fprintf(w, "Database      %s (%s)\nState         %s\nSchema        %d of %d\nInstallation  %s\nUsers         %d\nSize          %d bytes\n",
		r.Database, r.Kind, state, r.Schema, r.SchemaWanted, orNone(r.Installation), r.Users, r.Bytes)
	return err
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// databaseAct is a command that does something to the database and prints what it is then.
func (e *Environment) databaseAct(command *cobra.Command, asJSON *bool, act func(config.Config) (daemon.DatabaseState, error)) func(*cobra.Command, []string) error {
	return func(*cobra.Command, []string) error {
		cfg, err := e.ConfigWithKeys()
		if err != nil {
			return err
		}
		state, err := act(cfg)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(e.Stdout, reportDatabase(state))
		}
		return reportDatabase(state).print(e.Stdout)
	}
}

func databasePrepareCommand(env *Environment, name, short string) *cobra.Command {
	command := &cobra.Command{Use: name, Short: short, Args: noArguments,
		Long: short + ", and print what it is then. A database that is as it should be stays as it is."}
	asJSON := jsonFlag(command)
	command.RunE = env.databaseAct(command, asJSON, func(cfg config.Config) (daemon.DatabaseState, error) {
		return daemon.PrepareDatabase(command.Context(), cfg, env.Logger)
	})
	return command
}

func databaseStatusCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{Use: "status", Short: "Show the database and change nothing", Args: noArguments}
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		cfg, err := env.Config() // no keys: development would make them
		if err != nil {
			return err
		}
		state, err := daemon.ReadDatabase(command.Context(), cfg)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(env.Stdout, reportDatabase(state))
		}
		return reportDatabase(state).print(env.Stdout)
	}
	return command
}

func databaseResetCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "reset", Short: "Delete everything in the database and make it new", Args: noArguments,
		Long: "Delete everything in the database (users, keys, settings, journal, audit log) and make it new.\n" +
			"Asks for the database's name; --confirm NAME answers beforehand. Stop the servers first; make a backup first.",
	}
	confirmed := command.Flags().String("confirm", "", "the database's `NAME`, instead of the question")
	asJSON := jsonFlag(command)
	command.RunE = env.databaseAct(command, asJSON, func(cfg config.Config) (daemon.DatabaseState, error) {
		return daemon.ResetDatabase(command.Context(), cfg, env.Logger, func(name string) error {
			typed, err := newQuestions(env).unless(command.Context(), *confirmed, fmt.Sprintf("Everything in %s will be deleted. Type its name to go on", name), "--confirm "+name)
			if err == nil && typed != name {
				err = fault.New(fault.Invalid, "The database is named %s, and %q was given. Nothing was changed.", name, typed)
			}
			return err
		})
	})
	return command
}

// copyReport is what db copy prints.
type copyReport struct {
	Tables       int   `json:"tables"`
	Rows         int64 `json:"rows"`
	AuditEntries int64 `json:"audit_entries"`
}

func databaseCopyCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "copy", Short: "Copy the database into another, empty one", Args: noArguments,
		Long: "Copy the database of DATABASE_URL into another one, SQLite or PostgreSQL, which must be empty, and compare it row by row.\n" +
			"It is one transaction: a copy that is interrupted leaves nothing. Stop the servers first, and set DATABASE_URL to the copy afterwards;\n" +
			"a server that goes on with the old database would order what the new one does not know.",
	}
	to := command.Flags().String("to", "", "`URL` of the empty database, as DATABASE_URL takes it")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if *to == "" {
			return usage("db copy needs --to URL, such as postgresql://user:password@host/alpaca_trader.")
		}
		report, err := env.copyDatabase(command.Context(), *to)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(env.Stdout, report)
		}
		_, err = fmt.Fprintf(env.Stdout, "Copied %d rows of %d tables; each was read again and is equal. The audit log of the copy is as it was written: %d entries.\nNow set DATABASE_URL to the copy, and keep AUDIT_CHECKPOINT_FILE where it is.\n",
			report.Rows, report.Tables, report.AuditEntries)
		return err
	}
	return command
}

func (e *Environment) copyDatabase(ctx context.Context, to string) (copyReport, error) {
	cfg, err := e.ConfigWithKeys()
	if err != nil {
		return copyReport{}, err
	}
	target, err := cfg.AtDatabase("--to", to)
	if err != nil {
		return copyReport{}, err
	}
	var report copyReport
	verified, err := daemon.CopyDatabase(ctx, cfg, target, e.Logger, func(so store.Copied) {
		word := "copied"
		if so.Verified {
			word = "compared"
			report.Tables++
			report.Rows += so.Rows
		}
		e.Logger.Info(word, slog.String("table", so.Table), slog.Int64("rows", so.Rows))
	})
	if err != nil {
		return copyReport{}, err
	}
	if !verified.OK() {
		return copyReport{}, fault.New(fault.Conflict, "The copy is equal, but the audit log is not as it was written. %s", verified.Problem.Sentence)
	}
	report.AuditEntries = verified.Entries
	return report, nil
}
