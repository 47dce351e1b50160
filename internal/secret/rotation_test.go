package secret_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

func ringOf(t *testing.T, keys ...secret.Text) *secret.Keyring {
	t.Helper()
	ring, err := secret.NewKeyring(keys[0], keys[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestOneKeyWritesAndAllOpen(t *testing.T) {
	t.Parallel()
	older, newer := secret.GenerateKey(), secret.GenerateKey()
	before, both, after := ringOf(t, older), ringOf(t, newer, older), ringOf(t, newer)
	wrapped := before.NewDataKey(user)
	dataKey, err := both.Unwrap(user, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	sealed := dataKey.Seal(place, secret.NewText("PKSECRET"))
	moved, err := both.Rewrap(user, wrapped)
	if err != nil || !bytes.HasPrefix(moved, both.Stamp()) || bytes.HasPrefix(wrapped, both.Stamp()) {
		t.Fatalf("moved %x under %x: %v", moved, both.Stamp(), err)
	}
	same, err := after.Unwrap(user, moved)
	if err != nil {
		t.Fatal(err)
	}
	if value, err := same.Open(place, sealed); err != nil || value.Reveal() != "PKSECRET" {
		t.Errorf("after the rotation: %v", err)
	}
	if _, err := after.Unwrap(user, wrapped); err == nil {
		t.Error("the old wrapping opens without the old key")
	}
	if _, err := both.Rewrap("somebody else", wrapped); err == nil {
		t.Error("a key moved to another user was wrapped anew")
	}
	if _, err := both.Unwrap(user, both.NewCanary()); err == nil {
		t.Error("a canary opened as a data key")
	}
	if got := both.Stamps(); len(got) != 2 || !bytes.Equal(got[0], after.Stamp()) || !bytes.Equal(got[1], before.Stamp()) {
		t.Errorf("stamps %x", got)
	}
	if again := ringOf(t, newer, newer, older, newer); len(again.Stamps()) != 2 {
		t.Error("a key that was given twice counts twice")
	}
}

func TestWhatWasDerivedStaysAfterARotation(t *testing.T) {
	t.Parallel()
	older, newer := secret.GenerateKey(), secret.GenerateKey()
	before, both, after := ringOf(t, older), ringOf(t, newer, older), ringOf(t, newer)
	wrapped := before.NewInstallationKey()
	use := func(ring *secret.Keyring, wrapped []byte) []byte {
		t.Helper()
		if err := ring.UseInstallationKey(wrapped); err != nil {
			t.Fatal(err)
		}
		return ring.Derive(secret.AuditLabel)
	}
	key := use(before, wrapped)
	if bytes.Equal(key, ringOf(t, older).Derive(secret.AuditLabel)) {
		t.Error("the installation's key is the ENCRYPTION_KEY")
	}
	moved, err := both.RewrapInstallationKey(wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(key, use(both, wrapped)) || !bytes.Equal(key, use(after, moved)) {
		t.Error("the audit key changed")
	}
	if err := ringOf(t, secret.GenerateKey()).UseInstallationKey(moved); !fault.Is(err, fault.Invalid) {
		t.Errorf("another key: %v", err)
	}
}

// A database of the version before had no key of its own: its audit chain is under a key derived
// from the ENCRYPTION_KEY.
func TestADatabaseOfTheVersionBeforeKeepsItsAuditKey(t *testing.T) {
	t.Parallel()
	older, newer := secret.GenerateKey(), secret.GenerateKey()
	before := ringOf(t, older)
	want := before.Derive(secret.AuditLabel)
	both := ringOf(t, newer, older)
	adopted, err := both.AdoptInstallationKey(before.NewCanary())
	if err != nil {
		t.Fatal(err)
	}
	after := ringOf(t, newer)
	if err := after.UseInstallationKey(adopted); err != nil || !bytes.Equal(after.Derive(secret.AuditLabel), want) {
		t.Errorf("the audit key changed: %v", err)
	}
	if _, err := ringOf(t, newer).AdoptInstallationKey(before.NewCanary()); !fault.Is(err, fault.Invalid) {
		t.Errorf("a canary of another key: %v", err)
	}
}

func TestABadEarlierKeyIsRefused(t *testing.T) {
	t.Parallel()
	_, err := secret.NewKeyring(secret.GenerateKey(), secret.NewText("hunter2"))
	if !fault.Is(err, fault.Invalid) || strings.Contains(fmt.Sprint(err), "hunter2") {
		t.Error(err)
	}
}

func FuzzUnwrap(f *testing.F) {
	older, newer := secret.GenerateKey(), secret.GenerateKey()
	ring, err := secret.NewKeyring(newer, older)
	if err != nil {
		f.Fatal(err)
	}
	wrapped := ring.NewDataKey(user)
	f.Add(wrapped)
	f.Add(ring.NewCanary())
	f.Add(secret.StampOf(wrapped))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := ring.Unwrap(user, data); err == nil && !bytes.Equal(data, wrapped) {
			t.Errorf("unwrapped %x", data)
		}
		_ = ring.CheckCanary(data)
		_ = ring.UseInstallationKey(data)
	})
}
