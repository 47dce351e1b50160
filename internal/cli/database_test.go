package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// refuse runs a program that must fail and returns what it says on standard error.
func (s *shell) refuse(t *testing.T, arguments ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := s.command(ctx, arguments...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	if err := command.Run(); err == nil {
		t.Fatalf("alpaca-trader %s succeeded", strings.Join(arguments, " "))
	}
	return stderr.String()
}

// parsed runs a program with --json and reads what it prints.
func parsed[T any](t *testing.T, s *shell, arguments ...string) (value T) {
	t.Helper()
	text := s.run(t, append(arguments, "--json")...)
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%s printed %q", strings.Join(arguments, " "), text)
	}
	return value
}

// at returns the shell with another database.
func (s *shell) at(databaseURL string) *shell {
	return &shell{program: s.program, folder: s.folder, environ: append(append([]string{}, s.environ...), "DATABASE_URL="+databaseURL)}
}

type databaseState struct {
	Kind         string `json:"kind"`
	Exists       bool   `json:"exists"`
	Schema       int    `json:"schema"`
	SchemaWanted int    `json:"schema_wanted"`
	Installation string `json:"installation"`
	Users        int    `json:"users"`
}

func TestTheDatabaseIsMadeShownAndReset(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		key := secret.GenerateKey()
		sh := newShell(t, "DATABASE_URL="+address(t).Reveal(), "ENCRYPTION_KEY="+key.Reveal(), "SECRET_KEY="+key.Reveal())
		before := parsed[databaseState](t, sh, "db", "status")
		if before.Schema != 0 || before.Installation != "" {
			t.Errorf("before: %+v", before)
		}
		made := parsed[databaseState](t, sh, "db", "init")
		again := parsed[databaseState](t, sh, "db", "migrate")
		if made.Installation == "" || made.Schema != made.SchemaWanted || made != again {
			t.Errorf("made %+v, then %+v", made, again)
		}
		sh.run(t, "users", "create", "--username", "anna", "--email", "anna@example.org", "--link")
		name := "test.db"
		if made.Kind == "PostgreSQL" {
			name = "postgres"
		}
		if said := sh.refuse(t, "db", "reset"); !strings.Contains(said, "--confirm "+name) {
			t.Errorf("without an answer: %s", said)
		}
		if said := sh.refuse(t, "db", "reset", "--confirm", "other"); !strings.Contains(said, "Nothing was changed") {
			t.Errorf("with another name: %s", said)
		}
		if state := parsed[databaseState](t, sh, "db", "status"); state.Users != 1 || state.Installation != made.Installation {
			t.Errorf("after two refusals: %+v", state)
		}
		if reset := parsed[databaseState](t, sh, "db", "reset", "--confirm", name); reset.Users != 0 || reset.Installation == made.Installation || reset.Schema != made.Schema {
			t.Errorf("after the reset: %+v", reset)
		}
	})
}

func TestStatusMakesNoFile(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	if state := parsed[databaseState](t, sh, "db", "status"); state.Exists {
		t.Errorf("%+v", state)
	}
	if entries, err := os.ReadDir(sh.folder); err != nil || len(entries) != 0 {
		t.Errorf("status left %v: %v", entries, err)
	}
}

func TestTheDatabaseMovesAndServesOn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		key := secret.GenerateKey()
		v := newVault(t, key, 25)
		target := address(t).Reveal()
		here := v.with(key.Reveal(), "")
		report := parsed[struct {
			Rows    int `json:"rows"`
			Entries int `json:"audit_entries"`
		}](t, here, "db", "copy", "--to", target)
		if report.Entries < 28 || report.Rows < 100 {
			t.Errorf("copied %+v", report)
		}
		there := here.at(target)
		if state := parsed[databaseState](t, there, "db", "status"); state.Users != 25 {
			t.Errorf("the copy: %+v", state)
		}
		there.run(t, "audit", "verify")
		back := filepath.Join(v.folder, "back.db")
		there.run(t, "db", "copy", "--to", "sqlite:///"+back)
		v.file = back
		v.check(t, key)
		if said := here.refuse(t, "db", "copy", "--to", target); !strings.Contains(said, "not empty") {
			t.Errorf("onto a full one: %s", said)
		}
		fresh := filepath.Join(v.folder, "fresh.db")
		if said := v.with(secret.GenerateKey().Reveal(), "").refuse(t, "db", "copy", "--to", "sqlite:///"+fresh); !strings.Contains(said, "does not fit") {
			t.Errorf("with another key: %s", said)
		}
		if _, err := os.Stat(fresh); err == nil {
			t.Error("a refused copy left a file")
		}
	})
}
