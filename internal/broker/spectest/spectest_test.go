package spectest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/sharedtest"
)

// told is a test that writes down what it is told.
type told struct{ problems []string }

func (t *told) Helper()           {}
func (t *told) Cleanup(func())    {}
func (t *told) Fatal(args ...any) { t.problems = append(t.problems, fmt.Sprint(args...)) }
func (t *told) Errorf(format string, args ...any) {
	t.problems = append(t.problems, fmt.Sprintf(format, args...))
}

// saying answers every request so.
func saying(status int, kind, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func TestWrongAnswersAreFound(t *testing.T) {
	t.Parallel()
	sharedtest.Dir(t)
	const json = "application/json; charset=UTF-8"
	const bar = `{"t":"2026-11-20T15:00:00Z","o":1.5,"h":1.5,"l":1.5,"c":1.5,"v":10,"n":1,"vw":1.5}`
	for name, c := range map[string]struct {
		method, path string
		handler      http.Handler
		problem      string
	}{
		"a type":               {"GET", "/v2/account", saying(200, json, `{"id":7,"status":"ACTIVE"}`), "GET /v2/account 200 /id: got number, want string"},
		"a missing key":        {"GET", "/v2/account", saying(200, json, `{"id":"e6fe16f3-64a4-4921-8928-cadf02f92f98"}`), "GET /v2/account 200 /: missing property 'status'"},
		"a format":             {"GET", "/v2/stocks/AAPL/bars/latest", saying(200, json, `{"symbol":"AAPL","bar":{"t":"noon","o":1,"h":1,"l":1,"c":1,"v":1,"n":1,"vw":1}}`), "/bar/t: 'noon' is not valid date-time"},
		"an error":             {"POST", "/v2/orders", saying(422, json, `{"message":7,"code":1}`), "POST /v2/orders 422 /message: got number, want string"},
		"an error elsewhere":   {"GET", "/nowhere", saying(404, json, `{"code":1}`), "GET /nowhere 404 /: missing property 'message'"},
		"no error":             {"GET", "/nowhere", saying(200, json, `{}`), "GET /nowhere 200 is not documented"},
		"a page":               {"GET", "/v2/account", saying(401, "text/html", `<html>`), `GET /v2/account 401 is of type "text/html", not JSON`},
		"a body too many":      {"DELETE", "/v2/orders/1", saying(204, json, `{}`), "has a body where none is documented"},
		"half an answer":       {"GET", "/v2/account", saying(200, json, `{"id":`), "not JSON"},
		"an event":             {"GET", "/v2/events/trades", saying(200, "text/event-stream", "data: {\"event\":\"fill\"}\n\n"), "missing properties"},
		"one of many":          {"GET", "/v2/stocks/KO/bars", saying(200, json, `{"symbol":"KO","next_page_token":null,"bars":[`+strings.Repeat(bar+",", 500)+strings.Replace(bar, `"c":1.5`, `"c":"1.5"`, 1)+strings.Repeat(","+bar, 500)+`]}`), "/c: got string, want number"},
		"half of many":         {"GET", "/v2/stocks/KO/bars", saying(200, json, `{"symbol":"KO","next_page_token":null,"bars":[`+strings.Repeat(bar+",", 500)+bar[:30]), "not JSON"},
		"a line of no meaning": {"GET", "/v2/events/trades", saying(200, "text/event-stream", "hello\n"), "neither data nor a comment"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := &told{}
			spectest.Checked(seen, c.handler).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(c.method, c.path, nil))
			if !slices.ContainsFunc(seen.problems, func(said string) bool { return strings.Contains(said, c.problem) }) {
				t.Errorf("found %q, want %q", seen.problems, c.problem)
			}
		})
	}
}

func TestWrongMessagesAreFound(t *testing.T) {
	t.Parallel()
	sharedtest.Dir(t)
	packed := func(value any) string {
		content, err := msgpack.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	for name, c := range map[string]struct{ path, kind, message, problem string }{
		"sound":          {"/v2/iex", "", `[{"T":"success","msg":"connected"}]`, ""},
		"long":           {"/stream", "", `{"stream":"listening","data":{"streams":["` + strings.Repeat("x", 70_000) + `"]}}`, ""},
		"a price":        {"/v2/iex", "", `[{"T":"t","S":"KO","i":1,"x":"N","p":"60","s":1,"c":[],"z":"A","t":"2026-11-20T15:00:00Z"}]`, "STREAM /v2/iex data_t /p: got string, want number"},
		"two words":      {"/v2/iex", "", `[{"T":"success","msg":"connected"},{"T":"success","msg":"authenticated"}]`, "success is not alone in its array"},
		"unknown":        {"/v2/iex", "", `[{"T":"zz"}]`, "data_zz"},
		"a text in time": {"/v2/iex", "application/msgpack", packed([]map[string]string{{"T": "b"}, {"t": "noon"}}), "the first key is t, not T"},
		"a status":       {"/stream", "", `{"stream":"authorization","data":{"status":"fine","action":"authenticate"}}`, "/data/status"},
		"packed":         {"/stream", "application/msgpack", packed(map[string]any{"stream": "listening", "data": map[string]any{"streams": []int{7}}}), "got number, want string"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := &told{}
			server := httptest.NewServer(spectest.Checked(seen, speaking(c.message)))
			defer server.Close()
			options := &websocket.DialOptions{HTTPHeader: http.Header{"Content-Type": {c.kind}}}
			conn, _, err := websocket.Dial(t.Context(), server.URL+c.path, options)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.CloseNow() }()
			conn.SetReadLimit(1 << 20)
			if _, content, err := conn.Read(t.Context()); err != nil || string(content) != c.message {
				t.Fatalf("read %q, %v", content, err)
			}
			if found := strings.Join(seen.problems, "\n"); !strings.Contains(found, c.problem) || c.problem == "" && found != "" {
				t.Errorf("found %q, want %q", found, c.problem)
			}
		})
	}
}

// speaking says one thing to every WebSocket.
func speaking(message string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
		if err != nil {
			return
		}
		_ = conn.Write(context.WithoutCancel(r.Context()), websocket.MessageText, []byte(message))
		_, _, _ = conn.Read(r.Context())
	})
}

// An answer that a fault has spoiled is no difference; the same fault elsewhere excuses nothing.
func TestFaultsAreNoDifferences(t *testing.T) {
	t.Parallel()
	sharedtest.Dir(t)
	simulator, err := sim.New(sim.Config{Market: sim.NewSynthetic(1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"malformed", "html_401", "server_error", "rate_limit", "timeout"} {
		if _, err := simulator.AddFault(sim.Fault{Kind: kind, Times: 1}); err != nil {
			t.Fatal(err)
		}
		seen, request := &told{}, httptest.NewRequest("GET", "/v2/account", nil)
		request.SetBasicAuth("key", "secret")
		spectest.Checked(seen, simulator.Handler()).ServeHTTP(httptest.NewRecorder(), request)
		if len(seen.problems) > 0 {
			t.Errorf("%s: %s", kind, seen.problems)
		}
	}
}
