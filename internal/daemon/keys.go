package daemon

import (
	"context"
	"log/slog"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/transit"
)

// keyService is the one list of key services: the scheme of an ENCRYPTION_KEY decides. A new one, such
// as Tink has for the large clouds, gets its client here.
func keyService(cfg config.Config, encryptionKey secret.Text) (*secret.KeyService, error) {
	return secret.OpenService(encryptionKey, transit.Client{Token: cfg.VaultToken, Authorities: cfg.VaultCACert})
}

// openKeyring opens the ENCRYPTION_KEY and the earlier ones, wherever they are kept. For a key
// service that keeps none yet for this database, it makes one, which is stored only after the
// earlier keys have proved to be the database's.
func openKeyring(ctx context.Context, cfg config.Config, database *store.Store, log *slog.Logger) (*secret.Keyring, error) {
	earlier, err := openEarlierKeys(ctx, cfg, database)
	if err != nil {
		return nil, err
	}
	if !secret.InService(cfg.EncryptionKey) {
		return secret.NewKeyring(cfg.EncryptionKey, earlier...)
	}
	service, err := keyService(cfg, cfg.EncryptionKey)
	if err != nil {
		return nil, err
	}
	root, err := openRootKey(ctx, service, database)
	if err != nil {
		return nil, err
	}
	if root.IsEmpty() {
		if root, err = makeRootKey(ctx, service, database, earlier, log); err != nil {
			return nil, err
		}
	}
	return secret.NewKeyring(root, earlier...)
}

// keptKeys has what key services wrapped for one installation: its database, or a backup of it.
type keptKeys interface {
	RootKey(ctx context.Context, address string) ([]byte, error)
}

// openEarlierKeys leaves out key services that keep nothing for this database any more.
func openEarlierKeys(ctx context.Context, cfg config.Config, database keptKeys) ([]secret.Text, error) {
	var earlier []secret.Text
	for _, key := range cfg.OldKeys {
		if secret.InService(key) {
			service, err := keyService(cfg, key)
			if err != nil {
				return nil, err
			}
			if key, err = openRootKey(ctx, service, database); err != nil {
				return nil, err
			}
		}
		if !key.IsEmpty() {
			earlier = append(earlier, key)
		}
	}
	return earlier, nil
}

// openRootKey returns no key when the service has wrapped none for this database.
func openRootKey(ctx context.Context, service *secret.KeyService, database keptKeys) (secret.Text, error) {
	wrapped, err := database.RootKey(ctx, service.Address())
	if err != nil || wrapped == nil {
		return secret.Text{}, err
	}
	return service.Unwrap(ctx, wrapped)
}

// makeRootKey makes an ENCRYPTION_KEY, has the service wrap it and stores it. Of several processes
// that do so together, all get the first one's.
func makeRootKey(ctx context.Context, service *secret.KeyService, database *store.Store, earlier []secret.Text, log *slog.Logger) (secret.Text, error) {
	root := secret.GenerateKey()
	keyring, err := secret.NewKeyring(root, earlier...)
	if err != nil {
		return secret.Text{}, err
	}
	if err := database.CheckKeys(ctx, keyring); err != nil {
		return secret.Text{}, err
	}
	wrapped, err := service.Wrap(ctx, root)
	if err != nil {
		return secret.Text{}, err
	}
	if err := database.Migrate(ctx, log); err != nil {
		return secret.Text{}, err
	}
	kept, err := database.CreateRootKey(ctx, service.Address(), wrapped)
	if err != nil {
		return secret.Text{}, err
	}
	log.Info("key service keeps a new ENCRYPTION_KEY", "service", service.Address())
	return service.Unwrap(ctx, kept) // also proves that it can be opened again
}

// RotateKeys moves everything to the ENCRYPTION_KEY of the settings; progress is told after each
// batch. A key service wraps its key under the newest version of its own.
func RotateKeys(ctx context.Context, cfg config.Config, log *slog.Logger, progress func(app.Rotated)) (app.Rotated, error) {
	database, keyring, err := openStore(ctx, cfg, log)
	if err != nil {
		return app.Rotated{}, err
	}
	defer func() { _ = database.Close() }()
	rotation := app.KeyRotation{Store: database, Keyring: keyring, Clock: clock.System(), Progress: progress}
	if secret.InService(cfg.EncryptionKey) {
		if rotation.Service, err = renewWrapping(ctx, cfg, database); err != nil {
			return app.Rotated{}, err
		}
	}
	return rotation.Run(ctx, auth.Operator)
}

// renewWrapping returns the service's address.
func renewWrapping(ctx context.Context, cfg config.Config, database *store.Store) (string, error) {
	service, err := keyService(cfg, cfg.EncryptionKey)
	if err != nil {
		return "", err
	}
	root, err := openRootKey(ctx, service, database)
	if err != nil {
		return "", err
	}
	wrapped, err := service.Wrap(ctx, root)
	if err != nil {
		return "", err
	}
	return service.Address(), database.UpdateRootKey(ctx, service.Address(), wrapped)
}
