package cli_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browser is somebody who visits a server.
type browser struct {
	t       *testing.T
	address string
	client  *http.Client
}

func newBrowser(t *testing.T, address string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, address, &http.Client{Jar: jar, Timeout: 2 * time.Minute}}
}

// post sends the body as a page of the server would and returns the status.
func (b *browser) post(path string, body map[string]any) int {
	b.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, b.address+path, bytes.NewReader(encoded))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Origin", b.address)
	return b.send(request)
}

func (b *browser) get(path string) int {
	b.t.Helper()
	request, err := http.NewRequest(http.MethodGet, b.address+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.send(request)
}

func (b *browser) send(request *http.Request) int {
	b.t.Helper()
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

func (b *browser) wants(status, got int) {
	b.t.Helper()
	if got != status {
		b.t.Fatalf("status %d, want %d", got, status)
	}
}

// eventuallyIn returns what the pattern's group finds in the file, once it is there.
func eventuallyIn(t *testing.T, path string, pattern *regexp.Regexp) string {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		content, err := os.ReadFile(path)
		if found := pattern.FindSubmatch(content); err == nil && found != nil {
			return string(found[1])
		}
		select {
		case <-deadline:
			t.Fatalf("nothing like %s in %q, %v", pattern, content, err)
		case <-ticker.C:
		}
	}
}

var setupCodeLine = regexp.MustCompile(`setup_code=([A-Z2-7-]+)`)

// TestProductionBeginsWithTheSetupCode goes from an empty database to users whom the operator
// administers while the server runs, with the real programs.
func TestProductionBeginsWithTheSetupCode(t *testing.T) {
	t.Parallel()
	s := newShell(t, "APP_ENV=production")
	for line := range strings.Lines(string(s.run(t, "keys", "generate"))) {
		s.environ = append(s.environ, strings.TrimSpace(line))
	}
	log := filepath.Join(s.folder, "log")
	first := s.startLogging(t, log, "dashboard-secure", "--port", "0", "--no-scheduler")
	code := eventuallyIn(t, log, setupCodeLine)
	visitor := newBrowser(t, first.address)
	user := func(name string, more ...string) map[string]any {
		body := map[string]any{"username": name, "email": name + "@example.com", "password": "correct horse battery"}
		for i := 0; i < len(more); i += 2 {
			body[more[i]] = more[i+1]
		}
		return body
	}
	visitor.wants(403, visitor.post("/api/auth/register", user("eve")))
	visitor.wants(403, visitor.post("/api/auth/register", user("eve", "setup_code", "AAAAA-BBBBB-CCCCC-DDDDD")))
	first.stop(t)

	log = filepath.Join(s.folder, "second log")
	second := s.startLogging(t, log, "dashboard-secure", "--port", "0", "--no-scheduler")
	if again := eventuallyIn(t, log, setupCodeLine); again != code {
		t.Errorf("the code changed with a restart: %s, then %s", code, again)
	}
	ann, ben := newBrowser(t, second.address), newBrowser(t, second.address)
	ann.wants(201, ann.post("/api/auth/register", user("ann", "setup_code", code)))
	ann.wants(200, ann.post("/api/auth/login", map[string]any{"username": "ann", "password": "correct horse battery"}))
	ann.wants(200, ann.get("/api/admin/users"))
	ben.wants(201, ben.post("/api/auth/register", user("ben")))
	ben.wants(200, ben.post("/api/auth/login", map[string]any{"username": "ben", "password": "correct horse battery"}))
	ben.wants(200, ben.get("/api/accounts"))

	if list := string(s.run(t, "users", "list")); !strings.Contains(list, "ann") || !strings.Contains(list, "ben") {
		t.Errorf("users list says %s", list)
	}
	s.run(t, "users", "disable", "ben")
	ben.wants(401, ben.get("/api/accounts"))
	s.run(t, "users", "enable", "ben")
	link := strings.Fields(string(s.run(t, "users", "reset-password", "ben")))
	_, token, _ := strings.Cut(link[len(link)-1], "#")
	ben.wants(200, ben.post("/api/auth/set-password", map[string]any{"token": token, "new_password": "another good password"}))
	ben.wants(200, ben.post("/api/auth/login", map[string]any{"username": "ben", "password": "another good password"}))
	s.run(t, "users", "end-sessions", "ann")
	ann.wants(401, ann.get("/api/admin/users"))
	second.stop(t)

	log = filepath.Join(s.folder, "third log")
	s.startLogging(t, log, "dashboard-secure", "--port", "0", "--no-scheduler").stop(t)
	if content, err := os.ReadFile(log); err != nil || setupCodeLine.Match(content) {
		t.Errorf("the code is still written: %s, %v", content, err)
	}
}
