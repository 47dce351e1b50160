// Package legacytest makes databases of the earlier program for tests: its tables, its password
// hashes and its encryption.
package legacytest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
	"golang.org/x/crypto/scrypt"
	_ "modernc.org/sqlite" // the driver

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Encrypt returns what the earlier program stored for a value.
func Encrypt(t testing.TB, encryptionKey secret.Text, value string) string {
	t.Helper()
	key, err := pbkdf2.Key(sha256.New, encryptionKey.Reveal(), []byte("alpaca_trader_salt"), 100_000, 32)
	must(t, err)
	vector := make([]byte, aes.BlockSize)
	_, _ = rand.Read(vector) // crypto/rand.Read never fails
	padding := aes.BlockSize - len(value)%aes.BlockSize
	plain := append([]byte(value), bytes.Repeat([]byte{byte(padding)}, padding)...)
	block, err := aes.NewCipher(key[16:])
	must(t, err)
	cipher.NewCBCEncrypter(block, vector).CryptBlocks(plain, plain)
	token := binary.BigEndian.AppendUint64([]byte{0x80}, 1_700_000_000)
	token = append(append(token, vector...), plain...)
	mac := hmac.New(sha256.New, key[:16])
	mac.Write(token)
	return base64.URLEncoding.EncodeToString([]byte(base64.URLEncoding.EncodeToString(mac.Sum(token))))
}

// HashPBKDF2 is werkzeug's hash of a password, with fewer rounds than it takes.
func HashPBKDF2(t testing.TB, password, salt string) string {
	t.Helper()
	key, err := pbkdf2.Key(sha256.New, password, []byte(salt), 1000, 32)
	must(t, err)
	return "pbkdf2:sha256:1000$" + salt + "$" + hex.EncodeToString(key)
}

// HashScrypt is werkzeug's newer hash of a password.
func HashScrypt(t testing.TB, password, salt string) string {
	t.Helper()
	key, err := scrypt.Key([]byte(password), []byte(salt), 1024, 8, 1, 64)
	must(t, err)
	return "scrypt:1024:8:1$" + salt + "$" + hex.EncodeToString(key)
}

// tables is what SQLAlchemy made; DATETIME is TIMESTAMP in PostgreSQL, where ids count by SERIAL.
const tables = `
CREATE TABLE users (id SERIAL PRIMARY KEY, username VARCHAR(80) NOT NULL UNIQUE, email VARCHAR(120) NOT NULL UNIQUE,
	password_hash VARCHAR(255) NOT NULL, totp_secret VARCHAR(32), is_2fa_enabled BOOLEAN, is_active BOOLEAN, is_admin BOOLEAN,
	created_at DATETIME, last_login DATETIME);
CREATE TABLE accounts (id SERIAL PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), name VARCHAR(100) NOT NULL,
	api_key_encrypted TEXT NOT NULL, secret_key_encrypted TEXT NOT NULL, is_paper BOOLEAN, is_active BOOLEAN, created_at DATETIME,
	UNIQUE (user_id, name));
CREATE TABLE watchlists (id SERIAL PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), symbol VARCHAR(10) NOT NULL,
	name VARCHAR(200), UNIQUE (user_id, symbol));
CREATE TABLE settings (id SERIAL PRIMARY KEY, user_id INTEGER NOT NULL UNIQUE REFERENCES users (id),
	timeframe VARCHAR(20), lookback_days INTEGER,
	rsi_enabled BOOLEAN, rsi_period INTEGER, rsi_overbought FLOAT, rsi_oversold FLOAT,
	sma_enabled BOOLEAN, sma_short_period INTEGER, sma_long_period INTEGER,
	macd_enabled BOOLEAN, macd_fast_period INTEGER, macd_slow_period INTEGER, macd_signal_period INTEGER,
	bollinger_enabled BOOLEAN, bollinger_period INTEGER, bollinger_std_dev FLOAT,
	signal_mode VARCHAR(20), signal_min_agree INTEGER, order_type VARCHAR(20), time_in_force VARCHAR(10),
	position_size_pct FLOAT, max_positions INTEGER, allow_short BOOLEAN,
	schedule_enabled BOOLEAN, schedule_interval_minutes INTEGER, schedule_cron VARCHAR(100), schedule_market_hours_only BOOLEAN);
CREATE TABLE audit_logs (id SERIAL PRIMARY KEY, user_id INTEGER, action VARCHAR(50) NOT NULL, resource_type VARCHAR(50),
	resource_id VARCHAR(100), details JSON, ip_address VARCHAR(45), user_agent VARCHAR(200), timestamp DATETIME)`

// Database is an old database that is open for writing.
type Database struct {
	*sql.DB
	postgres bool
}

// Make makes the tables in the empty database of the address: sqlite:///file or postgresql://...
func Make(t testing.TB, address secret.Text) *Database {
	t.Helper()
	file, isFile := strings.CutPrefix(address.Reveal(), "sqlite:///")
	driver, name, script := "pgx", address.Reveal(), strings.ReplaceAll(tables, "DATETIME", "TIMESTAMP")
	if isFile {
		driver, name, script = "sqlite", "file:"+file, strings.ReplaceAll(tables, "SERIAL", "INTEGER")
	}
	connection, err := sql.Open(driver, name)
	must(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	for statement := range strings.SplitSeq(script, ";") {
		_, err := connection.ExecContext(t.Context(), statement)
		must(t, err)
	}
	return &Database{connection, !isFile}
}

// Insert writes a row of the columns' values.
func (d *Database) Insert(t testing.TB, table, columns string, values ...any) {
	t.Helper()
	places := make([]string, len(values))
	for i := range places {
		places[i] = "?"
		if d.postgres {
			places[i] = fmt.Sprintf("$%d", i+1)
		}
	}
	_, err := d.ExecContext(t.Context(), "INSERT INTO "+table+" ("+columns+") VALUES ("+strings.Join(places, ", ")+")", values...)
	must(t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
