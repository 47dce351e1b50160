//go:build linux

package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// smallDisk is a folder on a file system of its own with so many bytes; empty where this user may
// not mount one.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("none", folder, "tmpfs", 0, "size="+size); err != nil {
		t.Logf("Not tried: a small file system cannot be mounted here (%v); root can.", err)
		return ""
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// fill takes all that is left of the disk; the returned function gives it back.
func fill(t *testing.T, folder string) (empty func()) {
	t.Helper()
	path := filepath.Join(folder, "filler")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1 << 20, 4096, 1} {
		for block := make([]byte, size); err == nil; {
			_, err = file.Write(block)
		}
		if !strings.Contains(err.Error(), "no space left") {
			t.Fatal(err)
		}
		err = nil
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// inFolder is the shell with the folder as its own.
func (s *shell) inFolder(folder string) *shell {
	return &shell{program: s.program, folder: folder, environ: s.environ}
}

// TestAServerOutlastsAFullDisk: while the disk of the database is full, a change, a backup and an
// import are refused with one sentence and leave nothing behind, pages are served, and nothing is
// ordered that is not in the journal. With room again, trading goes on by itself.
func TestAServerOutlastsAFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "40m")
	if disk == "" {
		return
	}
	sh := newShell(t, "BACKUP_TO=safe", "RATE_LIMIT_DASHBOARD=10000/minute").inFolder(disk)
	log := filepath.Join(t.TempDir(), "log")
	v := visit(t, sh.startLogging(t, log, "dashboard-secure", "--demo", "--port", "0").address)
	newcomer := map[string]string{"username": "newcomer", "email": "n@example.org", "password": "a calm desk, no casino"}
	v.must("POST", "/api/auth/register", newcomer, nil)
	v.must("POST", "/api/auth/login", map[string]string{"username": "newcomer", "password": newcomer["password"]}, nil)
	v.until("an order of ours is filled", func() bool { return len(v.ours("filled")) > 0 })
	v.must("PUT", "/api/settings", map[string]any{"max_positions": 7}, nil)

	room := fill(t, disk)
	kept, wanted := 7, 7
	v.until("a change is refused for want of room", func() bool {
		wanted++
		status, said := v.put("/api/settings", fmt.Sprintf(`{"max_positions": %d}`, wanted))
		if status == 200 { // there was a little room left
			kept = wanted
		}
		return status == 503 && strings.Contains(said, "disk is full") && strings.Contains(said, "Nothing was changed.")
	})
	var settings struct {
		MaxPositions int `json:"max_positions"`
	}
	if v.must("GET", "/api/settings", nil, &settings); settings.MaxPositions != kept {
		t.Errorf("%d positions at most, after %d was accepted and %d refused", settings.MaxPositions, kept, wanted)
	}
	if said := sh.refuse(t, "backup", "create"); !strings.Contains(said, "full") || strings.Count(said, "alpaca-trader:") != 1 {
		t.Errorf("backup: %s", said)
	}
	if left, _ := filepath.Glob(filepath.Join(disk, "safe", "*")); len(left) != 0 {
		t.Errorf("a backup left %v", left)
	}
	v.until("the log says it of trading too", func() bool {
		content, _ := os.ReadFile(log)
		return strings.Contains(string(content), "database or disk is full")
	})
	room()

	v.until("a change is taken again", func() bool {
		status, _ := v.put("/api/settings", `{"max_positions": 9}`)
		return status == 200
	})
	done := v.cyclesDone()
	v.until("cycles are done again", func() bool { return v.cyclesDone() != done })
	sh.run(t, "audit", "verify")
	sh.run(t, "backup", "create")
	seen := map[string]bool{}
	for _, o := range v.orders() {
		if seen[o.ClientOrderID] {
			t.Errorf("%s was ordered twice", o.ClientOrderID)
		}
		seen[o.ClientOrderID] = true
	}
}

// cyclesDone is the id of the newest cycle that was done.
func (v *visitor) cyclesDone() string {
	v.t.Helper()
	var cycles []struct {
		ID      string `json:"id"`
		Outcome string `json:"outcome"`
	}
	v.must("GET", "/api/cycles?limit=20", nil, &cycles)
	for _, cycle := range cycles {
		if cycle.Outcome == "done" {
			return cycle.ID
		}
	}
	return ""
}

// put changes something and returns the status and the answer's text.
func (v *visitor) put(path, body string) (int, string) {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodPut, v.address+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := v.client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// TestAnImportAndARestoreOnAFullDisk: one sentence, and no half database.
func TestAnImportAndARestoreOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "3m")
	if disk == "" {
		return
	}
	key, folder := secret.GenerateKey(), t.TempDir()
	old := secret.NewText("sqlite:///" + filepath.Join(folder, "old.db"))
	oldSystem(t, old)
	v := newVault(t, key, 300)
	made := parsed[madeBackup](t, v.with(key.Reveal(), "", "BACKUP_TO="+folder), "backup", "create")
	sh := v.with(key.Reveal(), "", "BACKUP_TO="+folder).at("sqlite:///" + filepath.Join(disk, "new.db"))
	sh.run(t, "db", "init")
	before := parsed[databaseState](t, sh, "db", "status")
	room := fill(t, disk)
	imports := []string{"import", "flask-db", old.Reveal(), "--old-key-file", "old.key"}
	v.write(t, "old.key", oldKey.Reveal())
	if said := sh.refuse(t, imports...); !strings.Contains(said, "full") || strings.Count(said, "alpaca-trader:") != 1 {
		t.Errorf("import: %s", said)
	}
	room()
	if state := parsed[databaseState](t, sh, "db", "status"); state.Users != before.Users {
		t.Errorf("%d users came", state.Users)
	}
	sh.run(t, "audit", "verify")
	sh.run(t, imports...)

	other := sh.at("sqlite:///" + filepath.Join(disk, "restored.db"))
	fill(t, disk)
	if said := other.refuse(t, "backup", "restore", made.Name); !strings.Contains(said, "full") || strings.Count(said, "alpaca-trader:") != 1 {
		t.Errorf("restore: %s", said)
	}
	if left, _ := filepath.Glob(filepath.Join(disk, "restored*")); len(left) != 0 {
		t.Errorf("a restore left %v", left)
	}
}
