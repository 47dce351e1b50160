package cli_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// bucketStore is a store that speaks S3 and has one bucket, "safe". It knows one key id, and can
// break connections in the middle of what is sent.
type bucketStore struct {
	*httptest.Server
	breaks atomic.Bool
	broken atomic.Int64
}

func newBucketStore(t *testing.T) *bucketStore {
	t.Helper()
	memory := s3mem.New()
	if err := memory.CreateBucket("safe"); err != nil {
		t.Fatal(err)
	}
	inner, b := gofakes3.New(memory).Server(), &bucketStore{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=PKSTORE/") {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`<?xml version="1.0"?><Error><Code>InvalidAccessKeyId</Code><Message>no</Message></Error>`))
			return
		}
		if b.breaks.Load() && r.Method == http.MethodPut {
			b.broken.Add(1)
			_, _ = r.Body.Read(make([]byte, 100))
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(b.Close)
	return b
}

// TestBackupsInABucket: made, listed, checked, let go and restored on another machine, by the
// command line, in a store that speaks S3.
func TestBackupsInABucket(t *testing.T) {
	t.Parallel()
	key, there := secret.GenerateKey(), newBucketStore(t)
	settings := []string{"BACKUP_S3_ENDPOINT=" + there.URL, "BACKUP_S3_KEY_ID=PKSTORE", "BACKUP_S3_SECRET=hush", "BACKUP_KEEP=1 daily"}
	here := newVault(t, key, 12).with(key.Reveal(), "", settings...)
	const place = "s3://safe/trader/main"
	older := parsed[madeBackup](t, here, "backup", "create", "--to", place)
	made := parsed[madeBackup](t, here, "backup", "create", "--to", place)
	if list := parsed[[]madeBackup](t, here, "backup", "list", "--to", place); len(list) != 2 || list[0].Bytes == 0 {
		t.Errorf("listed %+v", list)
	}
	here.run(t, "backup", "verify", made.Name, "--to", place)
	if gone := parsed[[]madeBackup](t, here, "backup", "prune", "--to", place); len(gone) != 1 {
		t.Errorf("pruned %+v", gone)
	}
	left := parsed[[]madeBackup](t, here, "backup", "list", "--to", place)
	if len(left) != 1 {
		t.Fatalf("of %s and %s there are left %+v", older.Name, made.Name, left)
	}
	machine := newShell(t, append(settings, "SECRET_KEY="+key.Reveal(), "ENCRYPTION_KEY="+key.Reveal(), "DATABASE_URL=sqlite:///new.db")...)
	machine.run(t, "backup", "restore", left[0].Name, "--to", place)
	machine.run(t, "audit", "verify")
	if state := parsed[databaseState](t, machine, "db", "status"); state.Users != 12 {
		t.Errorf("%+v", state)
	}
}

// TestABucketThatCannotBeUsed: one sentence, no half backup, and the older ones as they were.
func TestABucketThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	key, there := secret.GenerateKey(), newBucketStore(t)
	v := newVault(t, key, 12)
	with := func(more ...string) *shell {
		return v.with(key.Reveal(), "", append([]string{"BACKUP_S3_ENDPOINT=" + there.URL, "BACKUP_S3_KEY_ID=PKSTORE", "BACKUP_S3_SECRET=hush", "BACKUP_TO=s3://safe/a"}, more...)...)
	}
	made := parsed[madeBackup](t, with(), "backup", "create")
	refused := func(sh *shell, says string, arguments ...string) {
		t.Helper()
		if said := sh.refuse(t, arguments...); !strings.Contains(said, says) || strings.Count(said, "alpaca-trader:") != 1 {
			t.Errorf("%v: %s", arguments, said)
		}
	}
	for _, arguments := range [][]string{{"backup", "create"}, {"backup", "list"}, {"backup", "verify", made.Name}, {"backup", "prune"}} {
		refused(with("BACKUP_S3_KEY_ID=PKANOTHER"), "refuses BACKUP_S3_KEY_ID", arguments...)
		refused(with("BACKUP_TO=s3://missing"), "has no bucket missing", arguments...)
		refused(with("BACKUP_S3_ENDPOINT=http://127.0.0.1:1"), "does not answer", arguments...)
	}
	fresh := filepath.Join(v.folder, "fresh.db")
	refused(with("BACKUP_S3_KEY_ID=PKANOTHER").at("sqlite:///"+fresh), "refuses BACKUP_S3_KEY_ID", "backup", "restore", made.Name)
	refused(with().at("sqlite:///"+fresh), "There is no such backup", "backup", "restore", "alpaca-trader-nothing")
	if _, err := os.Stat(fresh); err == nil {
		t.Error("a restore that was refused left a database")
	}
	there.breaks.Store(true)
	refused(with(), "The older backups are as they were", "backup", "create")
	if there.broken.Load() == 0 {
		t.Error("no upload was interrupted")
	}
	there.breaks.Store(false)
	if list := parsed[[]madeBackup](t, with(), "backup", "list"); len(list) != 1 || list[0].Name != made.Name {
		t.Errorf("afterwards there are %+v", list)
	}
}
