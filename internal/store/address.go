package store

import (
	"net/url"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// address is a parsed DATABASE_URL: a file, memory, or a PostgreSQL URL with its printable form.
type address struct {
	file     string
	memory   bool
	postgres string // may hold a password
	shown    string // for sentences: host, port and database only
}

const addressAdvice = "Use sqlite:///file.db, sqlite:////absolute/file.db or postgresql://user:password@host:5432/database."

// parseAddress reads the forms that SQLAlchemy made usual. Its faults never repeat the text, which
// may hold a password.
func parseAddress(text secret.Text) (address, error) {
	value := strings.TrimSpace(text.Reveal())
	if rest, ok := strings.CutPrefix(value, "sqlite:///"); ok {
		return parseFile(rest)
	}
	if strings.HasPrefix(value, "postgres://") || strings.HasPrefix(value, "postgresql://") {
		return parsePostgres(value)
	}
	return address{}, fault.New(fault.Invalid, "DATABASE_URL names no database that is supported. %s", addressAdvice)
}

func parseFile(path string) (address, error) {
	switch {
	case path == "":
		return address{}, fault.New(fault.Invalid, "DATABASE_URL names no file. %s", addressAdvice)
	case path == ":memory:":
		return address{memory: true, shown: "memory"}, nil
	case strings.ContainsAny(path, "?\x00"):
		return address{}, fault.New(fault.Invalid, "DATABASE_URL takes no options after the file's name. %s", addressAdvice)
	}
	return address{file: path, shown: path}, nil
}

func parsePostgres(value string) (address, error) {
	parsed, err := url.Parse(value)
	if err != nil {
		return address{}, fault.New(fault.Invalid, "DATABASE_URL is not a valid PostgreSQL address (special characters in the password must be percent-encoded). %s", addressAdvice)
	}
	return address{postgres: value, shown: parsed.Host + parsed.Path}, nil
}
