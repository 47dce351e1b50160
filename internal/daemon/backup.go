package daemon

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/backup"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/metrics"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// BackupShelf is where the settings say that backups are kept.
func BackupShelf(cfg config.Config) (backup.Shelf, error) {
	b := cfg.Backups
	if b.To.Bucket == "" {
		return backup.Folder{Path: b.To.Folder}, nil
	}
	if b.KeyID.IsEmpty() || b.Secret.IsEmpty() {
		return nil, fault.New(fault.Invalid, "Backups in a bucket need BACKUP_S3_KEY_ID and BACKUP_S3_SECRET.")
	}
	return backup.NewBucket(backup.BucketConfig{
		Endpoint: b.Endpoint.Host, Plain: b.Endpoint.Plain, Region: b.Region,
		Bucket: b.To.Bucket, Prefix: b.To.Prefix, KeyID: b.KeyID, Secret: b.Secret,
	})
}

// Backups opens the database of DATABASE_URL for the work of a command.
func Backups(ctx context.Context, cfg config.Config, log *slog.Logger, work func(backup.Maker) error) error {
	shelf, err := BackupShelf(cfg)
	if err != nil {
		return err
	}
	database, err := openWitnessed(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer database.close()
	return work(backup.Maker{Store: database.Store, Keyring: database.keyring, Shelf: shelf, Clock: clock.System(), Log: log})
}

// retention is what the settings keep.
func retention(cfg config.Config) backup.Retention {
	return backup.Retention{Daily: cfg.Backups.Keep.Daily, Weekly: cfg.Backups.Keep.Weekly, Monthly: cfg.Backups.Keep.Monthly}
}

// PruneBackups deletes what the settings do not keep.
func PruneBackups(ctx context.Context, cfg config.Config, log *slog.Logger, dryRun bool) (gone []backup.Kept, err error) {
	err = Backups(ctx, cfg, log, func(m backup.Maker) error {
		gone, err = m.Prune(ctx, retention(cfg), dryRun)
		return err
	})
	return gone, err
}

// VerifyBackup reads the whole backup of the name. It needs the keys of its time and no database.
func VerifyBackup(ctx context.Context, cfg config.Config, name string) (checked backup.Checked, err error) {
	err = withBackup(ctx, cfg, name, func(opened *backup.Opened, keyring *secret.Keyring) error {
		checked, err = opened.Verify(ctx, keyring)
		return err
	})
	return checked, err
}

// withBackup opens the backup of the name with a keyring of its own.
func withBackup(ctx context.Context, cfg config.Config, name string, work func(*backup.Opened, *secret.Keyring) error) error {
	shelf, err := BackupShelf(cfg)
	if err != nil {
		return err
	}
	from, err := shelf.Get(ctx, name)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // it was only read
	opened, err := backup.Open(from)
	if err != nil {
		return err
	}
	keyring, err := keyringOf(ctx, cfg, opened.Head)
	if err != nil {
		return err
	}
	return work(opened, keyring)
}

// keyringOf opens the keys of the settings with what the head keeps of a key service.
func keyringOf(ctx context.Context, cfg config.Config, head backup.Head) (*secret.Keyring, error) {
	earlier, err := openEarlierKeys(ctx, cfg, head)
	if err != nil {
		return nil, err
	}
	key := cfg.EncryptionKey
	if secret.InService(key) {
		service, err := keyService(cfg, key)
		if err != nil {
			return nil, err
		}
		if key, err = openRootKey(ctx, service, head); err != nil {
			return nil, err
		}
		if key.IsEmpty() {
			return nil, fault.New(fault.Invalid, "The key service of ENCRYPTION_KEY kept nothing for this backup. Give the ENCRYPTION_KEY of its time. Nothing was changed.")
		}
	}
	return secret.NewKeyring(key, earlier...)
}

// Restored is what a restore did.
type Restored struct {
	Checked backup.Checked
	Shown   string       // the database
	Log     audit.Report // of the restored audit log
}

// RestoreBackup restores the backup of the name into the database of DATABASE_URL, which must be
// empty: whole or not at all.
func RestoreBackup(ctx context.Context, cfg config.Config, log *slog.Logger, name string, options backup.RestoreOptions) (restored Restored, err error) {
	options.Name = name
	err = withBackup(ctx, cfg, name, func(opened *backup.Opened, keyring *secret.Keyring) (err error) {
		target, forget, err := openNew(ctx, cfg)
		if err != nil {
			return err
		}
		committed := false
		defer func() {
			if committed {
				err = errors.Join(err, target.Close())
				return
			}
			err = errors.Join(err, forget(err))
		}()
		restored.Shown = target.Shown()
		if err := target.MigrateTo(ctx, opened.Head.Schema, log); err != nil {
			return err
		}
		m := backup.Maker{Store: target, Keyring: keyring, Clock: clock.System(), Log: log}
		if restored.Checked, err = m.Restore(ctx, opened, options); err != nil {
			return err
		}
		committed = true
		return finishRestore(ctx, cfg, target, keyring, log, &restored)
	})
	return restored, err
}

// finishRestore brings the restored database to this version and verifies its audit log with
// everything that is known about it.
func finishRestore(ctx context.Context, cfg config.Config, target *store.Store, keyring *secret.Keyring, log *slog.Logger, restored *Restored) error {
	if err := target.Prepare(ctx, keyring, log); err != nil {
		return err
	}
	kept, err := newWitness(cfg, target, keyring, log)
	if err != nil {
		return err
	}
	restored.Log, err = kept.VerifyWith(ctx)
	return err
}

// backupSchedule makes backups while a server runs.
type backupSchedule struct {
	maker     backup.Maker
	every     time.Duration
	retention backup.Retention
	look      time.Duration // how often it looks whether one is due
	metrics   *metrics.Metrics

	workers sync.WaitGroup
	end     context.CancelFunc
}

const (
	backupLook    = time.Minute
	backupRetries = 10 * time.Minute // after a failure
)

// newBackupSchedule returns nil when the settings ask for none.
func newBackupSchedule(cfg config.Config, database *store.Store, keyring *secret.Keyring, log *slog.Logger) (*backupSchedule, error) {
	if cfg.Backups.Every == 0 {
		return nil, nil
	}
	shelf, err := BackupShelf(cfg)
	if err != nil {
		return nil, err
	}
	return &backupSchedule{
		maker: backup.Maker{Store: database, Keyring: keyring, Shelf: shelf, Clock: clock.System(), Log: log},
		every: cfg.Backups.Every, retention: retention(cfg), look: min(backupLook, cfg.Backups.Every/2),
	}, nil
}

// start begins to look; stop ends it, and a backup that is being made.
func (b *backupSchedule) start(ctx context.Context) {
	ctx, b.end = context.WithCancel(context.WithoutCancel(ctx))
	b.metrics.BackupsPlanned(b.every)
	b.workers.Go(func() {
		wait := time.Duration(0)
		for pause(ctx, wait) {
			wait = b.look
			if err := b.makeDue(ctx); err != nil && ctx.Err() == nil {
				b.maker.Log.Error("make backup", "cause", err)
				b.metrics.BackupMade(err)
				wait = backupRetries
			}
		}
	})
}

func (b *backupSchedule) stop() {
	b.end()
	b.workers.Wait()
}

// makeDue makes a backup when the newest one is old enough, and then lets go of
// those that need not stay. Of several servers one may make a backup more than is needed.
func (b *backupSchedule) makeDue(ctx context.Context) error {
	installation, err := b.maker.Store.Installation(ctx)
	if err != nil {
		return err
	}
	list, err := backup.Newest(ctx, b.maker.Shelf, installation.ID)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		b.metrics.BackupKept(list[0].At)
	}
	if len(list) > 0 && b.maker.Clock.Now().Sub(list[0].At) < b.every {
		return nil
	}
	made, err := b.maker.Create(ctx)
	if err != nil {
		return err
	}
	b.metrics.BackupMade(nil)
	b.metrics.BackupKept(b.maker.Clock.Now())
	b.maker.Log.Info("backup made", "name", made.Name, "rows", made.Rows, "bytes", made.Size, "took", made.Took.Round(time.Millisecond))
	gone, err := b.maker.Prune(ctx, b.retention, false)
	if len(gone) > 0 {
		b.maker.Log.Info("backups removed", "count", len(gone))
	}
	return err
}

// pause returns false when the context ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
