package daemon

import (
	"context"
	"log/slog"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// openStore opens the database of DATABASE_URL, refuses a wrong ENCRYPTION_KEY before anything is
// written, and brings the schema up to date.
func openStore(ctx context.Context, cfg config.Config, log *slog.Logger) (*store.Store, *secret.Keyring, error) {
	keyring, err := secret.NewKeyring(cfg.EncryptionKey)
	if err != nil {
		return nil, nil, err
	}
	database, err := store.Open(ctx, store.Options{
		URL: cfg.DatabaseURL, Clock: clock.System(), AuditKey: keyring.Derive(secret.AuditLabel),
	})
	if err != nil {
		return nil, nil, err
	}
	if err := database.Prepare(ctx, keyring, log); err != nil {
		_ = database.Close()
		return nil, nil, err
	}
	return database, keyring, nil
}
