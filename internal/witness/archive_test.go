package witness_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/witness"
)

// archive moves the entries that are older than the given number of the newest.
func (b *bench) archive(newest int) (audit.Receipt, string) {
	b.t.Helper()
	name := filepath.Join(b.t.TempDir(), "archive")
	receipt, err := b.another().Archive(b.t.Context(), b.clock.Now().Add(-time.Duration(newest-1)*time.Second), name)
	if err != nil {
		b.t.Fatal(err)
	}
	return receipt, name
}

func archiveFile(t *testing.T, name string, change ...func([]byte) []byte) witness.ArchiveFile {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, apply := range change {
		content = apply(content)
	}
	return witness.ArchiveFile{Name: "archive", From: bytes.NewReader(content)}
}

func TestArchivedEntriesStillVerify(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setup(t, address)
		b.act(10)
		b.checkpoint()
		b.act(10)
		receipt, first := b.archive(6) // the entries 15 to 20 stay
		if receipt.First != 1 || receipt.Last != 14 {
			t.Fatalf("archived %d to %d", receipt.First, receipt.Last)
		}
		if report := b.fine(7); report.Archived != 14 { // 15 to 20 and the entry of the archive
			t.Errorf("archived %d", report.Archived)
		}
		b.act(5)
		receipt, second := b.archive(3)
		if receipt.First != 15 || receipt.Last != 23 {
			t.Fatalf("archived %d to %d", receipt.First, receipt.Last)
		}
		report := b.verify(archiveFile(t, first), archiveFile(t, second))
		if !report.OK() || report.Checked != 23 || report.Archived != 23 {
			t.Errorf("%+v, %+v", report, report.Problem)
		}
		info, err := os.Stat(first)
		content, readErr := os.ReadFile(first)
		if err != nil || readErr != nil || info.Mode().Perm() != 0o600 || bytes.Contains(content, []byte("user:u")) {
			t.Errorf("the archive is readable: %v %v", info, err)
		}
		links, err := b.AuditLinks(t.Context(), 0, 100)
		if err != nil || links[0].Sequence != 24 {
			t.Errorf("entries from %d on are left, %v", links[0].Sequence, err)
		}
	})
}

func TestHarmAroundAnArchiveIsFound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		stories := map[string]struct {
			harm  func(b *bench)
			first int64
			kind  audit.ProblemKind
		}{
			"the receipt removed":       {func(b *bench) { b.sql("DELETE FROM audit_archives") }, 1, audit.Missing},
			"the first entry behind it": {func(b *bench) { b.sql("DELETE FROM audit_entries WHERE sequence = 15") }, 15, audit.Missing},
			"an archived entry comes back": {func(b *bench) {
				b.sql("INSERT INTO audit_entries SELECT 14, at, actor, actor_name, session, address, user_agent, action, target, details, previous_hash, hash FROM audit_entries WHERE sequence = 15")
			}, 14, audit.Added},
			"everything behind it": {func(b *bench) {
				b.sql("DELETE FROM audit_checkpoints", "DELETE FROM audit_entries", "UPDATE audit_head SET sequence = 14, hash = previous_hash FROM (SELECT previous_hash FROM kept) AS k")
			}, 15, audit.Restored},
		}
		for name, story := range stories {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := setup(t, address)
				b.act(20)
				b.archive(6)
				b.sql("CREATE TABLE kept AS SELECT previous_hash FROM audit_entries WHERE sequence = 15")
				story.harm(b)
				b.want(story.first, story.kind)
			})
		}
	})
}

func TestADamagedArchiveIsFound(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLite)
	b.act(600) // several chunks
	_, name := b.archive(6)
	size := len(mustRead(t, name))
	for what, change := range map[string]func([]byte) []byte{
		"a bit":        func(c []byte) []byte { c[size/2] ^= 1; return c },
		"the last bit": func(c []byte) []byte { c[size-1] ^= 1; return c },
		"cut":          func(c []byte) []byte { return c[:size-1] },
		"half":         func(c []byte) []byte { return c[:size/2] },
		"longer":       func(c []byte) []byte { return append(c, 0) },
		"its head":     func(c []byte) []byte { return bytes.Replace(c, []byte(`"last":594`), []byte(`"last":593`), 1) },
	} {
		if report := b.verify(archiveFile(t, name, change)); report.Problem == nil {
			t.Errorf("%s: nothing was found", what)
		}
	}
	for what, content := range map[string]string{"empty": "", "text": "hello\n", "magic": "alpaca-trader audit archive 1\n", "no head": "alpaca-trader audit archive 1\n{\n"} {
		_, err := b.another().VerifyWith(t.Context(), witness.ArchiveFile{Name: "x", From: strings.NewReader(content)})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestArchivingRefusesRatherThanLoses(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLite)
	b.act(10)
	exists := filepath.Join(t.TempDir(), "exists")
	if err := os.WriteFile(exists, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		before time.Time
		file   string
		kind   fault.Kind
	}{
		"a file that exists":     {b.clock.Now(), exists, fault.Conflict},
		"a folder that does not": {b.clock.Now(), filepath.Join(exists, "x"), fault.Unavailable},
		"a time without entries": {start, filepath.Join(t.TempDir(), "x"), fault.NotFound},
	} {
		if _, err := b.another().Archive(t.Context(), c.before, c.file); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if string(mustRead(t, exists)) != "mine" {
		t.Error("a file was overwritten")
	}
	b.fine(10)
	b.sql("UPDATE audit_entries SET target = 'x' WHERE sequence = 2")
	name := filepath.Join(t.TempDir(), "harmed")
	if _, err := b.another().Archive(t.Context(), b.clock.Now(), name); !fault.Is(err, fault.Conflict) {
		t.Errorf("a log that does not fit: %v", err)
	}
	if _, err := os.Stat(name); err == nil {
		t.Error("a file was made of a log that does not fit")
	}
}
