package daemon_test

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

var friday = time.Date(2026, time.November, 20, 15, 0, 2, 0, time.UTC)

func open(t *testing.T, file, older string) *sim.Simulator {
	t.Helper()
	state, err := daemon.OpenSimulatorState(file, older)
	if err != nil {
		t.Fatal(err)
	}
	simulator, err := sim.New(sim.Config{Market: sim.NewSynthetic(1), Now: friday, State: state})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = simulator.Stop() })
	return simulator
}

func ask(t *testing.T, simulator *sim.Simulator, method, path, body string) string {
	t.Helper()
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.SetBasicAuth("key", "secret")
	recorder := httptest.NewRecorder()
	spectest.Checked(t, simulator.Handler()).ServeHTTP(recorder, request)
	if recorder.Code != http.StatusOK {
		return recorder.Result().Status
	}
	return recorder.Body.String()
}

// duplicate copies a state as a kill at this moment would leave it.
func duplicate(t *testing.T, file string) string {
	t.Helper()
	other := filepath.Join(t.TempDir(), filepath.Base(file))
	for _, part := range []string{"", "-wal"} {
		content, err := os.ReadFile(file + part)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(other+part, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return other
}

func TestStateFileOutlastsAKill(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.db")
	before := open(t, file, "")
	const order = `{"symbol":"AAPL","qty":"3","side":"buy","type":"market","time_in_force":"day","client_order_id":"mine"}`
	if answer := ask(t, before, "POST", "/v2/orders", order); !strings.Contains(answer, `"client_order_id":"mine"`) {
		t.Fatal(answer)
	}
	after := open(t, duplicate(t, file), "")
	if err := after.Advance(friday.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if answer := ask(t, after, "GET", "/v2/orders:by_client_order_id?client_order_id=mine", ""); !strings.Contains(answer, `"status":"filled"`) {
		t.Error(answer)
	}
	if _, err := daemon.OpenSimulatorState(file, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second simulator on the file: %v", err)
	}
	if err := before.Stop(); err != nil {
		t.Fatal(err)
	}
	again := open(t, file, "")
	if answer := ask(t, again, "GET", "/v2/orders", ""); !strings.Contains(answer, `"client_order_id":"mine"`) {
		t.Errorf("after a proper end: %s", answer)
	}
}

func TestOlderStateIsTakenOver(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("..", "broker", "sim", "testdata", "state-1.json"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file, older := filepath.Join(folder, "state.db"), filepath.Join(folder, "state.json")
	if err := os.WriteFile(older, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, opened := range map[string]*sim.Simulator{"beside": open(t, file, older), "in place": open(t, older, "")} {
		if answer := ask(t, opened, "GET", "/v2/account/activities", ""); !strings.Contains(answer, `"activity_type":"FILL"`) {
			t.Errorf("%s: %s", name, answer)
		}
	}
	if kept, err := os.ReadFile(older + ".old"); err != nil || string(kept) != string(content) {
		t.Errorf("the old content is not kept: %v", err)
	}
}

func TestFilesThatAreNoStateAreLeftAlone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	other := filepath.Join(folder, "other.db")
	database, err := sql.Open("sqlite", other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := database.Exec("CREATE TABLE users (name TEXT)"); err != nil {
		t.Fatal(err)
	}
	if err := database.Close(); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"text": "hello", "cut.json": `{"version":2`, "cut.db": "SQLite format 3\x00 and no more"}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name := range map[string]string{"text": "", "cut.json": "", "cut.db": "", "other.db": ""} {
		file := filepath.Join(folder, name)
		before, _ := os.ReadFile(file)
		if _, err := daemon.OpenSimulatorState(file, ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := os.ReadFile(file); string(after) != string(before) {
			t.Errorf("%s was changed", name)
		}
	}
}
