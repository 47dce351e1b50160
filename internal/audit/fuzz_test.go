package audit_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// root derives test keys.
type root string

func (r root) Derive(label string) []byte { return secret.DeriveKey(secret.NewText(string(r)), label) }

func keysOf(t testing.TB, name string) audit.Keys {
	t.Helper()
	keys, err := audit.NewKeys(root(name))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// The canonical form is what encoding/json writes, whatever is in the fields.
func TestCanonicalFormIsJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string { return rapid.String().Draw(t, name) }
		entry := audit.Entry{
			Sequence: rapid.Int64().Draw(t, "sequence"), At: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")).UTC(),
			Actor: text("actor"), ActorName: text("name"), Session: text("session"), Address: text("address"),
			UserAgent: text("agent"), Action: audit.Action(text("action")), Target: text("target"), Details: map[string]any{"k": text("detail")},
		}
		got, err := audit.Canonical(entry)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(struct {
			Sequence  int64          `json:"sequence"`
			At        string         `json:"at"`
			Actor     string         `json:"actor"`
			ActorName string         `json:"actor_name"`
			Session   string         `json:"session"`
			Address   string         `json:"address"`
			UserAgent string         `json:"user_agent"`
			Action    audit.Action   `json:"action"`
			Target    string         `json:"target"`
			Details   map[string]any `json:"details"`
		}{
			entry.Sequence, entry.At.Format("2006-01-02T15:04:05.000000Z"), entry.Actor, entry.ActorName, entry.Session,
			entry.Address, entry.UserAgent, entry.Action, entry.Target, entry.Details,
		})
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got  %s\nwant %s, %v", got, want, err)
		}
	})
}

func TestARecordSurvivesItsJSON(t *testing.T) {
	t.Parallel()
	link, err := audit.Chain(key, []byte("before"), audit.Normal(audit.Entry{
		Sequence: 7, At: time.Unix(1700000000, 123456000), Actor: "u", Target: "<é\"\\\n>", Details: map[string]any{"a": []any{1, "<"}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	details, _ := audit.CanonicalDetails(link.Details)
	written := audit.Record{Entry: link.Entry, DetailsText: details, PreviousHash: link.PreviousHash, Hash: link.Hash}
	written.Details = nil
	text, err := json.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	var read audit.Record
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	again, _ := json.Marshal(read)
	if !bytes.Equal(text, again) || !read.At.Equal(written.At) || !bytes.Equal(read.Hash, written.Hash) {
		t.Errorf("%s became %s", text, again)
	}
}

func TestACheckpointOpensForItsInstallationAndKeyOnly(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, "one")
	made, err := keys.SignCheckpoint(audit.Checkpoint{Installation: "here", Size: 42, Hash: []byte("hash"), At: time.Unix(1700000000, 0).UTC()})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := keys.OpenCheckpoint("here", made.Note)
	if err != nil || opened.Size != 42 || string(opened.Hash) != "hash" || !opened.At.Equal(made.At) {
		t.Errorf("%+v, %v", opened, err)
	}
	if _, err := keys.OpenCheckpoint("elsewhere", made.Note); err == nil {
		t.Error("it opens for another installation")
	}
	if _, err := keysOf(t, "two").OpenCheckpoint("here", made.Note); err == nil {
		t.Error("it opens under another key")
	}
	if _, err := keys.OpenReceipt("here", made.Note); err == nil {
		t.Error("it opens as the receipt of an archive")
	}
	if _, err := keys.OpenCheckpoint("here", strings.Replace(made.Note, "42", "43", 1)); err == nil {
		t.Error("it opens with another size")
	}
}

func FuzzParseJournal(f *testing.F) {
	keys := keysOf(f, "one")
	made, err := keys.SignCheckpoint(audit.Checkpoint{Installation: "here", Size: 1, Hash: []byte("hash"), At: time.Unix(1700000000, 0)})
	if err != nil {
		f.Fatal(err)
	}
	whole := audit.FormatJournal(made.Note)
	f.Add([]byte(whole + whole))
	f.Add([]byte(whole[:len(whole)/2]))
	f.Add([]byte("\n\n— x\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, note := range audit.ParseJournal(text).Notes {
			if checkpoint, err := keys.OpenCheckpoint("here", note); err == nil && checkpoint.Size != 1 {
				t.Errorf("a forged checkpoint: %q", note)
			}
		}
		// What follows a torn text is still found.
		found := audit.ParseJournal(append(append(bytes.Clone(text), '\n'), whole...)).Notes
		if len(found) == 0 || found[len(found)-1] != made.Note {
			t.Errorf("the note behind %q is lost", text)
		}
	})
}

func FuzzOpenArchive(f *testing.F) {
	keys := keysOf(f, "one")
	var archive bytes.Buffer
	writer, err := keys.NewArchiveWriter(&archive, audit.Receipt{Installation: "here", First: 1, Last: 1})
	if err != nil {
		f.Fatal(err)
	}
	if err := writer.Write(&audit.Record{Entry: audit.Entry{Sequence: 1}, DetailsText: []byte("{}")}); err != nil {
		f.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(archive.Bytes())
	f.Add([]byte("alpaca-trader audit archive 1\n{}\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		opened, err := keys.OpenArchive("x", bytes.NewReader(content))
		if err != nil {
			return
		}
		var entries []int64
		err = opened.Each(func(r *audit.Record) error {
			entries = append(entries, r.Sequence)
			return nil
		})
		if err == nil && (len(entries) != 1 || entries[0] != 1 || opened.Last != 1) {
			t.Errorf("an archive that was never written opens: %q", content)
		}
	})
}

func FuzzRecordJSON(f *testing.F) {
	f.Add([]byte(`{"sequence":1,"at":"2026-01-02T02:04:05.000006Z","details":{"a":1},"hash":"AAAA"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var record audit.Record
		if json.Unmarshal(text, &record) != nil || len(record.DetailsText) == 0 {
			return
		}
		if _, err := json.Marshal(record); err != nil {
			t.Errorf("%s cannot be written again: %v", text, err)
		}
	})
}

func TestCellsThatLookLikeFormulasAreText(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"": "", "plain": "plain", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\rx": "'\rx", "a=b": "a=b",
		"\nx": "'\nx", " =1": "' =1", "\u00a0\t+1": "'\u00a0\t+1", "＝1": "'＝1", "＠x": "'＠x", " x": " x", " ": " ", "\xff=": "\xff=",
	} {
		if got := audit.Cell(given); got != want {
			t.Errorf("%q became %q", given, got)
		}
	}
	var out bytes.Buffer
	export := audit.NewExport(&out, audit.CSV)
	if err := export.Close(); err != nil || !strings.HasPrefix(out.String(), "sequence,at,") {
		t.Errorf("an export without entries: %q, %v", out.String(), err)
	}
	if err := audit.NewExport(io.Discard, audit.JSONL).Close(); err != nil {
		t.Error(err)
	}
}
