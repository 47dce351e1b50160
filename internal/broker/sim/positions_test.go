package sim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

func TestClosePosition(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hold, query string
		status      int
		want        string // quantity of the order, or the refusal's text
	}{
		"whole":                      {"qty=10", "", 200, "10"},
		"quantity":                   {"qty=10", "?qty=4", 200, "4"},
		"percentage":                 {"qty=10", "?percentage=55", 200, "5"},
		"percentage of a fraction":   {"qty=1.5", "?percentage=50", 200, "0.75"},
		"short":                      {"qty=10 side=sell", "?percentage=50", 200, "5"},
		"both":                       {"qty=10", "?qty=4&percentage=5", 422, "only one of qty or percentage is accepted"},
		"more than all":              {"qty=10", "?percentage=101", 422, "percentage must be between 0 and 100"},
		"more than held":             {"qty=10", "?qty=11", 403, "insufficient qty available for order (requested: 11, available: 10)"},
		"nothing":                    {"qty=10", "?qty=0", 422, "qty must be > 0"},
		"less than a share of whole": {"qty=1", "?percentage=50", 422, "qty must be > 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := recorded(t, "2020-06-01T14:00:00Z", quiet)
			b.place(t, c.hold)
			b.advance(t, "2020-06-01T14:00:10Z")
			status, body, _ := b.ask(t, "DELETE", "/v2/positions/XYZ"+c.query, "")
			if status != c.status {
				t.Fatalf("HTTP %d %s", status, body)
			}
			if status != 200 {
				if !strings.Contains(strings.ReplaceAll(body, `\u003e`, ">"), c.want) {
					t.Errorf("%s, want %s", body, c.want)
				}
				return
			}
			var o wire.Order
			if read(t, body, &o); o.Qty.Decimal.String() != c.want || o.Type != "market" || o.TimeInForce != "day" || !strings.HasSuffix(o.PositionIntent, "_to_close") {
				t.Errorf("%s, want %s", body, c.want)
			}
		})
	}
}

func TestCloseAllPositions(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	b.place(t, "symbol=AAPL qty=3")
	b.place(t, "symbol=KO qty=5 side=sell")
	b.advance(t, "2026-11-20T15:10:00Z")
	held := b.place(t, "symbol=AAPL side=sell type=limit limit_price=99999")
	closeAll := func(query string) []string {
		t.Helper()
		status, body, _ := b.ask(t, "DELETE", "/v2/positions"+query, "")
		var items []struct {
			Symbol string
			Status int
			Body   struct {
				Qty     string
				Message string
				Related []string `json:"related_orders"`
			}
		}
		if read(t, body, &items); status != 207 {
			t.Errorf("HTTP %d", status)
		}
		var got []string
		for _, i := range items {
			got = append(got, fmt.Sprint(i.Symbol, " ", i.Status, " ", i.Body.Qty, i.Body.Message, i.Body.Related))
		}
		return got
	}
	want := "[AAPL 403 insufficient qty available for order (requested: 3, available: 2)[" + held.ID + "] KO 200 5[]]"
	if got := fmt.Sprint(closeAll("")); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	b.advance(t, "2026-11-20T15:20:00Z")
	if got := fmt.Sprint(closeAll("?cancel_orders=true")); got != "[AAPL 200 3[]]" {
		t.Error(got)
	}
	b.advance(t, "2026-11-20T15:30:00Z")
	if _, body, _ := b.ask(t, "GET", "/v2/positions", ""); body != "[]" {
		t.Error(body)
	}
	if got := closeAll(""); len(got) != 0 {
		t.Error(got)
	}
}

func TestWatchlists(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	ask := func(method, path, body string, status int) string {
		t.Helper()
		got, answer, _ := b.ask(t, method, path, body)
		if got != status {
			t.Errorf("%s %s %s: HTTP %d %s, want %d", method, path, body, got, answer, status)
		}
		return answer
	}
	symbols := func(answer string) string {
		var w wire.Watchlist
		read(t, answer, &w)
		names := w.Name
		for _, a := range w.Assets {
			names += " " + a.Symbol
		}
		return names
	}
	var made wire.Watchlist
	read(t, ask("POST", "/v2/watchlists", `{"name":"mine","symbols":["KO","AAPL","KO"]}`, 200), &made)
	id := "/v2/watchlists/" + made.ID
	for _, step := range []struct {
		method, path, body string
		want               string
	}{
		{"GET", id, "", "mine KO AAPL"},
		{"POST", id, `{"symbol":"MSFT"}`, "mine KO AAPL MSFT"},
		{"DELETE", id + "/KO", "", "mine AAPL MSFT"},
		{"PUT", id, `{"name":"yours"}`, "yours AAPL MSFT"},
		{"PUT", "/v2/watchlists:by_name?name=yours", `{"symbols":["TSLA"]}`, "yours TSLA"},
		{"POST", "/v2/watchlists:by_name?name=yours", `{"symbol":"KO"}`, "yours TSLA KO"},
		{"DELETE", "/v2/watchlists:by_name/TSLA?name=yours", "", "yours KO"},
		{"GET", "/v2/watchlists:by_name?name=yours", "", "yours KO"},
		{"PUT", id, `{"symbols":[]}`, "yours"},
	} {
		if got := symbols(ask(step.method, step.path, step.body, 200)); got != step.want {
			t.Errorf("%s %s %s: %s, want %s", step.method, step.path, step.body, got, step.want)
		}
	}
	if list := ask("GET", "/v2/watchlists", "", 200); strings.Contains(list, "assets") || !strings.Contains(list, `"name":"yours"`) {
		t.Error(list)
	}
	for request, want := range map[string]string{
		`POST /v2/watchlists {"name":"yours"}`:              `{"code":40010001,"message":"watchlist name must be unique"}`,
		`POST /v2/watchlists {"symbols":[]}`:                `{"code":40010001,"message":"name is required"}`,
		`POST /v2/watchlists {"name":"x","symbols":["NO"]}`: `{"code":42210000,"message":"asset \"NO\" not found"}`,
		`GET /v2/watchlists:by_name?name=test `:             `{"code":40410000,"message":"watchlist not found: test"}`,
		`DELETE /v2/watchlists:by_name/AAPL?name=yours `:    `{"code":40410000,"message":"symbol not found in watchlist: AAPL"}`,
		`GET /v2/watchlists/b91a5a4d `:                      `{"code":40410000,"message":"watchlist not found: b91a5a4d"}`,
	} {
		parts := strings.SplitN(request, " ", 3)
		if _, answer, _ := b.ask(t, parts[0], parts[1], parts[2]); answer != want {
			t.Errorf("%s: %s, want %s", request, answer, want)
		}
	}
	ask("DELETE", id, "", 204)
	ask("GET", id, "", 404)
}
