package backup

import (
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// watch checks rows as they pass by: that the keys are the installation's, and that the audit log
// is as it was written. Its tables come in the order of store.TableNames.
type watch struct {
	keyring  *secret.Keyring
	keys     audit.Keys
	head     audit.Head
	follower *audit.Follower
	entries  int64
	archived audit.Receipt
	problem  *audit.Problem
}

// rowOf reads a row by the names of its columns.
type rowOf struct {
	places map[string]int
	values []any
}

func (r rowOf) text(name string) string {
	text, _ := r.value(name).(string)
	return text
}

func (r rowOf) bytes(name string) []byte {
	bytes, _ := r.value(name).([]byte)
	return bytes
}

func (r rowOf) number(name string) int64 {
	number, _ := r.value(name).(int64)
	return number
}

func (r rowOf) value(name string) any {
	if place, ok := r.places[name]; ok {
		return r.values[place]
	}
	return nil
}

// of returns what looks at a table's rows.
func (w *watch) of(table string, columns []string) func([]any) error {
	look, ok := map[string]func(rowOf) error{
		"installation": w.installation, "installation_keys": w.key, "audit_head": w.auditHead,
		"audit_entries": w.entry, "audit_archives": w.archive,
	}[table]
	if !ok {
		return func([]any) error { return nil }
	}
	places := make(map[string]int, len(columns))
	for i, column := range columns {
		places[column] = i
	}
	return func(values []any) error { return look(rowOf{places, values}) }
}

func (w *watch) installation(r rowOf) error {
	w.head.Installation = r.text("installation_id")
	return w.keyring.CheckCanary(r.bytes("canary"))
}

func (w *watch) key(r rowOf) (err error) {
	if r.text("name") != "installation" {
		return nil
	}
	if err := w.keyring.UseInstallationKey(r.bytes("wrapped")); err != nil {
		return err
	}
	if w.keys, err = audit.NewKeys(w.keyring); err == nil {
		w.follower = w.keys.Follow()
	}
	return err
}

func (w *watch) auditHead(r rowOf) error {
	w.head.Sequence, w.head.Hash = r.number("sequence"), r.bytes("hash")
	return nil
}

func (w *watch) entry(r rowOf) error {
	w.entries++
	if w.problem != nil || w.follower == nil {
		return nil
	}
	w.problem = w.follower.Check(&audit.Record{
		Entry: audit.Entry{
			Sequence: r.number("sequence"), At: time.UnixMicro(r.number("at")).UTC(),
			Actor: r.text("actor"), ActorName: r.text("actor_name"), Session: r.text("session"),
			Address: r.text("address"), UserAgent: r.text("user_agent"), Action: audit.Action(r.text("action")), Target: r.text("target"),
		},
		DetailsText: []byte(r.text("details")), PreviousHash: r.bytes("previous_hash"), Hash: r.bytes("hash"),
	})
	return nil
}

func (w *watch) archive(r rowOf) error {
	receipt, err := w.keys.OpenReceipt(w.head.Installation, r.text("note"))
	if err != nil {
		return nil // the whole verification of the restored log names it
	}
	if receipt.Last > w.archived.Last {
		w.archived = receipt
	}
	return nil
}

// ends returns what is wrong with the audit log as a whole.
func (w *watch) ends() (*audit.Problem, error) {
	if w.follower == nil {
		return nil, errDamaged
	}
	if w.problem != nil {
		return w.problem, nil
	}
	return w.follower.Ends(w.head, w.archived.Last, w.archived.LastHash), nil
}
