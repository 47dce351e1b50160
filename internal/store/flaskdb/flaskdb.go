// Package flaskdb reads the database of the Python system, on SQLite or PostgreSQL. It opens it
// for reading only and never writes.
package flaskdb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/legacy"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Database is an old database as it was at one moment.
type Database struct {
	connections *sql.DB
	tx          *sql.Tx
	Shown       string // file, or host and name: for sentences
}

// Open opens sqlite:///file, sqlite:////absolute/file or postgresql://... for reading. Everything is
// read from one snapshot; close it when done.
func Open(ctx context.Context, address secret.Text) (*Database, error) {
	d, err := connect(strings.TrimSpace(address.Reveal()))
	if err != nil {
		return nil, err
	}
	if d.tx, err = d.connections.BeginTx(ctx, d.snapshot()); err == nil {
		err = d.check(ctx)
	}
	if err != nil {
		_ = d.Close()
		return nil, d.explain(err)
	}
	return d, nil
}

func connect(address string) (*Database, error) {
	if file, ok := strings.CutPrefix(address, "sqlite:///"); ok && file != "" {
		return connectFile(file)
	}
	if !strings.HasPrefix(address, "postgresql://") && !strings.HasPrefix(address, "postgres://") {
		return nil, fault.New(fault.Invalid, "The old database is named as sqlite:///file.db, sqlite:////absolute/file.db or postgresql://user:password@host/name.")
	}
	config, err := pgx.ParseConfig(address)
	if err != nil { // the error may repeat the password: it ends here
		return nil, fault.New(fault.Invalid, "The old database's address is not a valid PostgreSQL address.")
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	return &Database{connections: stdlib.OpenDB(*config), Shown: config.Host + "/" + config.Database}, nil
}

func connectFile(file string) (*Database, error) {
	switch info, err := os.Stat(file); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Because(err, fault.NotFound, "There is no old database %s.", file)
	case err != nil:
		return nil, fault.Because(err, fault.Unavailable, "The old database %s cannot be read.", file)
	case info.IsDir():
		return nil, fault.New(fault.Invalid, "%s is a folder; name the database file in it.", file)
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		return nil, fault.Because(err, fault.Unavailable, "The current folder cannot be read; change to one that exists.")
	}
	name := (&url.URL{Scheme: "file", Opaque: url.PathEscape(absolute)}).String()
	connections, err := sql.Open("sqlite", name+"?mode=ro&_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	return &Database{connections: connections, Shown: file}, nil
}

func (d *Database) isPostgres() bool {
	_, ok := d.connections.Driver().(*stdlib.Driver)
	return ok
}

func (d *Database) snapshot() *sql.TxOptions {
	if d.isPostgres() {
		return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return nil
}

// Close ends the reading.
func (d *Database) Close() error {
	var err error
	if d.tx != nil {
		err = d.tx.Rollback()
	}
	return errors.Join(err, d.connections.Close())
}

// check refuses a damaged file and a database of another program.
func (d *Database) check(ctx context.Context) error {
	if !d.isPostgres() {
		var found string
		if err := d.tx.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil || found != "ok" {
			return fault.Because(err, fault.Invalid, "%s is not a whole SQLite database: it is damaged, cut off or something else. Nothing was changed.", d.Shown)
		}
	}
	for _, needed := range []string{
		"SELECT id, username, email, password_hash, created_at FROM users WHERE 1 = 0",
		"SELECT user_id, name, api_key_encrypted, secret_key_encrypted FROM accounts WHERE 1 = 0",
	} {
		rows, err := d.tx.QueryContext(ctx, needed)
		if err == nil {
			err = errors.Join(rows.Err(), rows.Close())
		}
		if err != nil {
			return fault.Because(err, fault.Invalid, "%s is not a database of the Python system: it lacks its tables users and accounts, or columns of them. Nothing was changed.", d.Shown)
		}
	}
	return nil
}

func (d *Database) explain(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return fault.Because(err, fault.Unavailable, "The old database %s cannot be read: it is not there, refuses the sign-in, or is no database. Nothing was changed.", d.Shown)
}

// Read returns all users with what is theirs.
func (d *Database) Read(ctx context.Context) (legacy.Installation, error) {
	users, err := d.table(ctx, "users", "id")
	if err != nil {
		return legacy.Installation{}, err
	}
	found := legacy.Installation{Source: "flask-db:" + fingerprint(users)}
	settings, err := d.table(ctx, "settings", "user_id")
	if err != nil {
		return found, err
	}
	for _, row := range users {
		user := userOf(row)
		for _, chosen := range settings {
			if chosen["user_id"] == user.ID {
				user.Settings = chosen
			}
		}
		found.Users = append(found.Users, user)
	}
	if err := d.addAccounts(ctx, found.Users); err != nil {
		return found, err
	}
	if err := d.addWatchlists(ctx, found.Users); err != nil {
		return found, err
	}
	if exists, err := d.has(ctx, "audit_logs"); err != nil || !exists {
		return found, err
	}
	return found, d.explain(d.tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM audit_logs").Scan(&found.Entries))
}

// fingerprint names the old installation by its first user, who does not change.
func fingerprint(users []legacy.Row) string {
	if len(users) == 0 {
		return "empty"
	}
	sum := sha256.Sum256([]byte(users[0]["id"] + "\x00" + users[0]["username"] + "\x00" + users[0]["created_at"]))
	return hex.EncodeToString(sum[:6])
}

func userOf(row legacy.Row) legacy.User {
	return legacy.User{
		ID: row["id"], Username: row["username"], Email: row["email"], PasswordHash: row["password_hash"],
		TOTPSecret: secret.NewText(row["totp_secret"]), TwoFactor: row.Truth("is_2fa_enabled", false),
		Disabled: !row.Truth("is_active", true), Admin: row.Truth("is_admin", false),
		CreatedAt: timeOf(row["created_at"]), LastLogin: timeOf(row["last_login"]),
	}
}

func (d *Database) addAccounts(ctx context.Context, users []legacy.User) error {
	rows, err := d.table(ctx, "accounts", "id")
	for _, row := range rows {
		if user := of(users, row["user_id"]); user != nil {
			user.Accounts = append(user.Accounts, legacy.Account{
				Name: row["name"], APIKey: row["api_key_encrypted"], SecretKey: row["secret_key_encrypted"],
				Paper: row.Truth("is_paper", true), Active: row.Truth("is_active", false),
			})
		}
	}
	return err
}

func (d *Database) addWatchlists(ctx context.Context, users []legacy.User) error {
	rows, err := d.table(ctx, "watchlists", "id")
	for _, row := range rows {
		if user := of(users, row["user_id"]); user != nil {
			user.Watchlist = append(user.Watchlist, trade.WatchedSymbol{Symbol: row["symbol"], Name: row["name"]})
		}
	}
	return err
}

func of(users []legacy.User, id string) *legacy.User {
	for i := range users {
		if users[i].ID == id {
			return &users[i]
		}
	}
	return nil
}
