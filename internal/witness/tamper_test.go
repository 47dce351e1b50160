package witness_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// Each story begins with 30 entries, a checkpoint after 10 and one after 20, both also in the file.
func TestEveryHarmIsFoundAndTheFirstBadEntryNamed(t *testing.T) {
	t.Parallel()
	stories := map[string]struct {
		harm  func(b *bench)
		first int64
		kinds []audit.ProblemKind
	}{
		"an entry edited":         {func(b *bench) { b.sql("UPDATE audit_entries SET target = 'user:x' WHERE sequence = 7") }, 7, []audit.ProblemKind{audit.Changed}},
		"its time edited":         {func(b *bench) { b.sql("UPDATE audit_entries SET at = at + 1 WHERE sequence = 7") }, 7, []audit.ProblemKind{audit.Changed}},
		"its details edited":      {func(b *bench) { b.sql(`UPDATE audit_entries SET details = '{"n":2}' WHERE sequence = 25`) }, 25, []audit.ProblemKind{audit.Changed}},
		"white space in details":  {func(b *bench) { b.sql(`UPDATE audit_entries SET details = '{"n": 1}' WHERE sequence = 25`) }, 25, []audit.ProblemKind{audit.Changed}},
		"an entry deleted":        {func(b *bench) { b.sql("DELETE FROM audit_entries WHERE sequence = 7") }, 7, []audit.ProblemKind{audit.Missing}},
		"the first entry deleted": {func(b *bench) { b.sql("DELETE FROM audit_entries WHERE sequence = 1") }, 1, []audit.ProblemKind{audit.Missing}},
		"deleted and closed up": {func(b *bench) {
			b.sql("DELETE FROM audit_entries WHERE sequence = 7", "UPDATE audit_entries SET sequence = -sequence WHERE sequence > 7",
				"UPDATE audit_entries SET sequence = -sequence - 1 WHERE sequence < 0", "UPDATE audit_head SET sequence = 29")
		}, 7, []audit.ProblemKind{audit.Reordered}},
		"two entries exchanged": {func(b *bench) {
			b.sql("UPDATE audit_entries SET sequence = 1007 WHERE sequence = 7", "UPDATE audit_entries SET sequence = 7 WHERE sequence = 8",
				"UPDATE audit_entries SET sequence = 8 WHERE sequence = 1007")
		}, 7, []audit.ProblemKind{audit.Reordered}},
		"an entry copied to the end": {func(b *bench) {
			b.sql("INSERT INTO audit_entries SELECT 31, at, actor, actor_name, session, address, user_agent, action, target, details, previous_hash, hash FROM audit_entries WHERE sequence = 30")
		}, 31, []audit.ProblemKind{audit.Added}},
		"and the head moved": {func(b *bench) {
			b.sql("INSERT INTO audit_entries SELECT 31, at, actor, actor_name, session, address, user_agent, action, target, details, previous_hash, hash FROM audit_entries WHERE sequence = 30",
				"UPDATE audit_head SET sequence = 31")
		}, 31, []audit.ProblemKind{audit.Reordered}},
		"rewritten without the key": {func(b *bench) { b.rewrite(keysOf(b.t, 1), 5) }, 5, []audit.ProblemKind{audit.Changed}},
		"all of it without the key": {func(b *bench) { b.rewrite(keysOf(b.t, 1), 1) }, 1, []audit.ProblemKind{audit.Changed}},
		"rewritten with the key": {func(b *bench) {
			b.rewrite(b.keys, 15)
			b.sql("DELETE FROM audit_checkpoints")
		}, 11, []audit.ProblemKind{audit.Rewritten}},
		"and checkpoints signed anew": {func(b *bench) {
			b.rewrite(b.keys, 15)
			b.sql("DELETE FROM audit_checkpoints WHERE size > 10")
			b.resign()
		}, 11, []audit.ProblemKind{audit.Rewritten}},
		"the tail cut off": {func(b *bench) { b.sql("DELETE FROM audit_entries WHERE sequence > 18") }, 19, []audit.ProblemKind{audit.CutOff}},
		"and the head moved back": {func(b *bench) {
			b.sql("DELETE FROM audit_entries WHERE sequence > 18", "UPDATE audit_head SET sequence = 18, hash = (SELECT hash FROM audit_entries WHERE sequence = 18)")
		}, 19, []audit.ProblemKind{audit.CutOff}},
		"and the checkpoint removed": {func(b *bench) {
			b.sql("DELETE FROM audit_entries WHERE sequence > 18", "UPDATE audit_head SET sequence = 18, hash = (SELECT hash FROM audit_entries WHERE sequence = 18)",
				"DELETE FROM audit_checkpoints WHERE size > 18")
		}, 19, []audit.ProblemKind{audit.Restored}},
		"everything removed": {func(b *bench) {
			b.sql("DELETE FROM audit_entries", "DELETE FROM audit_checkpoints", "UPDATE audit_head SET sequence = 0, hash = "+b.bytes(nil))
		}, 1, []audit.ProblemKind{audit.Restored}},
		"the head's hash":          {func(b *bench) { b.sql("UPDATE audit_head SET hash = " + b.bytes([]byte("x"))) }, 30, []audit.ProblemKind{audit.Changed}},
		"the head removed":         {func(b *bench) { b.sql("DELETE FROM audit_head") }, 0, []audit.ProblemKind{audit.Illegible}},
		"a checkpoint in database": {func(b *bench) { b.sql("UPDATE audit_checkpoints SET note = 'forged' WHERE size = 10") }, 0, []audit.ProblemKind{audit.Unreadable}},
		"a checkpoint in the file": {func(b *bench) { b.inFile("\n20\n", "\n25\n") }, 0, []audit.ProblemKind{audit.Unreadable}},
		"a receipt that is forged": {func(b *bench) {
			b.sql("INSERT INTO audit_archives (last_sequence, at, note) VALUES (5, 0, 'forged')", "DELETE FROM audit_entries WHERE sequence <= 5")
		}, 1, []audit.ProblemKind{audit.Missing}},
	}
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		for name, story := range stories {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := setup(t, address)
				b.act(10)
				b.checkpoint()
				b.act(10)
				b.checkpoint()
				b.act(10)
				if report := b.fine(30); report.Checkpoint == nil || report.Checkpoint.Size != 20 || report.Witnessed == nil || report.Witnessed.Size != 20 {
					t.Fatalf("checkpoints %+v %+v", report.Checkpoint, report.Witnessed)
				}
				story.harm(b)
				b.want(story.first, story.kinds...)
			})
		}
	})
}

// SQLite keeps values of any type in any column: none of them keeps the alarm away.
func TestValuesOfWrongTypesAreChanges(t *testing.T) {
	t.Parallel()
	for _, change := range []string{"at = 'yesterday'", "at = 1.5", "at = x'00'", "target = x'ff'", "details = 7", "details = x''", "hash = 'text'", "hash = 1", "previous_hash = 0"} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			b := setup(t, storetest.SQLite)
			b.act(10)
			b.sql("UPDATE audit_entries SET " + change + " WHERE sequence = 7")
			b.want(7, audit.Changed, audit.Reordered)
		})
	}
	for _, change := range []string{
		"INSERT INTO audit_entries SELECT 'x', at, actor, actor_name, session, address, user_agent, action, target, details, previous_hash, hash FROM audit_entries WHERE sequence = 3",
		"UPDATE audit_head SET sequence = 'x'", "UPDATE audit_head SET sequence = 10.5",
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			b := setup(t, storetest.SQLite)
			b.act(10)
			b.sql(change)
			b.want(0, audit.Illegible)
		})
	}
}

// resign makes checkpoints of what is there now, in the database alone.
func (b *bench) resign() {
	b.t.Helper()
	links, err := b.AuditLinks(context.Background(), 0, 20)
	if err != nil {
		b.t.Fatal(err)
	}
	forged, err := b.keys.SignCheckpoint(audit.Checkpoint{Size: 20, Hash: links[19].Hash, At: start})
	if err == nil {
		err = b.AddAuditCheckpoint(context.Background(), forged)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) inFile(from, to string) {
	b.t.Helper()
	text, err := os.ReadFile(b.file)
	if err != nil {
		b.t.Fatal(err)
	}
	changed := strings.Replace(string(text), from, to, 1)
	if changed == string(text) {
		b.t.Fatalf("the file does not hold %q", from)
	}
	if err := os.WriteFile(b.file, []byte(changed), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// A backup is put back, and acts go on beyond the point where it was made.
func TestARestoredDatabaseIsFoundAlsoAfterFurtherActs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setup(t, address)
		b.act(10)
		b.checkpoint()
		b.sql("CREATE TABLE kept_entries AS SELECT * FROM audit_entries", "CREATE TABLE kept_head AS SELECT * FROM audit_head",
			"CREATE TABLE kept_checkpoints AS SELECT * FROM audit_checkpoints")
		b.act(10)
		b.checkpoint()
		b.fine(20)
		b.sql("DELETE FROM audit_entries", "DELETE FROM audit_head", "DELETE FROM audit_checkpoints",
			"INSERT INTO audit_entries SELECT * FROM kept_entries", "INSERT INTO audit_head SELECT * FROM kept_head",
			"INSERT INTO audit_checkpoints SELECT * FROM kept_checkpoints")
		b.want(11, audit.Restored)
		b.act(15) // beyond the checkpoint of 20 that only the file remembers
		b.want(11, audit.Rewritten)
	})
}
