package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/importer"
	"github.com/jcap24/alpaca-trader/internal/legacy"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

func importCommand(env *Environment) *cobra.Command {
	group := &cobra.Command{
		Use: "import", Short: "Come over from the Python system",
		Long: "Come over from the Python system: its database, or its YAML files. docs/UPGRADE.md has the whole way.\n" +
			"Look with --dry-run first. What was imported is not imported twice; a run that was interrupted is taken up by the next one.",
		Args: cobra.ArbitraryArgs, RunE: chooseCommand,
	}
	group.AddCommand(importDatabaseCommand(env), importFilesCommand(env))
	return group
}

func importDatabaseCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "flask-db URL", Short: "Import the Python system's database", Args: exactly("URL"),
		Long: "Import users with their passwords, second factors, brokerage accounts, watchlists and settings, and the audit log,\n" +
			"from sqlite:///file.db or postgresql://user:password@host/name. The old database is only read.\n" +
			"Each user comes whole or not at all. The exit code is 1 when somebody could not come.",
	}
	flags := command.Flags()
	oldEnv := flags.String("old-env", "", "`FILE`: the old .env, for its ENCRYPTION_KEY")
	oldKey := flags.String("old-key-file", "", "`FILE` that holds the old ENCRYPTION_KEY alone")
	dryRun := flags.Bool("dry-run", false, "report what would be done, change nothing")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		key, err := readOldKey(*oldEnv, *oldKey)
		if err != nil {
			return err
		}
		cfg, err := env.ConfigWithKeys()
		if err != nil {
			return err
		}
		report, err := daemon.ImportDatabase(command.Context(), cfg, env.Logger, secret.NewText(args[0]), key, *dryRun)
		if err != nil {
			return err
		}
		if err := printImport(env.Stdout, report, *asJSON); err != nil || report.Refused() == 0 {
			return err
		}
		return fault.New(fault.Conflict, "%d of %d users cannot be imported; the report says why.", report.Refused(), len(report.Users))
	}
	return command
}

const largestKeyFile = 4096 // bytes

// readOldKey returns no key when no file was named.
func readOldKey(envFile, keyFile string) (secret.Text, error) {
	switch {
	case envFile != "" && keyFile != "":
		return secret.Text{}, usage("Give --old-env or --old-key-file, not both.")
	case envFile != "":
		old, err := config.LoadOldEnvironment(envFile)
		if err == nil && old.EncryptionKey().IsEmpty() {
			err = fault.New(fault.Invalid, "%s has no ENCRYPTION_KEY.", envFile)
		}
		return old.EncryptionKey(), err
	case keyFile == "":
		return secret.Text{}, nil
	}
	file, err := os.Open(keyFile)
	if err != nil {
		return secret.Text{}, fault.Because(err, fault.NotFound, "The file %s of --old-key-file cannot be read.", keyFile)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, largestKeyFile))
	if err != nil {
		return secret.Text{}, fault.Because(err, fault.Invalid, "The file %s of --old-key-file cannot be read.", keyFile)
	}
	key := secret.NewText(strings.TrimSpace(string(text)))
	if key.IsEmpty() {
		return key, fault.New(fault.Invalid, "The file %s of --old-key-file is empty.", keyFile)
	}
	return key, nil
}

func printImport(w io.Writer, r importer.Report, asJSON bool) error {
	if asJSON {
		return printJSON(w, r)
	}
	rows := make([][]string, len(r.Users))
	for i, user := range r.Users {
		factor := "no"
		if user.TwoFactor {
			factor = "yes"
		}
		rows[i] = []string{printable(user.Username), printable(user.Email), user.What, string(user.Role), factor, strconv.Itoa(len(user.Accounts)), strconv.Itoa(user.Symbols)}
	}
	if err := printTable(w, []string{"USERNAME", "EMAIL", "WHAT", "ROLE", "2FA", "ACCOUNTS", "SYMBOLS"}, rows); err != nil {
		return err
	}
	for _, user := range r.Users {
		for _, note := range user.Notes {
			fmt.Fprintf(w, "%s: %s\n", printable(user.Username), printable(note))
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintln(w, note)
	}
	done := "Imported"
	if r.DryRun {
		done = "Dry run, nothing was changed. To be imported"
	}
	_, err := fmt.Fprintf(w, "%s: the users above marked %q, and %d audit entries.\n", done, importer.Import, r.AuditEntries)
	return err
}

func importFilesCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "yaml", Short: "Import the Python system's files for a user", Args: noArguments,
		Long: "Give a user what config/settings.yaml, config/watchlist.yaml and config/accounts.yaml in a folder say, keys sealed, in one transaction,\n" +
			"and print what the folder's .env becomes here. Files that are missing are left out; nothing is written into the folder.",
	}
	flags := command.Flags()
	user := flags.String("user", "", "the `USER` here, by name or e-mail address")
	folder := flags.String("dir", ".", "`FOLDER` of the Python system")
	dryRun := flags.Bool("dry-run", false, "report what would be done, change nothing")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if *user == "" {
			return usage("import yaml needs --user USER, who gets what the files say.")
		}
		files, suggestions, err := readOldFiles(*folder)
		if err != nil {
			return err
		}
		cfg, err := env.ConfigWithKeys()
		if err != nil {
			return err
		}
		report, err := daemon.ImportFiles(command.Context(), cfg, env.Logger, *user, files, *dryRun)
		if err != nil {
			return err
		}
		return printFiles(env.Stdout, filesReport{report, suggestions}, *asJSON)
	}
	return command
}

// readOldFiles reads all files before anything is changed.
func readOldFiles(folder string) (files importer.Files, suggestions []config.Suggestion, err error) {
	found := 0
	there := func(err error) (bool, error) {
		if fault.Is(err, fault.NotFound) && errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err == nil {
			found++
		}
		return err == nil, err
	}
	settings, err := config.LoadStrategy(filepath.Join(folder, config.DefaultStrategyFile))
	if ok, err := there(err); err != nil {
		return files, nil, err
	} else if ok {
		files.Settings = &settings
	}
	files.Watchlist, err = config.LoadWatchlist(filepath.Join(folder, config.DefaultWatchlistFile))
	if _, err := there(err); err != nil {
		return files, nil, err
	}
	accounts, err := config.LoadAccounts(filepath.Join(folder, "config", "accounts.yaml"))
	if _, err := there(err); err != nil {
		return files, nil, err
	}
	for _, account := range accounts {
		files.Accounts = append(files.Accounts, importer.FileAccount{
			Account:  legacy.Account{Name: account.Name, Paper: account.Paper, Active: account.Active},
			PlainKey: account.APIKey, PlainSecret: account.SecretKey,
		})
	}
	old, err := config.LoadOldEnvironment(filepath.Join(folder, ".env"))
	if _, err := there(err); err != nil {
		return files, nil, err
	}
	if found == 0 {
		return files, nil, fault.New(fault.NotFound, "The folder %s has neither config/settings.yaml, config/watchlist.yaml, config/accounts.yaml nor .env; name the Python system's folder with --dir.", folder)
	}
	return files, old.Suggestions(), nil
}

// filesReport is what import yaml prints.
type filesReport struct {
	importer.FilesReport
	suggestions []config.Suggestion
}

func printFiles(w io.Writer, r filesReport, asJSON bool) error {
	lines, notes := []string{}, []string{}
	for _, suggestion := range r.suggestions {
		if suggestion.Line != "" {
			lines = append(lines, suggestion.Line)
		}
		if suggestion.Note != "" {
			notes = append(notes, suggestion.Note)
		}
	}
	if asJSON {
		return printJSON(w, struct {
			importer.FilesReport
			Env      []string `json:"env"`
			EnvNotes []string `json:"env_notes"`
		}{r.FilesReport, lines, notes})
	}
	done := "Imported for"
	if r.DryRun {
		done = "Dry run, nothing was changed. To be imported for"
	}
	fmt.Fprintf(w, "%s %s:\nSettings   %s\nSymbols    %s\nAccounts   %s\n", done, r.Username, orNone(r.Settings), orNone(strings.Join(r.Symbols, " ")), orNone(printable(strings.Join(r.Accounts, ", "))))
	for _, note := range r.Notes {
		fmt.Fprintln(w, note)
	}
	if len(lines)+len(notes) > 0 {
		fmt.Fprintln(w, "\nFor .env here:")
	}
	for _, line := range lines {
		fmt.Fprintln(w, line)
	}
	for _, note := range notes {
		fmt.Fprintln(w, "# "+note)
	}
	return nil
}
