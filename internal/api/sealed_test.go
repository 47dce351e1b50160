package api_test

import (
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Whoever may write to the database, but knows no key, puts yesterday's broker keys back: they
// were sealed for this very place, and yet do not open.
func TestOlderKeysThatWerePutBackDoNotOpen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	keys, id := app.KeySafe{Keyring: b.keyring, Users: b.store}, b.id("ann")
	opened := func() (string, error) {
		t.Helper()
		account, err := b.store.ActiveAccount(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		_, secretKey, err := keys.Open(t.Context(), account)
		return secretKey.Reveal(), err
	}
	execute := func(statement string, arguments ...any) {
		t.Helper()
		if _, err := b.store.Writer().ExecContext(t.Context(), statement, arguments...); err != nil {
			t.Fatal(err)
		}
	}
	older, err := b.store.ActiveAccount(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	v.call("PUT", "/api/accounts/paper", map[string]any{"api_key": "PKTESTKEY123", "secret_key": "newer"}).want(200)
	v.call("PUT", "/api/accounts/paper", map[string]any{"automated": true}).want(200)
	if got, err := opened(); got != "newer" || err != nil {
		t.Fatalf("before: %q, %v", got, err)
	}
	if _, _, err := keys.Open(t.Context(), older); !fault.Is(err, fault.Conflict) { // read a moment before the change
		t.Errorf("an account that was read before the change: %v", err)
	}

	execute("UPDATE brokerage_accounts SET sealed_key = ?, sealed_secret = ? WHERE id = ?", older.SealedKey, older.SealedSecret, older.ID)
	refused := func(when string) {
		t.Helper()
		if got, err := opened(); got != "" || !fault.Is(err, fault.Internal) || !strings.Contains(fault.Public(err), "older ones were put back") {
			t.Errorf("%s: %q, %v", when, got, err)
		}
	}
	refused("after the older keys were put back")
	v.call("PUT", "/api/accounts/paper", map[string]any{"automated": false}).want(200)
	refused("after an act that leaves the keys alone")

	v.call("PUT", "/api/accounts/paper", map[string]any{"api_key": "PKTESTKEY123", "secret_key": "again"}).want(200)
	if got, err := opened(); got != "again" || err != nil {
		t.Errorf("after they were entered again: %q, %v", got, err)
	}
	execute(`UPDATE audit_entries SET details = '{"sealed":"00"}' WHERE sequence = (SELECT MAX(sequence) FROM audit_entries WHERE details LIKE '%"sealed"%')`)
	refused("after the audit entry was edited")
}
