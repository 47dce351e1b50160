package daemon

import (
	"context"
	"errors"
	"log/slog"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/importer"
	"github.com/jcap24/alpaca-trader/internal/legacy"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store/flaskdb"
)

// ImportDatabase takes over the Python system's database at the address, which is opened for
// reading only. oldKey is its ENCRYPTION_KEY; empty when it was not given.
func ImportDatabase(ctx context.Context, cfg config.Config, log *slog.Logger, address, oldKey secret.Text, dryRun bool) (report importer.Report, err error) {
	old, err := flaskdb.Open(ctx, address)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	var key *legacy.Key
	if !oldKey.IsEmpty() {
		derived, err := legacy.NewKey(oldKey)
		if err != nil {
			return report, err
		}
		key = &derived
	}
	err = importing(ctx, cfg, log, dryRun, func(i importer.Importer) (err error) {
		report, err = i.Database(ctx, old, key)
		return err
	})
	return report, err
}

// ImportFiles gives a user what the Python system's files say.
func ImportFiles(ctx context.Context, cfg config.Config, log *slog.Logger, login string, files importer.Files, dryRun bool) (report importer.FilesReport, err error) {
	err = importing(ctx, cfg, log, dryRun, func(i importer.Importer) (err error) {
		report, err = i.Files(ctx, login, files)
		return err
	})
	return report, err
}

// importing opens the database of DATABASE_URL for the work. A dry run does not make a file that is
// not there: it looks into an empty database instead.
func importing(ctx context.Context, cfg config.Config, log *slog.Logger, dryRun bool, work func(importer.Importer) error) error {
	if file, ok := cfg.DatabaseFile(); ok && dryRun && !exists(file) {
		cfg.DatabaseURL = secret.NewText("sqlite:///:memory:")
	}
	if dryRun {
		database, keyring, err := openStore(ctx, cfg, log)
		if err != nil {
			return err
		}
		return errors.Join(work(importer.Importer{Store: database, Keyring: keyring, Clock: clock.System(), Log: log, DryRun: true}), database.Close())
	}
	database, err := openWitnessed(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer database.close()
	return work(importer.Importer{Store: database, Keyring: database.keyring, Clock: clock.System(), Log: log})
}
