package witness_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/notify"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/witness"
)

// run starts the witness for the rest of the test.
func (b *bench) run() {
	b.witness.Start()
	b.t.Cleanup(func() {
		if err := b.witness.Stop(context.Background()); err != nil {
			b.t.Error(err)
		}
	})
}

func (b *bench) checkpoints() []string {
	b.t.Helper()
	notes, err := b.AuditCheckpoints(context.Background(), 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return notes
}

func TestACheckpointAfterAHundredEntriesAndAfterAMinute(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setup(t, address)
		b.act(1)
		b.run()
		eventually(t, "what was there before is signed at once", func() bool { return len(b.checkpoints()) == 1 })
		for range 3 {
			before := len(b.checkpoints())
			for range 100 {
				if err := b.Append(t.Context(), audit.Entry{Action: audit.Logout}); err != nil { // the clock stands
					t.Fatal(err)
				}
			}
			eventually(t, "a hundred entries are signed", func() bool { return len(b.checkpoints()) > before })
		}
		b.act(1)
		waiting := len(b.checkpoints())
		b.clock.Advance(2 * time.Minute)
		eventually(t, "a single entry is signed after a minute", func() bool { return len(b.checkpoints()) > waiting })
		eventually(t, "the file has them all", func() bool { return b.fileNotes() == len(b.checkpoints()) })
		if info, err := os.Stat(b.file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file's mode is %v, %v", info.Mode(), err)
		}
		b.fine(302)
	})
}

func TestALastCheckpointIsMadeAtTheEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLite)
	b.witness.Start()
	b.act(3)
	if err := b.witness.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if report := b.fine(3); report.Witnessed == nil || report.Witnessed.Size != 3 {
		t.Errorf("witnessed: %+v", report.Witnessed)
	}
	if err := b.witness.Stop(t.Context()); err != nil || len(b.checkpoints()) != b.fileNotes() {
		t.Errorf("stopped again: %v", err)
	}
}

func TestALogThatDoesNotFitRaisesTheAlarmAtStart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setup(t, address)
		b.act(5)
		b.checkpoint()
		b.sql("UPDATE audit_entries SET action = 'logout' WHERE sequence = 4")
		b.run()
		eventually(t, "the alarm is in the log", func() bool { return strings.Contains(b.log.String(), "AUDIT ALARM") })
		eventually(t, "the alarm is an entry", func() bool {
			alarms, err := b.AuditEntries(t.Context(), audit.Filter{Action: audit.AuditAlarm, Limit: 10})
			return err == nil && len(alarms) == 1 && strings.Contains(string(alarms[0].DetailsText), `"entry":4`)
		})
		b.clock.Advance(time.Hour)
		b.act(200)
		if notes := b.checkpoints(); len(notes) != 1 {
			t.Errorf("%d checkpoints of a log that does not fit", len(notes)-1)
		}
		report, err := b.witness.Verify(t.Context())
		if err != nil || report.Problem == nil || report.Problem.Sequence != 4 {
			t.Errorf("%+v, %v", report, err)
		}
	})
}

// What was changed since the last checkpoint is found before the next is signed.
func TestNothingIsSignedThatDoesNotContinueWhatWasSigned(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(*bench){
		"edited":                 func(b *bench) { b.sql("UPDATE audit_entries SET target = 'x' WHERE sequence = 7") },
		"rewritten with the key": func(b *bench) { b.rewrite(b.keys, 4) },
		"cut": func(b *bench) {
			b.sql("DELETE FROM audit_entries WHERE sequence > 3", "UPDATE audit_head SET sequence = 3, hash = (SELECT hash FROM audit_entries WHERE sequence = 3)")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, storetest.SQLite)
			b.act(5)
			b.checkpoint()
			b.act(5)
			harm(b)
			b.checkpoint()
			if len(b.checkpoints()) != 1 || !strings.Contains(b.log.String(), "AUDIT ALARM") {
				t.Errorf("%d checkpoints; log: %s", len(b.checkpoints()), b.log)
			}
		})
	}
}

func TestTheFileSurvivesACrashWithinANote(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLite)
	b.act(5)
	b.checkpoint()
	text, err := os.ReadFile(b.file)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut < len(text)-2; cut += 7 {
		if err := os.WriteFile(b.file, append(append([]byte{}, text...), text[:cut]...), 0o600); err != nil {
			t.Fatal(err)
		}
		b.act(1)
		if err := b.another().Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		report := b.verify()
		if !report.OK() || report.Witnessed == nil || report.Witnessed.Size != report.Entries {
			t.Fatalf("cut after %d bytes: %+v, witnessed %+v", cut, report.Problem, report.Witnessed)
		}
	}
}

func TestAFileThatWasAwayCatchesUp(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLite)
	b.act(5)
	b.checkpoint()
	kept := b.file
	b.file = filepath.Join(t.TempDir(), "missing", "checkpoints")
	b.witness = b.another()
	b.act(5)
	if err := b.witness.Checkpoint(t.Context()); err == nil {
		t.Error("a file in a folder that does not exist was written")
	}
	b.file = kept
	b.witness = b.another()
	b.act(5)
	b.checkpoint()
	if b.fileNotes() != 3 || b.verify().Witnessed.Size != 15 {
		t.Errorf("%d notes in the file, want all 3", b.fileNotes())
	}
}

func TestAnotherInstallationsFileIsFound(t *testing.T) {
	t.Parallel()
	one, other := setup(t, storetest.SQLite), setup(t, storetest.SQLite)
	other.sql("UPDATE installation SET installation_id = 'other'")
	one.act(3)
	one.checkpoint()
	other.act(5)
	other.file = one.file
	other.want(0, audit.Unreadable)
	if err := other.another().Checkpoint(t.Context()); err != nil || !strings.Contains(other.log.String(), "move the checkpoint file away") {
		t.Errorf("%v; log: %s", err, other.log)
	}
}

func TestCheckpointsAreSentUntilTheyArrive(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	got := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		text := make([]byte, 4096)
		n, _ := r.Body.Read(text)
		got <- string(text[:n])
	}))
	defer server.Close()
	b := setup(t, storetest.SQLite, func(c *witness.Config) { c.Post = notify.NewWebhook(server.URL).Post })
	b.act(3)
	b.run()
	select {
	case note := <-got:
		checkpoint, err := b.keys.OpenCheckpoint("", note)
		if err != nil || checkpoint.Size != 3 || asked.Load() < 2 {
			t.Errorf("%+v, %v after %d attempts", checkpoint, err, asked.Load())
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("nothing was sent")
	}
}

// A webhook that never answers keeps neither acts nor checkpoints waiting.
func TestAWebhookThatHangsDelaysNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLite, func(c *witness.Config) {
		c.Post = func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return errors.New("never")
		}
	})
	b.run()
	for range 5 {
		before := b.fileNotes()
		b.act(100)
		eventually(t, "checkpoints go on", func() bool { return b.fileNotes() > before })
	}
}

// A log that grows, is signed and is archived while it is verified is never called bad.
func TestVerifyingALogThatGrowsRaisesNoAlarm(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setup(t, address, func(c *witness.Config) { c.Entries = 1 })
		b.act(1)
		b.run()
		grown := make(chan struct{})
		go func() {
			defer close(grown)
			for n := range 300 {
				b.clock.Advance(time.Second)
				if err := b.Append(context.Background(), audit.Entry{Action: audit.Logout}); err != nil {
					t.Error(err)
				}
				if n%100 == 99 {
					if _, err := b.another().Archive(context.Background(), b.clock.Now().Add(-20*time.Second), filepath.Join(t.TempDir(), "archive")); err != nil {
						t.Error(err)
					}
				}
			}
		}()
		for done := false; !done; {
			select {
			case <-grown:
				done = true
			default:
			}
			if report := b.verify(); !report.OK() {
				t.Fatalf("%+v", *report.Problem)
			}
		}
		if strings.Contains(b.log.String(), "ALARM") {
			t.Error(b.log.String())
		}
	})
}
