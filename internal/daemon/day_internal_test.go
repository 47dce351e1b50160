package daemon

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/config"
)

// dayPace lets five minutes of the market pass in one second: each slot has its tick.
const dayPace = 300

// TestADayOfEverything runs the server as it is, with everything switched on, while 24 hours of the
// market pass and people look at pages, follow live updates, guess passwords and read metrics.
// Afterwards there are no more goroutines than after the first two parts of it, and the heap has not
// grown but for what the embedded exchange and the lists of last orders keep, which is bounded. TEST_SOAK_MINUTES says how many minutes of the market; `make test` runs few.
func TestADayOfEverything(t *testing.T) {
	minutes, err := strconv.Atoi(cmp.Or(os.Getenv("TEST_SOAK_MINUTES"), "30"))
	if err != nil {
		t.Fatal("TEST_SOAK_MINUTES is not a number")
	}
	d := openDay(t)
	parts := 4
	if minutes >= 600 {
		parts = 12
	}
	var goroutines, heap []int
	for part := range parts {
		d.live(t, time.Duration(minutes)*time.Minute/dayPace/time.Duration(parts))
		g, h := d.footprint(t, fmt.Sprintf("heap-%02d.pprof", part+1))
		goroutines, heap = append(goroutines, g), append(heap, h)
	}
	d.passed(t)
	t.Logf("%d minutes of the market, %d requests, %d live pages, %d posts to the webhook", minutes, d.requests.Load(), d.streams.Load(), d.posts.Load())
	t.Logf("goroutines by part %v, heap in kB by part %v; heap profiles in %s", goroutines, heap, d.profiles)
	const warm, moreGoroutines, moreHeap = 1, 15, 10 << 10
	if last := parts - 1; goroutines[last] > goroutines[warm]+moreGoroutines || heap[last] > heap[warm]+moreHeap {
		t.Errorf("it grows: from %d to %d goroutines, from %d to %d kB", goroutines[warm], goroutines[last], heap[warm], heap[last])
	}
	d.ended(t)
}

// day is a server and those who use it.
type day struct {
	address, metrics, folder, profiles string
	log                                *logged
	people                             []*http.Client
	requests, streams, posts           atomic.Int64
	stop                               func()
}

// logged keeps what was logged in memory; errors are counted.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(entry []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() > 4<<20 {
		l.text.Reset() // the test's own memory must not grow either
	}
	return l.text.Write(entry)
}

func (l *logged) find(pattern string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return regexp.MustCompile(pattern).FindString(l.text.String())
}

const dayPassword = "a calm desk, no casino"

// openDay starts the server and registers three people, each with a demonstration account.
func openDay(t *testing.T) *day {
	t.Helper()
	d := &day{folder: t.TempDir(), log: &logged{}, profiles: os.Getenv("TEST_PROFILES")}
	if d.profiles == "" {
		d.profiles = t.TempDir()
	}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		d.posts.Add(1)
	}))
	t.Cleanup(hook.Close)
	source := config.Source{Dir: d.folder, Environ: []string{
		"METRICS_BIND=127.0.0.1:0", "BACKUP_EVERY=1h", "BACKUP_TO=safe", "AUDIT_CHECKPOINT_WEBHOOK=" + hook.URL, "TRADING_ENABLED=true",
		"RATE_LIMIT_DASHBOARD=100000/minute", "RATE_LIMIT_AUTH=100/minute", "RATE_LIMIT_REGISTER=100/hour",
	}}
	cfg, err := config.Load(source)
	if err == nil {
		cfg, err = cfg.WithKeys()
	}
	if err != nil {
		t.Fatal(err)
	}
	said, telling := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, Options{
			Config: cfg, Bind: "127.0.0.1:0", Demo: true, Scheduler: true, Stdout: telling, Version: "test", Folder: d.folder,
			Log: slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelInfo})), pace: dayPace,
		})
		_ = telling.Close()
	}()
	d.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(d.stop)
	line := make([]byte, 200)
	n, err := said.Read(line)
	address, ok := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "listening on ")
	if err != nil || !ok {
		t.Fatalf("it said %q, %v", line[:n], err)
	}
	d.address, d.metrics = address, d.log.find(`http://127\.0\.0\.1:\d+/metrics`)
	for i := range 3 {
		jar, _ := cookiejar.New(nil)
		person := &http.Client{Jar: jar, Timeout: time.Minute}
		d.people = append(d.people, person)
		name := fmt.Sprintf("person%d", i)
		d.must(t, person, "POST", "/api/auth/register", map[string]string{"username": name, "email": name + "@example.org", "password": dayPassword})
		d.must(t, person, "POST", "/api/auth/login", map[string]string{"username": name, "password": dayPassword})
	}
	return d
}

// ask sends a request as a page does and returns status and answer.
func (d *day) ask(ctx context.Context, person *http.Client, method, path string, body any) (int, []byte, error) {
	d.requests.Add(1)
	content, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(content))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := person.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

func (d *day) must(t *testing.T, person *http.Client, method, path string, body any) []byte {
	t.Helper()
	status, answer, err := d.ask(t.Context(), person, method, d.address+path, body)
	if err != nil || status >= 300 {
		t.Fatalf("%s %s: %d %s %v", method, path, status, answer, err)
	}
	return answer
}

// dayPages are what people look at.
var dayPages = []string{
	"/", "/api/account", "/api/positions", "/api/orders?status=all", "/api/cycles?limit=20", "/api/signals", "/api/settings",
	"/api/accounts", "/api/watchlist", "/api/notfound", "/health", "/readyz",
}

// live lets people use the server for so long.
func (d *day) live(t *testing.T, length time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	var using sync.WaitGroup
	for _, person := range d.people {
		using.Go(func() { d.browse(ctx, person) })
		using.Go(func() { d.follow(ctx, person) })
	}
	using.Go(func() {
		for pause(ctx, 2*time.Second) {
			_, _, _ = d.ask(ctx, http.DefaultClient, "GET", d.metrics, nil)
			_, _, _ = d.ask(ctx, &http.Client{}, "POST", d.address+"/api/auth/login", map[string]string{"username": "person0", "password": "a guess"})
		}
	})
	using.Wait()
}

// browse looks at one page after another; failures show in the end, in what was traded.
func (d *day) browse(ctx context.Context, person *http.Client) {
	for i := 0; pause(ctx, 50*time.Millisecond); i++ {
		_, _, _ = d.ask(ctx, person, "GET", d.address+dayPages[i%len(dayPages)], nil)
	}
}

// follow opens a live page, looks at it for a while and closes it, again and again.
func (d *day) follow(ctx context.Context, person *http.Client) {
	for ctx.Err() == nil {
		looking, leave := context.WithTimeout(ctx, 3*time.Second)
		d.streams.Add(1)
		_, _, _ = d.ask(looking, person, "GET", d.address+"/api/stream", nil)
		leave()
		if !pause(ctx, 100*time.Millisecond) {
			return
		}
	}
}

// footprint is taken while nobody looks, with connections closed, and leaves a heap profile.
func (d *day) footprint(t *testing.T, name string) (goroutines, heap int) {
	t.Helper()
	for _, person := range append([]*http.Client{http.DefaultClient}, d.people...) {
		person.CloseIdleConnections()
	}
	least := runtime.NumGoroutine()
	for range 40 { // what ends, ends soon
		if !pause(t.Context(), 50*time.Millisecond) {
			break
		}
		least = min(least, runtime.NumGoroutine())
	}
	runtime.GC()
	runtime.GC()
	file, err := os.Create(filepath.Join(d.profiles, name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if err := pprof.Lookup("heap").WriteTo(file, 0); err != nil {
		t.Fatal(err)
	}
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return least, int(now.HeapAlloc >> 10)
}

// passed looks at what everything did meanwhile; what a busy machine has not come to yet is waited for.
func (d *day) passed(t *testing.T) {
	t.Helper()
	for i, person := range d.people {
		d.until(t, fmt.Sprintf("a cycle of person%d is done", i), func() bool {
			var cycles []struct{ Outcome string }
			if err := json.Unmarshal(d.must(t, person, "GET", "/api/cycles?limit=100", nil), &cycles); err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(cycles, func(cycle struct{ Outcome string }) bool { return cycle.Outcome == "done" })
		})
	}
	d.until(t, "a backup is made", func() bool {
		backups, err := filepath.Glob(filepath.Join(d.folder, "safe", "*.backup"))
		return err == nil && len(backups) > 0
	})
	d.until(t, "a checkpoint is posted", func() bool { return d.posts.Load() > 0 })
}

func (d *day) until(t *testing.T, what string, satisfied func() bool) {
	t.Helper()
	for tries := 0; !satisfied(); tries++ {
		if tries == 600 || !pause(t.Context(), 100*time.Millisecond) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// ended stops the server in order.
func (d *day) ended(t *testing.T) {
	t.Helper()
	d.stop()
	if said := d.log.find(`(?m)^.*level=ERROR.*$`); said != "" {
		t.Logf("an error that it logged: %s", said) // of a machine that is too busy, say
	}
}
