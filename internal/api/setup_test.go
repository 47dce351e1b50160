package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const password = "correct horse battery"

// cheap hashes keep the tests fast; everything else is as in production.
var cheap = auth.PasswordCost{MemoryKiB: 64, Iterations: 1, Lanes: 1}

// bench is a whole server on a real database, with a broker under the test's control.
type bench struct {
	t       *testing.T
	url     string
	app     *app.App
	store   *store.Store
	broker  *fakeBroker
	desk    *fakeDesk
	bus     *event.Bus
	keyring *secret.Keyring
	hashes  *auth.Passwords
	clock   *clock.Held
	log     *lockedBuffer
	server  *httptest.Server
}

type option func(*app.Config, *api.Config)

func setup(t *testing.T, options ...option) *bench {
	t.Helper()
	return setupServer(t, func(*http.Server) {}, options...)
}

// setupServer is setup with a server that tune has changed.
func setupServer(t *testing.T, tune func(*http.Server), options ...option) *bench {
	t.Helper()
	held := clock.NewHeld(clock.System().Now())
	return setupReplica(t, openStore(t, held), held, tune, options...)
}

// setupOn is setup on an empty database of the kind.
func setupOn(t *testing.T, address storetest.Address, options ...option) *bench {
	t.Helper()
	held := clock.NewHeld(clock.System().Now())
	database := storetest.Open(t, address(t), store.Options{Clock: held})
	return setupReplica(t, database, held, func(*http.Server) {}, options...)
}

// setupReplica is a server on a database that others may share.
func setupReplica(t *testing.T, database *store.Store, held *clock.Held, tune func(*http.Server), options ...option) *bench {
	t.Helper()
	b := &bench{t: t, store: database, broker: newFakeBroker(), desk: newFakeDesk(), bus: &event.Bus{}, clock: held, log: &lockedBuffer{}}
	keyring, err := secret.NewKeyring(secret.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	b.keyring = keyring
	logger := slog.New(slog.NewTextHandler(b.log, nil))
	forApp := app.Config{
		Store: b.store, Brokerages: b.broker, Keyring: keyring, Passwords: auth.NewPasswords(cheap),
		Signals: b.broker, Desk: b.desk, Bus: b.bus, Clock: b.clock, Logger: logger, Verifier: untouchedLog{},
		Examine: func(context.Context) []app.Finding {
			return []app.Finding{{Check: "clock", Severity: app.Fine, Says: "The clock is right."}}
		},
		LiveInterval: 20 * time.Millisecond, SignInFloor: time.Nanosecond,
	}
	forAPI := api.Config{
		Sessions: b.store.Sessions(storetest.SessionKey), Clock: b.clock, Logger: logger, Version: "test",
		Pages: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the page") }),
		Limiter: limits(b.clock, ratelimit.Limits{
			ratelimit.Auth: perMinute(1000), ratelimit.Register: perMinute(1000), ratelimit.Dashboard: perMinute(10000),
			ratelimit.Accounts: perMinute(1000), ratelimit.Watchlist: perMinute(1000), ratelimit.Admin: perMinute(1000),
		}),
	}
	for _, apply := range options {
		apply(&forApp, &forAPI)
	}
	b.app, b.hashes = app.New(forApp), forApp.Passwords
	forAPI.App = b.app
	handler, err := api.New(forAPI)
	if err != nil {
		t.Fatal(err)
	}
	b.server = httptest.NewUnstartedServer(handler)
	b.server.Config = api.Server(handler, logger)
	tune(b.server.Config)
	b.server.Start()
	b.url = b.server.URL
	t.Cleanup(func() {
		handler.Close()
		b.app.Close()
		b.server.Close()
	})
	return b
}

// in is the same server in a test of its own.
func (b *bench) in(t *testing.T) *bench {
	inner := *b
	inner.t = t
	return &inner
}

// limits is a limiter in memory.
func limits(c clock.Clock, limits ratelimit.Limits) *ratelimit.Limiter {
	return ratelimit.NewLimiter(ratelimit.NewTable(limits), nil, c, slog.New(slog.DiscardHandler))
}

func perMinute(count int) auth.Rates { return auth.Rates{{Count: count, Window: time.Minute}} }

// openStore is a real database in a file that ends with the test: a copy of an empty one, because
// making the schema takes longer than most tests.
func openStore(t *testing.T, clock clock.Clock) *store.Store {
	t.Helper()
	empty, err := emptyDatabase()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(file, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := openFile(file, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

func openFile(file string, clock clock.Clock) (*store.Store, error) {
	return store.Open(context.Background(), store.Options{URL: secret.NewText("sqlite:///" + file), Clock: clock, AuditKey: make([]byte, 32)})
}

var emptyDatabase = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "alpaca-trader-test")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "empty.db")
	opened, err := openFile(file, clock.System())
	if err != nil {
		return nil, err
	}
	err = opened.Migrate(context.Background(), slog.New(slog.DiscardHandler))
	if err := errors.Join(err, opened.Close()); err != nil { // closing writes everything into the one file
		return nil, err
	}
	return os.ReadFile(file)
})

// visitor is one browser.
type visitor struct {
	*bench
	client *http.Client
}

func (b *bench) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return &visitor{b, &http.Client{
		Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// user registers the name and signs it in.
func (b *bench) user(name string) *visitor {
	b.t.Helper()
	v := b.visitor()
	v.call("POST", "/api/auth/register", map[string]any{"username": name, "email": name + "@example.com", "password": password}).want(201)
	v.signIn(name)
	return v
}

func (v *visitor) signIn(name string) {
	v.t.Helper()
	v.call("POST", "/api/auth/login", map[string]any{"username": name, "password": password}).want(200)
}

// viewer creates a user who may only look, and signs it in.
func (b *bench) viewer(name string) *visitor {
	b.t.Helper()
	b.create(auth.User{Username: name, Role: auth.Viewer})
	v := b.visitor()
	v.signIn(name)
	return v
}

// administrator creates an administrator, and signs it in.
func (b *bench) administrator(name string) *visitor {
	b.t.Helper()
	b.create(auth.User{Username: name, Role: auth.Admin})
	v := b.visitor()
	v.signIn(name)
	return v
}

func (b *bench) create(user auth.User) {
	b.t.Helper()
	hash, err := b.hashes.Hash(b.t.Context(), password)
	if err != nil {
		b.t.Fatal(err)
	}
	user.ID, user.Email, user.PasswordHash = uuid.NewString(), user.Username+"@example.com", hash
	entry := audit.Entry{At: b.clock.Now(), Action: audit.Register}
	if _, err := b.store.CreateUser(b.t.Context(), user, b.keyring.NewDataKey(user.ID), trade.DefaultSettings(), entry); err != nil {
		b.t.Fatal(err)
	}
}

// withAccount is a user who has a paper account.
func (b *bench) withAccount(name string) *visitor {
	b.t.Helper()
	v := b.user(name)
	v.call("POST", "/api/accounts", map[string]any{"name": "paper", "api_key": "PKTESTKEY123", "secret_key": "shh", "paper": true}).want(201)
	return v
}

func (b *bench) id(name string) string {
	b.t.Helper()
	user, err := b.store.UserByLogin(b.t.Context(), name)
	if err != nil {
		b.t.Fatal(err)
	}
	return user.ID
}

// sessionID is the id of the visitor's own session.
func (v *visitor) sessionID() string {
	v.t.Helper()
	var open []struct {
		ID      string
		Current bool
	}
	v.call("GET", "/api/sessions", nil).want(200).decode(&open)
	for _, session := range open {
		if session.Current {
			return session.ID
		}
	}
	v.t.Fatal("no session is the current one")
	return ""
}

// answer is what came back.
type answer struct {
	t       *testing.T
	call    string
	status  int
	header  http.Header
	cookies []*http.Cookie
	text    string
}

// call sends body, a value to encode or a string to send as it is, as a page of the server would.
func (v *visitor) call(method, path string, body any, headers ...string) answer {
	v.t.Helper()
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(body)
	default:
		encoded, err := json.Marshal(body)
		if err != nil {
			v.t.Fatal(err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, content)
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Origin", v.url)
	if content != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Del(headers[i])
		if headers[i] == "Host" {
			request.Host = headers[i+1]
		} else if headers[i+1] != "" {
			request.Header.Set(headers[i], headers[i+1])
		}
	}
	return v.send(request)
}

func (v *visitor) send(request *http.Request) answer {
	v.t.Helper()
	response, err := v.client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{v.t, request.Method + " " + request.URL.RequestURI(), response.StatusCode, response.Header, response.Cookies(), string(text)}
}

// cookie is the cookie of the name that the answer sets; nil: it sets none.
func (a answer) cookie(name string) *http.Cookie {
	for _, cookie := range a.cookies {
		if cookie.Name == name {
			return cookie
		}
	}
	return nil
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.call, a.status, status, a.text)
	}
	return a
}

// problem checks the form of an error answer and returns its sentence.
func (a answer) problem(status int) string {
	a.t.Helper()
	a.want(status)
	var p struct {
		Type, Title, Detail, Error string
		Status                     int
		RequestID                  string `json:"request_id"`
	}
	a.decode(&p)
	if a.header.Get("Content-Type") != "application/problem+json" || p.Type != "about:blank" || p.Title != http.StatusText(status) ||
		p.Status != status || p.Detail == "" || p.Detail != p.Error || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		a.t.Fatalf("%s: not a whole problem: %s %v", a.call, a.text, a.header)
	}
	return p.Error
}

func (a answer) decode(target any) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.text), target); err != nil {
		a.t.Fatalf("%s: %v in %s", a.call, err, a.text)
	}
}

// json checks that the answer is the JSON value.
func (a answer) json(want string) answer {
	a.t.Helper()
	var got, wanted any
	a.decode(&got)
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		a.t.Fatal(err)
	}
	gotText, _ := json.MarshalIndent(got, "", " ")
	wantText, _ := json.MarshalIndent(wanted, "", " ")
	if !bytes.Equal(gotText, wantText) {
		a.t.Fatalf("%s:\ngot  %s\nwant %s", a.call, gotText, wantText)
	}
	return a
}

// lockedBuffer collects the log.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("it did not happen within 10 s: %s", what)
		case <-ticker.C:
		}
	}
}

// described reads what clients are told of the routes into document.
func described(t testing.TB, document any) {
	t.Helper()
	description, err := api.OpenAPI("test")
	if err == nil {
		err = json.Unmarshal(description, document)
	}
	if err != nil {
		t.Fatal(err)
	}
}
