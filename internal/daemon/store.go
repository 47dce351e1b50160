package daemon

import (
	"context"
	"errors"
	"log/slog"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// openStore opens the database of DATABASE_URL, refuses a wrong ENCRYPTION_KEY before anything is
// written, and brings the schema up to date. The keys of other purposes are derived from the
// keyring only afterwards: Prepare tells it of the installation's own key.
func openStore(ctx context.Context, cfg config.Config, log *slog.Logger) (*store.Store, *secret.Keyring, error) {
	database, err := store.Open(ctx, store.Options{URL: cfg.DatabaseURL, Clock: clock.System()})
	if err != nil {
		return nil, nil, err
	}
	keyring, err := openKeyring(ctx, cfg, database, log)
	if err == nil {
		err = database.Prepare(ctx, keyring, log)
	}
	if err != nil {
		return nil, nil, errors.Join(err, database.Close())
	}
	database.UseAuditKey(keyring.Derive(secret.AuditLabel))
	return database, keyring, nil
}
