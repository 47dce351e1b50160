package cli_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// Somebody edits an old entry while nothing runs. The dashboard says so when it starts, and serves.
func TestTheDashboardRaisesTheAuditAlarmAtItsStart(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.run(t, "users", "create-admin", "--username", "ann", "--email", "ann@example.com", "--link")
	sh.run(t, "audit", "verify")
	database, err := store.Open(t.Context(), store.Options{URL: secret.NewText("sqlite:///" + filepath.Join(sh.folder, "alpaca_trader.db"))})
	if err != nil {
		t.Fatal(err)
	}
	_, err = database.Writer().ExecContext(t.Context(), "UPDATE audit_entries SET actor_name = 'nobody' WHERE sequence = 1")
	if closeErr := database.Close(); err != nil || closeErr != nil {
		t.Fatal(err, closeErr)
	}
	address := sh.serve(t, "dashboard-secure", "--port", "0", "--no-scheduler")
	if status := visit(t, address).call("GET", "/health", nil, nil); status != 200 {
		t.Errorf("the dashboard answers %d", status)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for !strings.Contains(string(sh.run(t, "audit", "list", "--action", "audit_alarm", "--json")), `"entry": 1`) {
		if ctx.Err() != nil {
			t.Fatal("there is no alarm in the log")
		}
	}
}
