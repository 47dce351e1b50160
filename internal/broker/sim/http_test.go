package sim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// ask sends one request with keys, and returns the status, the body and the request id.
func (b bench) ask(t testing.TB, method, path, body string) (int, string, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("key", "secret")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content), response.Header.Get("X-Request-ID")
}

func TestAnswersToOddRequests(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/", "", 404, `{"code":40410000,"message":"endpoint not found"}`},
		{"GET", "/v2/account/", "", 404, "endpoint not found"},
		{"GET", "/v2//account", "", 404, "endpoint not found"},
		{"GET", "/v2/positions/BTC%2FUSD", "", 404, "position does not exist"},
		{"GET", "/v2/assets/BTC/USD", "", 404, "asset not found for BTC/USD"},
		{"GET", "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&asof=now", "", 400, "invalid asof"},
		{"GET", "/v1/corporate-actions?types=bonus", "", 400, "invalid corporate action type: bonus"},
		{"PUT", "/v2/account", "", 405, "method not allowed"},
		{"POST", "/v2/orders", "", 422, "failed to decode request body"},
		{"POST", "/v2/orders", "[]", 422, "failed to decode request body"},
		{"POST", "/v2/orders", `{"symbol":"AAPL"} x`, 422, "failed to decode request body"},
		{"POST", "/v2/orders", `{"qty":"one"}`, 422, "failed to decode request body"},
		{"POST", "/v2/orders", `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":1e99}`, 422, "qty is out of range"},
		{"POST", "/v2/orders", `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":1e-999999999}`, 422, ""},
		{"POST", "/v2/orders", `{"symbol":"` + strings.Repeat("x", 70000) + `"}`, 413, "too large"},
		{"POST", "/v2/orders", `{"symbol":"AAPL","side":"hold","type":"market","time_in_force":"day","qty":1}`, 422, "side must be buy or sell"},
		{"GET", "/v2/orders?status=new", "", 422, "status must be open, closed or all"},
		{"GET", "/v2/orders?limit=0", "", 422, "limit must be a number"},
		{"GET", "/v2/orders?after=yesterday", "", 422, "invalid after"},
		{"GET", "/v2/orders?a=%zz", "", 422, "the query is malformed"},
		{"GET", "/v2/stocks/bars?timeframe=1Day", "", 400, "symbols is required"},
		{"GET", "/v2/stocks/bars?symbols=AAPL&timeframe=2Week", "", 400, "invalid timeframe"},
		{"GET", "/v2/stocks/bars?symbols=AAPL&timeframe=5Month", "", 400, "invalid timeframe"},
		{"GET", "/v2/stocks/bars?symbols=AAPL&timeframe=60Min", "", 400, "invalid timeframe"},
		{"GET", "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&adjustment=none", "", 400, "invalid adjustment"},
		{"GET", "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&feed=moon", "", 400, "invalid feed"},
		{"GET", "/v2/stocks/trades?symbols=NOPE", "", 200, `{"next_page_token":null,"trades":{}}`},
		{"GET", "/v2/stocks/NOPE/quotes", "", 200, `{"next_page_token":null,"quotes":[],"symbol":"NOPE"}`},
		{"GET", "/v2/stocks/snapshots?symbols=NOPE", "", 200, `{}`},
		{"GET", "/v2/stocks/NOPE/snapshot", "", 404, "no snapshot found"},
		{"GET", "/v2/stocks/NOPE/trades/latest", "", 404, "no trade found"},
		{"GET", "/v1/corporate-actions", "", 200, `{"corporate_actions":{},"next_page_token":null}`},
		{"GET", "/v1beta1/news", "", 200, `{"news":[],"next_page_token":null}`},
		{"GET", "/v2/stocks/bars?symbols=AAPL&timeframe=Day", "", 400, "invalid timeframe"},
		{"GET", "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&page_token=!", "", 400, "invalid page_token"},
		{"GET", "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&start=2026-11-20&end=2026-11-19", "", 400, "end should not be before start"},
		{"GET", "/v2/stocks/bars?symbols=NOPE&timeframe=1Day", "", 200, `{"bars":{},"next_page_token":null}`},
		{"GET", "/v2/stocks/NOPE/bars?timeframe=1Day", "", 200, `{"bars":[],"symbol":"NOPE","next_page_token":null}`},
		{"GET", "/v2/stocks/bars/latest?symbols=NOPE", "", 200, `{"bars":{}}`},
		{"GET", "/v2/account/portfolio/history?period=1X", "", 422, "invalid period"},
		{"GET", "/v2/account/portfolio/history?period=999A", "", 200, `"timeframe":"1D"`},
		{"GET", "/v2/account/portfolio/history?period=1A&timeframe=1Min", "", 422, "only available for periods up to 30 days"},
		{"POST", "/_simulator/advance", `{}`, 422, "to is required"},
		{"POST", "/_simulator/advance", `{"to":"2026-11-20T14:00:00Z"}`, 422, "cannot go back"},
		{"GET", "/_simulator/clock", "", 200, `{"now":"2026-11-20T15:00:00Z","pace":"held","is_open":true}`},
	} {
		status, body, id := b.ask(t, c.method, c.path, c.body)
		if status != c.status || !strings.Contains(body, c.want) || !json.Valid([]byte(body)) {
			t.Errorf("%s %s %.60s: %d %s, want %d %s", c.method, c.path, c.body, status, body, c.status, c.want)
		}
		if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(id) {
			t.Errorf("%s %s: request id %q", c.method, c.path, id)
		}
	}
}

func TestKeysAreAskedForEverywhere(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	b.ask(t, "GET", "/v2/account", "")
	const plain, page = `{"message":"unauthorized."}`, "<center><h1>401 Authorization Required</h1></center>"
	for path, want := range map[string]string{
		"/v2/account": plain, "/v2/assets": plain, "/v2/stocks/bars?symbols=AAPL&timeframe=1Day": plain, "/v2/orders": plain,
		"/v2/clock": page, "/v2/calendar": page, "/v3/clock": page,
	} {
		for _, keys := range [][2]string{{"", ""}, {"key", ""}, {"key", "wrong"}, {strings.Repeat("k", 200), "secret"}} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("APCA-API-KEY-ID", keys[0])
			request.Header.Set("APCA-API-SECRET-KEY", keys[1])
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil || response.StatusCode != http.StatusUnauthorized || !strings.Contains(string(body), want) {
				t.Errorf("%s with %.8s: %d %s", path, keys[0], response.StatusCode, body)
			}
		}
	}
}

func FuzzCreateOrder(f *testing.F) {
	f.Add(`{"symbol":"AAPL","qty":"1","side":"buy","type":"market","time_in_force":"day"}`)
	f.Add(`{"symbol":"AAPL","notional":1e5,"side":"sell","type":"market","time_in_force":"ioc","client_order_id":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		b := setup(t, "2026-11-20T15:00:00Z")
		status, answer, _ := b.ask(t, http.MethodPost, "/v2/orders", body)
		if status >= 500 || !json.Valid([]byte(answer)) {
			t.Errorf("%q: %d %s", body, status, answer)
		}
	})
}
