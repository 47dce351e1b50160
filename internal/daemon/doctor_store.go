package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/backup"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// fileModes looks for files with secrets that others can read.
func (c *checkup) fileModes() {
	if runtime.GOOS == "windows" { // no such modes
		return
	}
	files := []string{filepath.Join(c.Folder, ".env"), c.Config.KeyFile()}
	if file, ok := c.Config.DatabaseFile(); ok {
		files = append(files, file)
	}
	var open []string
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 {
			open = append(open, file)
		}
	}
	c.either("file modes", len(open) > 0, app.Critical, "chmod 600 "+strings.Join(open, " "),
		"Others on this machine may read "+strings.Join(open, " and ")+".", "Only their owner reads keys and database.")
	plain := filepath.Join(c.Folder, "config", "accounts.yaml")
	c.either("plain keys", exists(plain), app.Critical, "Run `alpaca-trader import yaml`, then delete the file and make new keys at the broker if others could read it.",
		plain+" holds broker keys in clear.", "No file holds broker keys in clear.")
}

// database looks at the database without changing it.
func (c *checkup) database(ctx context.Context) {
	state, err := ReadDatabase(ctx, c.Config)
	switch {
	case err != nil:
		c.find("database", app.Critical, "Mend DATABASE_URL or the database.", "%s", fault.Public(err))
		return
	case !state.Exists || state.Schema.Have == 0:
		c.find("database", app.Warning, "Start the server, or run `alpaca-trader db init`.", "The database %s is not made yet.", state.Shown)
		return
	case state.Kind == "SQLite" && c.Config.Mode == config.Production:
		c.find("database", app.Note, "For several servers, or if you back up by other means, `alpaca-trader db copy --to postgresql://...`.", "The database is SQLite, which serves one machine.")
	default:
		c.find("database", app.Fine, "", "%s at %s answers.", state.Kind, state.Shown)
	}
	switch {
	case state.Schema.Have > state.Schema.Want:
		c.find("migrations", app.Critical, "Install the newer program.", "The database was made by a newer version (schema %d, this program knows %d).", state.Schema.Have, state.Schema.Want)
		return
	case state.Schema.Have < state.Schema.Want:
		c.find("migrations", app.Warning, "Run `alpaca-trader db migrate`, or start the server.", "The database has schema %d of %d.", state.Schema.Have, state.Schema.Want)
		return
	}
	c.find("migrations", app.Fine, "", "The schema is this program's.")
	c.intact(ctx)
	if err := c.inside(ctx); err != nil {
		c.find("database", app.Critical, "Look at the database's own log.", "The database cannot be read: %s", fault.Public(err))
	}
}

// intact reads the whole file of an SQLite database once.
func (c *checkup) intact(ctx context.Context) {
	database, err := store.Open(ctx, store.Options{URL: c.Config.DatabaseURL, Clock: clock.System()})
	if err == nil {
		err = errors.Join(database.Intact(ctx), database.Close())
	}
	if err != nil {
		c.find("database file", app.Critical, "Stop the server, set the file aside, and restore a backup.", "%s", fault.Public(err))
		return
	}
	c.find("database file", app.Fine, "", "The database's structure is whole.")
}

// inside looks at what the database holds.
func (c *checkup) inside(ctx context.Context) error {
	database, err := store.Open(ctx, store.Options{URL: c.Config.DatabaseURL, Clock: clock.System()})
	if err != nil {
		return err
	}
	defer func() { _ = database.Close() }() // it was only read
	if c.hasKeys() {
		keyring, err := openKeyring(ctx, c.Config, database, c.Log)
		if err == nil {
			err = database.CheckKeys(ctx, keyring)
		}
		do, says := "", "ENCRYPTION_KEY fits the database."
		if err != nil {
			do, says = "Start with the key that the database was made with.", fault.Public(err)
		}
		c.either("key fits", err != nil, app.Critical, do, says, says)
	}
	settings, err := database.InstallationSettings(ctx)
	if err != nil {
		return err
	}
	severity := app.Note
	if c.Config.PublicURL != "" {
		severity = app.Warning
	}
	c.either("registration", settings.Registration == auth.OpenRegistration, severity, "Close it, or ask for invites, on the page of the installation.",
		"Anybody who reaches the dashboard may register.", "Registration is "+string(settings.Registration)+".")
	return c.admins(ctx, database)
}

func (c *checkup) admins(ctx context.Context, database *store.Store) error {
	var bare []string
	admins := 0
	for query := (auth.UserQuery{Limit: auth.LongestUserPage}); ; {
		page, err := database.ListUsers(ctx, query)
		if err != nil {
			return err
		}
		for _, user := range page.Users {
			if user.Role == auth.Admin && !user.Disabled {
				if admins++; !user.TwoFactor {
					bare = append(bare, user.Username)
				}
			}
		}
		if query.After = page.Next; page.Next == "" {
			break
		}
	}
	if admins == 0 {
		c.find("administrators", app.Warning, "Run `alpaca-trader users create-admin`.", "There is no administrator.")
		return nil
	}
	c.either("administrators", len(bare) > 0, app.Warning, "They turn it on in the room Security.",
		strings.Join(bare, ", ")+": administrator without a second factor.", fmt.Sprintf("Every administrator has a second factor: %d.", admins))
	return nil
}

// usualBackupAge is how old the newest backup may be when no schedule says it.
const usualBackupAge = 7 * 24 * time.Hour

// backups looks at the shelf.
func (c *checkup) backups(ctx context.Context) {
	c.either("backup schedule", c.Config.Backups.Every == 0, app.Warning, "Set BACKUP_EVERY=24h, or run `alpaca-trader backup create` by cron.",
		"Servers make no backups by themselves.", fmt.Sprintf("A backup is made every %s.", c.Config.Backups.Every))
	if _, bucket := c.shelfBucket(); bucket && c.Offline {
		return
	}
	shelf, err := BackupShelf(c.Config)
	var list []backup.Kept
	if err == nil {
		list, err = backup.Newest(ctx, shelf, "")
	}
	most := max(2*c.Config.Backups.Every, time.Hour)
	if c.Config.Backups.Every == 0 {
		most = usualBackupAge
	}
	switch {
	case err != nil:
		c.find("backups", app.Critical, "Mend BACKUP_TO and what belongs to it.", "%s", fault.Public(err))
	case len(list) == 0:
		c.find("backups", app.Critical, "Run `alpaca-trader backup create`.", "There is no backup in %s.", shelf.Shown())
	default:
		age := clock.System().Now().Sub(list[0].At)
		c.either("backups", age > most, app.Critical, "Run `alpaca-trader backup create` and look into the log for why none was made.",
			fmt.Sprintf("The newest backup is %d hours old.", int(age.Hours())), fmt.Sprintf("The newest backup is of %s.", list[0].At.Format("2006-01-02 15:04Z")))
	}
}

func (c *checkup) shelfBucket() (string, bool) {
	return c.Config.Backups.To.Bucket, c.Config.Backups.To.Bucket != ""
}

// What must be free on a disk, in bytes.
const (
	littleSpace = 1 << 30
	noSpace     = 100 << 20
)

// disk looks at the disks of the database and of the backups.
func (c *checkup) disk() {
	folders := map[string]string{}
	if file, ok := c.Config.DatabaseFile(); ok {
		folders["disk"] = filepath.Dir(file)
	}
	if c.Config.Backups.To.Bucket == "" {
		folders["backup disk"] = c.Config.Backups.To.Folder
	}
	for _, check := range []string{"disk", "backup disk"} {
		folder, wanted := folders[check]
		if !wanted {
			continue
		}
		free, known := freeSpace(nearest(folder))
		if !known {
			continue
		}
		severity := app.Warning
		if free < noSpace {
			severity = app.Critical
		}
		c.either(check, free < littleSpace, severity, "Make room: without it nothing can be written, and nothing is traded.",
			fmt.Sprintf("Only %d MB are free at %s.", free>>20, folder), fmt.Sprintf("%d MB are free at %s.", free>>20, folder))
	}
}

// nearest is the folder, or the one above it that exists.
func nearest(folder string) string {
	for {
		if _, err := os.Stat(folder); err == nil || folder == filepath.Dir(folder) || os.IsPermission(err) {
			return folder
		}
		folder = filepath.Dir(folder)
	}
}
