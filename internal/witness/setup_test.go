package witness_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/witness"
)

// root derives the test key of the chain, and others that differ by label.
type root byte

func (r root) Derive(label string) []byte {
	if label == secret.AuditLabel {
		return bytes.Repeat([]byte{byte(r)}, 32)
	}
	return secret.DeriveKey(secret.NewText(string(rune(r))), label)
}

func keysOf(t testing.TB, r root) audit.Keys {
	t.Helper()
	keys, err := audit.NewKeys(r)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// log collects what was logged.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// bench is one database with its witness and a checkpoint file.
type bench struct {
	*store.Store
	t       testing.TB
	url     secret.Text
	keys    audit.Keys
	clock   *clock.Held
	log     *log
	file    string
	witness *witness.Witness
}

var start = time.Date(2026, 3, 2, 14, 30, 0, 0, time.UTC)

func setup(t testing.TB, address storetest.Address, change ...func(*witness.Config)) *bench {
	t.Helper()
	b := &bench{t: t, url: address(t), clock: clock.NewHeld(start), log: &log{}, keys: keysOf(t, 0xa5)}
	b.file = filepath.Join(t.TempDir(), "checkpoints")
	b.Store = storetest.Open(t, b.url, store.Options{Clock: b.clock, AuditKey: b.keys.Chain()})
	b.witness = b.another(change...)
	return b
}

// another is a second witness of the same log.
func (b *bench) another(change ...func(*witness.Config)) *witness.Witness {
	config := witness.Config{
		Store: b.Store, Keys: b.keys, Clock: b.clock, Log: slog.New(slog.NewTextHandler(b.log, nil)), File: b.file,
		Growth: b.AuditGrowth(), Look: 5 * time.Millisecond,
	}
	for _, apply := range change {
		apply(&config)
	}
	return witness.New(config)
}

// act appends that many entries, a second apart.
func (b *bench) act(count int) {
	b.t.Helper()
	for range count {
		b.clock.Advance(time.Second)
		entry := audit.Entry{Action: audit.Login, Actor: "u", ActorName: "ann", Target: "user:u", Details: map[string]any{"n": 1}}
		if err := b.Append(context.Background(), entry); err != nil {
			b.t.Fatal(err)
		}
	}
}

// checkpoint makes one now.
func (b *bench) checkpoint() {
	b.t.Helper()
	if err := b.witness.Checkpoint(context.Background()); err != nil {
		b.t.Fatal(err)
	}
}

// sql does something to the database behind the program's back.
func (b *bench) sql(statements ...string) {
	b.t.Helper()
	for _, statement := range statements {
		if _, err := b.Writer().ExecContext(context.Background(), statement); err != nil {
			b.t.Fatalf("%s: %v", statement, err)
		}
	}
}

func (b *bench) verify(files ...witness.ArchiveFile) audit.Report {
	b.t.Helper()
	report, err := b.another().VerifyWith(context.Background(), files...)
	if err != nil {
		b.t.Fatal(err)
	}
	return report
}

// want checks that the first bad entry is the one, and what is said to have been done.
func (b *bench) want(sequence int64, kinds ...audit.ProblemKind) {
	b.t.Helper()
	found := b.verify().Problem
	if found == nil {
		b.t.Fatalf("nothing was found, want entry %d %v", sequence, kinds)
	}
	for _, kind := range kinds {
		if found.Kind == kind && found.Sequence == sequence {
			return
		}
	}
	b.t.Fatalf("found %+v, want entry %d %v", *found, sequence, kinds)
}

// fine checks that the log verifies with that many entries.
func (b *bench) fine(entries int64) audit.Report {
	b.t.Helper()
	report := b.verify()
	if !report.OK() || report.Entries != entries {
		b.t.Fatalf("%d entries, problem %+v, want %d and none", report.Entries, report.Problem, entries)
	}
	return report
}

// fileNotes counts the notes in the checkpoint file.
func (b *bench) fileNotes() int {
	b.t.Helper()
	text, err := os.ReadFile(b.file)
	if err != nil && !os.IsNotExist(err) {
		b.t.Fatal(err)
	}
	return strings.Count(string(text), "— alpaca-trader.audit ")
}

// rewrite writes the log anew from the entry on, as somebody with the key would.
func (b *bench) rewrite(keys audit.Keys, from int64) {
	b.t.Helper()
	links, err := b.AuditLinks(context.Background(), 0, 10000)
	if err != nil {
		b.t.Fatal(err)
	}
	previous := links[from-1].PreviousHash
	for _, link := range links[from-1:] {
		link.Target = "user:forged"
		forged, err := audit.Chain(keys.Chain(), previous, link.Entry)
		if err != nil {
			b.t.Fatal(err)
		}
		b.sql("UPDATE audit_entries SET target = 'user:forged', previous_hash = " + b.bytes(forged.PreviousHash) + ", hash = " + b.bytes(forged.Hash) +
			" WHERE sequence = " + strconv.FormatInt(link.Sequence, 10))
		previous = forged.Hash
	}
	b.sql("UPDATE audit_head SET hash = " + b.bytes(previous))
}

// bytes is the SQL literal.
func (b *bench) bytes(value []byte) string {
	const digits = "0123456789abcdef"
	text := make([]byte, 0, 2*len(value))
	for _, c := range value {
		text = append(text, digits[c>>4], digits[c&15])
	}
	if b.Pool() != nil {
		return `'\x` + string(text) + "'"
	}
	return "x'" + string(text) + "'"
}

// eventually polls until the condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("it did not happen within 20 s: %s", what)
		case <-ticker.C:
		}
	}
}
