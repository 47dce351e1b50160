package sim_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
)

// FuzzUpgrade: a state file of an earlier version is taken over or refused.
func FuzzUpgrade(f *testing.F) {
	for _, text := range []string{
		"", "{}", `{"version":1}`, `{"version":1,"now":"2026-03-02T14:30:00Z"}`, `{"version":2,"now":"2026-03-02T14:30:00Z","accounts":{"PK":null}}`,
		`{"version":1,"now":"2026-03-02T14:30:00Z","accounts":{"PK":{"orders":[null],"positions":{"AAPL":null},"cash":"1"}}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(_ *testing.T, content []byte) {
		_, _ = sim.Upgrade(content) // either is fine; a panic is not
	})
}

// readers are the routes that read a name in the path, a query or a body, orders aside.
var readers = []string{
	"GET /v2/account/portfolio/history", "GET /v2/account/activities", "GET /v2/account/activities/{}", "GET /v2/positions/{}", "DELETE /v2/positions/{}",
	"GET /v2/orders", "GET /v2/orders:by_client_order_id", "GET /v2/orders/{}", "PATCH /v2/orders/{}", "GET /v2/watchlists:by_name", "PUT /v2/watchlists:by_name",
	"POST /v2/watchlists", "PUT /v2/watchlists/{}", "PATCH /v2/account/configurations", "GET /v2/calendar", "GET /v3/clock", "GET /v3/calendar/{}",
	"GET /v2/options/contracts", "GET /v2/assets", "GET /v2/assets/{}", "GET /v2/corporate_actions/announcements", "GET /v2/stocks/bars", "GET /v2/stocks/bars/latest",
	"GET /v2/stocks/trades", "GET /v2/stocks/quotes", "GET /v2/stocks/auctions", "GET /v2/stocks/snapshots", "GET /v2/stocks/meta/conditions/{}", "GET /v2/stocks/{}/bars",
	"GET /v1/corporate-actions", "GET /v1beta1/news", "POST /_simulator/accounts", "POST /_simulator/faults", "DELETE /_simulator/faults/{}",
}

// FuzzRequests: every name, query and body is answered with JSON or nothing, and never with a
// mistake of the simulator's own.
func FuzzRequests(f *testing.F) {
	const query = "symbols=AAPL,MSFT&symbol=AAPL&timeframe=1Day&start=2026-11-19&end=2026-11-20T15:00:00Z&limit=3&page_token=x&period=1M&status=all&after=2026-11-20&asof=2026-11-20&client_order_id=x&name=x&qty=1&types=forward_split&markets=NYSE"
	for i := range readers {
		f.Add(uint8(i), "AAPL", query, `{"name":"x","symbols":["AAPL"],"qty":"1","limit_price":"1e9","trade_confirm_email":"all","key":"k","kind":"status","status":503}`)
	}
	for _, odd := range []string{"limit=-1", "limit=9223372036854775808", "page_token=QUFQTHwtMQ==", "start=0001-01-01&end=9999-12-31&timeframe=1Min&symbols=AAPL&limit=1", "period=999999999D", "%zz", "timeframe=0Min&symbols=A"} {
		f.Add(uint8(21), "../x", odd, "null")
	}
	simulator, err := sim.New(sim.Config{Market: sim.NewSynthetic(1), Now: at(f, "2026-11-20T15:00:00Z")})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, which uint8, name, query, body string) {
		method, path, _ := strings.Cut(readers[int(which)%len(readers)], " ")
		request := httptest.NewRequest(method, "/", strings.NewReader(body))
		request.URL = &url.URL{Path: strings.Replace(path, "{}", name, 1), RawQuery: query}
		request.SetBasicAuth("key", "secret")
		answer, handler := httptest.NewRecorder(), spectest.Checked(t, simulator.Handler())
		handler.ServeHTTP(answer, request)
		if answer.Code >= http.StatusInternalServerError || answer.Body.Len() > 0 && !json.Valid(answer.Body.Bytes()) {
			t.Errorf("%s %s?%s %s: %d %s", method, request.URL.Path, query, body, answer.Code, answer.Body)
		}
		if strings.HasSuffix(path, "/faults") { // it would strike the next request
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodDelete, path, nil))
		}
	})
}

// FuzzStreamMessages: each message of a client, in JSON or msgpack, is answered on both streams.
func FuzzStreamMessages(f *testing.F) {
	for _, text := range []string{
		"", "null", `{"action":"subscribe","bars":["AAPL","*"],"trades":["*"]}`, `{"action":"unsubscribe","quotes":[""]}`, `{"action":"listen","data":{"streams":["trade_updates",""]}}`,
		`{"action":"auth","key":"x","secret":"y"}`, `{"action":"authenticate","data":{"oauth_token":"x"}}`, "\x81\xa6action\xa6listen", "\xdf\xff\xff\xff\xff", "\x82\xa6action\xa9subscribe\xa4bars\xdd\xff\xff\xff\xff", "\xc1",
	} {
		for _, packed := range []bool{false, true} {
			f.Add("/stream", packed, []byte(text))
			f.Add("/v2/iex", packed, []byte(text))
		}
	}
	b := setup(f, "2026-11-20T15:00:00Z")
	f.Fuzz(func(t *testing.T, path string, packed bool, content []byte) {
		if path != "/stream" && path != "/v2/iex" {
			return
		}
		header := http.Header{}
		if packed {
			header.Set("Content-Type", "application/msgpack")
		}
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		defer cancel()
		conn, _, err := websocket.Dial(ctx, strings.Replace(b.server.URL, "http", "ws", 1)+path, &websocket.DialOptions{HTTPHeader: header})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
		if path != "/stream" { // it greets
			if _, _, err := conn.Read(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.Write(ctx, websocket.MessageBinary, content); err != nil {
			t.Fatal(err)
		}
		if _, _, err := conn.Read(ctx); err != nil && websocket.CloseStatus(err) == -1 { // an answer, or an end that is said
			t.Errorf("%s, %q: %v", path, content, err)
		}
	})
}

// FuzzFiles: scripts of faults, news and corporate actions are taken, or refused by their file's name.
func FuzzFiles(f *testing.F) {
	names := []string{"faults.yaml", sim.NewsFile, sim.ActionsFile}
	for i := range names {
		for _, text := range []string{
			"", "- kind: status\n  status: 503\n  from: 2026-11-20T15:00:00Z\n  times: 2\n", "- &a [*a]", "[{]", `[{"id":1,"created_at":"2026-11-20T15:00:00Z","symbols":null}]`,
			"symbol,ex_date,type,ratio_or_cash\nSPY,2020-06-01,split,4\n", "symbol,ex_date,type,ratio_or_cash\nSPY,2020-06-01,dividend,1e999999999\n", "\xff",
		} {
			f.Add(uint8(i), text)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		folder, name := t.TempDir(), names[int(which)%len(names)]
		for file, content := range map[string]string{"x.csv": "symbol,timestamp,open,high,low,close,volume\nSPY,2020-06-01,1,2,1,1,0\n", name: text} {
			if err := os.WriteFile(filepath.Join(folder, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if name == "faults.yaml" {
			_, err = sim.LoadFaults(filepath.Join(folder, name))
		} else {
			_, err = sim.LoadCSV(folder)
		}
		if err != nil && !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	})
}
