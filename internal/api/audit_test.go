package api_test

import (
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/audit"
)

func TestEveryActIsInTheAudit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).want(201)
	v.call("DELETE", "/api/watchlist/AAPL", nil).want(200)
	v.call("PUT", "/api/indicators", map[string]any{"rsi": false, "schedule_enabled": true}).want(200)
	v.call("PUT", "/api/accounts/paper", map[string]any{"automated": false}).want(200)
	v.call("PUT", "/api/accounts/paper", map[string]any{"name": "other"}).want(200)
	v.call("PUT", "/api/settings", map[string]any{"max_positions": 3}).want(200)
	v.call("POST", "/api/accounts/other/activate", nil).want(200)
	v.call("DELETE", "/api/accounts/other", nil).want(200)
	v.call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": "not the password"}).problem(401)
	v.call("POST", "/api/auth/logout", nil).want(200)
	entries, err := b.store.AuditLinks(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []audit.Action
	for _, entry := range entries {
		got = append(got, entry.Action)
		if entry.ActorName != "ann" || entry.Address != "127.0.0.1" || !strings.Contains(entry.UserAgent, "Go-http-client") {
			t.Errorf("%s: actor %q from %q with %q", entry.Action, entry.ActorName, entry.Address, entry.UserAgent)
		}
		if session := entry.Session != ""; session != (entry.Action != audit.Register) {
			t.Errorf("%s: session %q", entry.Action, entry.Session)
		}
	}
	want := []audit.Action{
		audit.Register, audit.Login, audit.AccountCreated, audit.WatchlistAdd, audit.WatchlistRemove, audit.AutomationOn, audit.IndicatorsUpdate,
		audit.AutomationOff, audit.AccountUpdated, audit.SettingsUpdate, audit.AccountActivated, audit.AccountDeleted, audit.LoginFailed, audit.Logout,
	}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("entry %d is %s, want %s", i+1, got[i], want[i])
		}
	}
}
