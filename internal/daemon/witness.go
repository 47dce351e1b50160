package daemon

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/notify"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/witness"
)

// newWitness returns what signs checkpoints of the audit log and verifies it. Nothing runs yet.
func newWitness(cfg config.Config, database *store.Store, keyring *secret.Keyring, log *slog.Logger) (*witness.Witness, error) {
	keys, err := audit.NewKeys(keyring)
	if err != nil {
		return nil, err
	}
	settings := witness.Config{
		Store: database, Keys: keys, Clock: clock.System(), Log: log, File: cfg.Audit.File, Growth: database.AuditGrowth(),
	}
	if !cfg.Audit.Webhook.IsEmpty() {
		settings.Post = notify.NewWebhook(cfg.Audit.Webhook.Reveal()).Post
	}
	return witness.New(settings), nil
}

// witnessedStore is the database of a command, with the witness of what the command does.
type witnessedStore struct {
	*store.Store
	keyring *secret.Keyring
	witness *witness.Witness
	log     *slog.Logger
}

// openWitnessed opens the database of DATABASE_URL; close it when done.
func openWitnessed(ctx context.Context, cfg config.Config, log *slog.Logger) (*witnessedStore, error) {
	database, keyring, err := openStore(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	kept, err := newWitness(cfg, database, keyring, log)
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	return &witnessedStore{database, keyring, kept, log}, nil
}

// closePatience is how long a command waits for its last checkpoint.
const closePatience = 10 * time.Second

// close signs a checkpoint of what was done and releases the database.
func (w *witnessedStore) close() {
	patience, cancel := context.WithTimeout(context.Background(), closePatience)
	defer cancel()
	if err := w.witness.Stop(patience); err != nil {
		w.log.Error("make audit checkpoint", "cause", err)
	}
	_ = w.Close()
}
