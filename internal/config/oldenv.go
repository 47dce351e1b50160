package config

import (
	"errors"
	"io/fs"
	"sort"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// OldEnvironment is the .env of the Python system.
type OldEnvironment struct {
	values map[string]string
}

// LoadOldEnvironment reads the file; a missing one is an error that names it.
func LoadOldEnvironment(path string) (OldEnvironment, error) {
	text, err := readLimited(path, largestDotenv)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return OldEnvironment{}, fault.Because(err, fault.NotFound, "%s does not exist; name another file.", path)
	case err != nil:
		return OldEnvironment{}, fault.Because(err, fault.Invalid, "%s cannot be read: %s.", path, reason(err))
	}
	values, err := ParseDotenv(text)
	if err != nil {
		return OldEnvironment{}, fault.Because(err, fault.Invalid, "%s: %s", path, fault.Public(err))
	}
	return OldEnvironment{values}, nil
}

// EncryptionKey is the old ENCRYPTION_KEY; empty when the file has none.
func (o OldEnvironment) EncryptionKey() secret.Text {
	return secret.NewText(o.values["ENCRYPTION_KEY"])
}

// Suggestion is a line for the new .env, or what to do instead.
type Suggestion struct {
	Line string // empty: no line
	Note string
}

// ownWay are the old variables that are not simply taken over.
var ownWay = map[string]Suggestion{
	"SECRET_KEY":       {"", "SECRET_KEY and ENCRYPTION_KEY: make new ones with `alpaca-trader keys generate`; keep the old ENCRYPTION_KEY until the import is done."},
	"ENCRYPTION_KEY":   {"", ""},
	"DATABASE_URL":     {"", "DATABASE_URL: name a new database; the old one is only read by the import."},
	"FLASK_APP":        {"", "FLASK_APP is not needed: one program serves everything."},
	"GUNICORN_WORKERS": {"", "GUNICORN_WORKERS is not needed: one process serves everything."},
	"ADMIN_USERNAME":   {"", "ADMIN_USERNAME, ADMIN_EMAIL and ADMIN_PASSWORD make an administrator on an empty database only; remove them afterwards."},
	"ADMIN_EMAIL":      {"", ""},
	"ADMIN_PASSWORD":   {"", ""},
}

// newNames are the present names of old variables.
var newNames = map[string]string{"FLASK_ENV": "APP_ENV", "GUNICORN_BIND": "BIND"}

// Suggestions are lines for the new .env, in the order of their names. No line shows a secret.
func (o OldEnvironment) Suggestions() []Suggestion {
	known := map[string]Setting{}
	for _, setting := range table {
		known[setting.Name] = setting
	}
	names := make([]string, 0, len(o.values))
	for name := range o.values {
		names = append(names, name)
	}
	sort.Strings(names)
	list := []Suggestion{}
	for _, name := range names {
		if suggestion, ok := o.suggest(name, known); ok {
			list = append(list, suggestion)
		}
	}
	return list
}

func (o OldEnvironment) suggest(name string, known map[string]Setting) (Suggestion, bool) {
	if special, ok := ownWay[name]; ok {
		return special, special != Suggestion{}
	}
	current := name
	if newer, ok := newNames[name]; ok {
		current = newer
	}
	setting, ok := known[current]
	switch {
	case !ok:
		return Suggestion{Note: name + " is not known here."}, true
	case o.values[name] == "":
		return Suggestion{}, false
	case setting.Secret:
		return Suggestion{Note: current + ": copy its line as it is."}, true
	}
	return Suggestion{Line: current + "=" + o.values[name]}, true
}
