package daemon

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// KeysReset says what a reset of the keys did.
type KeysReset struct {
	store.Loss
	SetAside string // what the file of old checkpoints is called now; empty: there was none
}

// ResetKeys puts the ENCRYPTION_KEY of the settings into the place of one that is lost. confirm is
// told before what will be lost, with the installation's id. It refuses when nothing is lost.
func ResetKeys(ctx context.Context, cfg config.Config, log *slog.Logger, confirm func(installation string, loss store.Loss) error) (done KeysReset, err error) {
	database, err := store.Open(ctx, store.Options{URL: cfg.DatabaseURL, Clock: clock.System()})
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	keyring, err := keyringForReset(ctx, cfg, database)
	if err != nil {
		return done, err
	}
	installation, err := database.Installation(ctx)
	if err != nil {
		return done, err
	}
	if done.Loss, err = database.CountLoss(ctx); err != nil {
		return done, err
	}
	if err := confirm(installation.ID, done.Loss); err != nil {
		return done, err
	}
	if err := database.Migrate(ctx, log); err != nil {
		return done, err
	}
	fresh, err := freshKeys(keyring, installation.ID)
	if err != nil {
		return done, err
	}
	if err := database.ResetKeys(ctx, fresh); err != nil {
		return done, err
	}
	done.SetAside, err = setAside(cfg.Audit.File)
	return done, err
}

// keyringForReset refuses keys that open the database, and a database that never had any.
func keyringForReset(ctx context.Context, cfg config.Config, database *store.Store) (*secret.Keyring, error) {
	if secret.InService(cfg.EncryptionKey) {
		return nil, fault.New(fault.Invalid, "Reset the keys with a plain ENCRYPTION_KEY (`alpaca-trader keys generate`), and move it to the key service with `keys rotate` afterwards. Nothing was changed.")
	}
	canary, err := database.Canary(ctx)
	if err != nil {
		return nil, err
	}
	if canary == nil {
		return nil, fault.New(fault.Invalid, "This database has no keys yet; start the server. Nothing was changed.")
	}
	earlier, err := openEarlierKeys(ctx, cfg, database)
	if err != nil {
		return nil, err
	}
	given, err := secret.NewKeyring(cfg.EncryptionKey, earlier...)
	if err != nil {
		return nil, err
	}
	if given.CheckCanary(canary) == nil {
		return nil, fault.New(fault.Conflict, "The ENCRYPTION_KEY that is set opens this database: nothing is lost, and nothing was changed. To replace a key that you have, use `alpaca-trader keys rotate`.")
	}
	return secret.NewKeyring(cfg.EncryptionKey)
}

func freshKeys(keyring *secret.Keyring, installation string) (store.FreshKeys, error) {
	wrapped := keyring.NewInstallationKey()
	if err := keyring.UseInstallationKey(wrapped); err != nil {
		return store.FreshKeys{}, err
	}
	signing, err := audit.NewKeys(keyring)
	if err != nil {
		return store.FreshKeys{}, err
	}
	now := clock.System().Now()
	return store.FreshKeys{
		Canary: keyring.NewCanary(), InstallationKey: wrapped, AuditKey: keyring.Derive(secret.AuditLabel), DataKey: keyring.NewDataKey,
		SignReceipt: func(last int64, lastHash []byte) (audit.Receipt, error) {
			return signing.SignReceipt(audit.Receipt{Installation: installation, First: 1, Last: last, LastHash: lastHash, At: now})
		},
		Entry: func(accounts, factors int, rechained int64) audit.Entry {
			return audit.Entry{
				At: now, ActorName: auth.Operator.Username, Action: audit.KeysReset, Target: "installation",
				Details: map[string]any{"key": hex.EncodeToString(keyring.Stamp()), "accounts": accounts, "factors": factors, "entries_chained_anew": rechained},
			}
		},
	}, nil
}

// setAside renames the file of checkpoints, which the lost key signed, and returns its new name. It
// stays: whoever finds the key can verify by it.
func setAside(file string) (string, error) {
	if file == "" || !exists(file) {
		return "", nil
	}
	name := file + ".lost-key-" + strings.ReplaceAll(clock.System().Now().UTC().Format("20060102-150405.000"), ".", "-")
	if err := os.Rename(file, name); err != nil {
		var link *os.LinkError
		if errors.As(err, &link) && !errors.Is(err, fs.ErrNotExist) {
			return "", fault.Because(err, fault.Unavailable, "The keys are reset, but %s cannot be renamed: %s. Move it away by hand; its checkpoints were signed by the lost key.", file, link.Err)
		}
		return "", err
	}
	return name, nil
}
