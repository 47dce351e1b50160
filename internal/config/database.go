package config

import (
	"path/filepath"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// AtDatabase returns the same configuration with another database, given as DATABASE_URL takes it;
// a relative file belongs to the current folder. what names the flag that gave it. Files that the
// configuration has placed beside the database stay where they are.
func (c Config) AtDatabase(what, given string) (Config, error) {
	parsed, err := parseDatabaseURL(given)
	if err != nil {
		return Config{}, fault.New(fault.Invalid, "%s %s.", what, err)
	}
	if file, ok := sqliteFile(parsed.Reveal()); ok {
		if file, err = filepath.Abs(file); err != nil {
			return Config{}, fault.Because(err, fault.Unavailable, "The current folder cannot be read; change to one that exists.")
		}
		parsed = secret.NewText(sqlitePrefix + file)
	}
	c.DatabaseURL = parsed
	return c, nil
}
