package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

type madeBackup struct {
	Name  string `json:"name"`
	Rows  int    `json:"rows"`
	Bytes int    `json:"bytes"`
}

func TestABackupComesBackOnAnEmptyMachine(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		key := secret.GenerateKey()
		v := newVault(t, key, 30)
		here := v.with(key.Reveal(), "", "BACKUP_TO=safe")
		made := parsed[madeBackup](t, here, "backup", "create")
		list := parsed[[]madeBackup](t, here, "backup", "list")
		if len(list) != 1 || list[0].Name != made.Name || list[0].Bytes != made.Bytes {
			t.Fatalf("made %+v, listed %+v", made, list)
		}
		here.run(t, "users", "create", "--username", "later", "--email", "later@example.org", "--link")

		machine := newShell(t, "SECRET_KEY="+key.Reveal(), "ENCRYPTION_KEY="+key.Reveal(), "DATABASE_URL="+address(t).Reveal())
		file := filepath.Join(v.folder, "safe", made.Name)
		machine.run(t, "backup", "verify", file)
		restored := parsed[struct {
			Rows    int      `json:"rows"`
			Entries int      `json:"audit_entries"`
			Notes   []string `json:"notes"`
		}](t, machine, "backup", "restore", file)
		if restored.Rows != made.Rows || restored.Entries < 33 || len(restored.Notes) != 0 {
			t.Errorf("restored %+v of %+v", restored, made)
		}
		machine.run(t, "audit", "verify")
		if state := parsed[databaseState](t, machine, "db", "status"); state.Users != 30 {
			t.Errorf("%+v", state)
		}
		if said := machine.refuse(t, "backup", "restore", file); !strings.Contains(said, "is not empty") {
			t.Errorf("a second time: %s", said)
		}
		visit(t, machine.serve(t, "dashboard-secure", "--port", "0")).must("GET", "/health", nil, nil)
	})
}

func TestABadBackupIsOneSentenceAndChangesNothing(t *testing.T) {
	t.Parallel()
	key := secret.GenerateKey()
	v := newVault(t, key, 5)
	made := parsed[madeBackup](t, v.with(key.Reveal(), "", "BACKUP_TO=safe"), "backup", "create")
	content, err := os.ReadFile(filepath.Join(v.folder, "safe", made.Name))
	if err != nil {
		t.Fatal(err)
	}
	v.write(t, "cut", string(content[:len(content)-20]))
	v.write(t, "foreign", "SQLite format 3\x00 and so on")
	v.write(t, "whole", string(content))
	for _, test := range []struct{ file, key, says string }{
		{"./cut", key.Reveal(), "damaged or cut off"},
		{"./foreign", key.Reveal(), "not a backup of alpaca-trader"},
		{"./whole", secret.GenerateKey().Reveal(), "another ENCRYPTION_KEY"},
		{"missing", key.Reveal(), "There is no backup"},
	} {
		fresh := filepath.Join(v.folder, "fresh-"+filepath.Base(test.file)+".db")
		sh := v.with(test.key, "").at("sqlite:///" + fresh)
		said := sh.refuse(t, "backup", "restore", test.file)
		if !strings.Contains(said, test.says) || strings.Count(said, "alpaca-trader:") != 1 {
			t.Errorf("%s: %s", test.file, said)
		}
		if _, err := os.Stat(fresh); err == nil {
			t.Errorf("%s left a database", test.file)
		}
		if said := sh.refuse(t, "backup", "verify", test.file); !strings.Contains(said, test.says) {
			t.Errorf("verify %s: %s", test.file, said)
		}
	}
}

func TestAServerMakesBackupsByItself(t *testing.T) {
	t.Parallel()
	key := secret.GenerateKey()
	v := newVault(t, key, 3)
	sh := v.with(key.Reveal(), "", "BACKUP_TO=safe", "BACKUP_EVERY=24h")
	server := visit(t, sh.serve(t, "dashboard-secure", "--port", "0", "--no-scheduler"))
	var list []madeBackup
	server.until("a backup is there", func() bool {
		list = parsed[[]madeBackup](t, sh, "backup", "list")
		return len(list) > 0
	})
	sh.run(t, "backup", "verify", list[0].Name)
	if gone := parsed[[]madeBackup](t, sh, "backup", "prune"); len(gone) != 0 {
		t.Errorf("pruned %v", gone)
	}
}
