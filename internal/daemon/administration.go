package daemon

import (
	"context"
	"log/slog"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/witness"
)

// Administration is the use cases of an administrator on the installation's database, beside the
// servers that run on it.
type Administration struct {
	*app.App
	Witness  *witness.Witness // of the audit log
	database *witnessedStore
}

// OpenAdministration opens the database of DATABASE_URL; close it when done.
func OpenAdministration(ctx context.Context, cfg config.Config, log *slog.Logger) (*Administration, error) {
	database, err := openWitnessed(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	return &Administration{app.New(app.Config{
		Store: database.Store, Keyring: database.keyring, Passwords: auth.NewPasswords(auth.PasswordCost{}), Verifier: database.witness,
		Bus: &event.Bus{}, Clock: clock.System(), Logger: log, PublicURL: cfg.PublicURL,
	}), database.witness, database}, nil
}

// Close releases the database.
func (a *Administration) Close() {
	a.App.Close()
	a.database.close()
}

// setupLabel derives setup codes from the SECRET_KEY; the installation's id follows.
const setupLabel = "setup code/v1/"

// setupCode is what the very first registration must give in production; empty anywhere else. It
// follows from SECRET_KEY and the database, so that every replica takes the same code, also after a
// restart, and nothing is kept.
func setupCode(ctx context.Context, cfg config.Config, database *store.Store) (secret.Text, error) {
	if cfg.Mode != config.Production {
		return secret.Text{}, nil
	}
	installation, err := database.Installation(ctx)
	return auth.NewSetupCode(secret.DeriveKey(cfg.SecretKey, setupLabel+installation.ID)), err
}

// announceSetupCode writes the code to the log while there is no user.
func (a *useCases) announceSetupCode(ctx context.Context, log *slog.Logger) error {
	if a.SetupCode.IsEmpty() {
		return nil
	}
	count, err := a.Store.CountUsers(ctx)
	if err == nil && count == 0 {
		log.Warn("nobody has registered yet: the first user becomes administrator and needs the setup code", "setup_code", a.SetupCode.Reveal())
	}
	return err
}
