package sim_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/sharedtest"
)

// served is a request that collected answers belong to, and how the official SDK asks it.
type served struct {
	ask    string // of the simulator
	nobody string // the same for symbols without data
	read   func(trading *alpaca.Client, data *marketdata.Client) (any, error)
}

const fixtureSpan = "start=2026-08-10&end=2026-08-14"

var fixtureDays = struct{ start, end time.Time }{time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)}

// servedRequests are the routes of the collected answers, by the path or the SDK's function that
// the collection names.
var servedRequests = map[string]served{
	"GET /v2/stocks/bars": {"symbols=AAPL&timeframe=1Day&" + fixtureSpan, "symbols=NONE&timeframe=1Day&" + fixtureSpan, func(_ *alpaca.Client, c *marketdata.Client) (any, error) {
		return c.GetMultiBars([]string{"AAPL"}, marketdata.GetBarsRequest{TimeFrame: marketdata.OneDay, Start: fixtureDays.start, End: fixtureDays.end, TotalLimit: 1})
	}},
	"GET /v2/stocks/trades": {"symbols=AAPL&" + fixtureSpan, "symbols=NONE&" + fixtureSpan, func(_ *alpaca.Client, c *marketdata.Client) (any, error) {
		return c.GetMultiTrades([]string{"AAPL"}, marketdata.GetTradesRequest{Start: fixtureDays.start, End: fixtureDays.end, TotalLimit: 1})
	}},
	"GET /v2/stocks/quotes": {"symbols=AAPL&" + fixtureSpan, "symbols=NONE&" + fixtureSpan, func(_ *alpaca.Client, c *marketdata.Client) (any, error) {
		return c.GetMultiQuotes([]string{"AAPL"}, marketdata.GetQuotesRequest{Start: fixtureDays.start, End: fixtureDays.end, TotalLimit: 1})
	}},
	"GET /v2/stocks/auctions": {"symbols=AAPL&" + fixtureSpan, "symbols=NONE&" + fixtureSpan, func(_ *alpaca.Client, c *marketdata.Client) (any, error) {
		return c.GetMultiAuctions([]string{"AAPL"}, marketdata.GetAuctionsRequest{Start: fixtureDays.start, End: fixtureDays.end, TotalLimit: 1})
	}},
	"GET /v2/stocks/bars/latest": {"symbols=AAPL", "symbols=NONE", func(_ *alpaca.Client, c *marketdata.Client) (any, error) {
		return c.GetLatestBars([]string{"AAPL"}, marketdata.GetLatestBarRequest{})
	}},
	"GET /v2/stocks/trades/latest": {"symbols=AAPL", "symbols=NONE", func(_ *alpaca.Client, c *marketdata.Client) (any, error) {
		return c.GetLatestTrades([]string{"AAPL"}, marketdata.GetLatestTradeRequest{})
	}},
	"GET /v2/stocks/quotes/latest": {"symbols=AAPL", "symbols=NONE", func(_ *alpaca.Client, c *marketdata.Client) (any, error) {
		return c.GetLatestQuotes([]string{"AAPL"}, marketdata.GetLatestQuoteRequest{})
	}},
	"GET /v2/stocks/snapshots": {"symbols=AAPL", "symbols=NONE", func(_ *alpaca.Client, c *marketdata.Client) (any, error) {
		return c.GetSnapshots([]string{"AAPL"}, marketdata.GetSnapshotRequest{})
	}},
	"GET /v1/corporate-actions": {"symbols=AAPL&start=2026-08-01&end=2026-08-14", "symbols=NONE", func(_ *alpaca.Client, c *marketdata.Client) (any, error) {
		return c.GetCorporateActions(marketdata.GetCorporateActionsRequest{Symbols: []string{"AAPL"}})
	}},
	"GET /v1beta1/news": {"symbols=AAPL&include_content=true&start=2026-08-01", "symbols=NONE", func(_ *alpaca.Client, c *marketdata.Client) (any, error) {
		return c.GetNews(marketdata.GetNewsRequest{TotalLimit: 1})
	}},
	"GET /v2/assets/AAPL": {"", "", func(c *alpaca.Client, _ *marketdata.Client) (any, error) { return c.GetAsset("AAPL") }},

	// The SDK has no function for these: the shapes of our own client read them.
	"GET /v2/stocks/AAPL/bars":             {ask: "timeframe=1Day&limit=3&" + fixtureSpan},
	"GET /v2/stocks/AAPL/trades":           {ask: "limit=3&" + fixtureSpan},
	"GET /v2/stocks/AAPL/quotes":           {ask: "limit=3&" + fixtureSpan},
	"GET /v2/stocks/AAPL/auctions":         {ask: "limit=3&" + fixtureSpan},
	"GET /v2/stocks/AAPL/bars/latest":      {},
	"GET /v2/stocks/AAPL/trades/latest":    {},
	"GET /v2/stocks/AAPL/quotes/latest":    {},
	"GET /v2/stocks/AAPL/snapshot":         {},
	"GET /v2/stocks/meta/exchanges":        {},
	"GET /v2/stocks/meta/conditions/trade": {ask: "tape=A"},
	"GET /v2/stocks/meta/conditions/quote": {ask: "tape=A"},
	"GET /v3/calendar/NYSE":                {ask: fixtureSpan},
	"DELETE /v2/positions":                 {},
}

// namedRequests are the requests of collected answers whose index names a function or nothing.
var namedRequests = map[string]string{
	"GetBars": "GET /v2/stocks/bars", "GetMultiBars": "GET /v2/stocks/bars", "GetTrades": "GET /v2/stocks/trades", "GetQuotes": "GET /v2/stocks/quotes",
	"GetLatestBar": "GET /v2/stocks/bars/latest", "GetLatestBars": "GET /v2/stocks/bars/latest",
	"GetLatestTrade": "GET /v2/stocks/trades/latest", "GetLatestTrades": "GET /v2/stocks/trades/latest",
	"GetLatestQuote": "GET /v2/stocks/quotes/latest", "GetLatestQuotes": "GET /v2/stocks/quotes/latest",
	"GetSnapshot": "GET /v2/stocks/snapshots", "GetSnapshots": "GET /v2/stocks/snapshots", "GetAsset": "GET /v2/assets/AAPL",

	"live/stocks_bars_single.json": "GET /v2/stocks/AAPL/bars", "live/stocks_bars_sip.json": "GET /v2/stocks/bars",
	"live/stocks_latest_bar_single.json": "GET /v2/stocks/AAPL/bars/latest", "live/stocks_latest_quote_single.json": "GET /v2/stocks/AAPL/quotes/latest",
	"live/stocks_latest_trade_single.json": "GET /v2/stocks/AAPL/trades/latest", "live/stocks_quotes_single.json": "GET /v2/stocks/AAPL/quotes",
	"live/stocks_trades_single.json": "GET /v2/stocks/AAPL/trades", "live/stocks_snapshot_single.json": "GET /v2/stocks/AAPL/snapshot",
	"live/stocks_auctions.json": "GET /v2/stocks/auctions", "live/stocks_auctions_single.json": "GET /v2/stocks/AAPL/auctions",
	"live/stocks_meta_exchanges.json": "GET /v2/stocks/meta/exchanges", "live/stocks_meta_conditions_trade.json": "GET /v2/stocks/meta/conditions/trade",
	"live/stocks_meta_conditions_quote.json": "GET /v2/stocks/meta/conditions/quote", "live/trading_calendar_market_v3.json": "GET /v3/calendar/NYSE",
}

// notServed are the parts of Alpaca's interface that the simulator leaves out.
var notServed = regexp.MustCompile(`/v1beta3/crypto|/v1beta1/(options|screener|fixed_income)|/v2/assets/fixed_income|Crypto|Option|options_meta`)

// requestOf is the request that a row of the index belongs to.
func requestOf(row []string) string {
	file, path := row[0], row[2]
	for _, name := range []string{file, path} {
		if request, known := namedRequests[name]; known {
			return request
		}
	}
	path, _, _ = strings.Cut(path, "?")
	return "GET " + path
}

// Every collected answer that belongs to a served route is read by the official SDK, and the
// simulator's answer to the same request has the same keys and types. What differs is listed with
// its reason in testdata/fixture_differences.json.
func TestAnswersHaveTheKeysOfCollectedOnes(t *testing.T) {
	t.Parallel()
	fixtures := filepath.Join(sharedtest.Dir(t), "reference", "alpaca", "fixtures")
	index, err := os.Open(filepath.Join(fixtures, "INDEX.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	rows, err := csv.NewReader(index).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	known := readGaps(t)
	b := fixtureMarket(t)
	compared := 0
	for _, row := range rows[1:] {
		if strings.Contains(row[0], "cancel_all_positions") { // an item of a list; see TestClosedPositionsAreReadAsCollected
			continue
		}
		if notServed.MatchString(row[0]) || notServed.MatchString(row[2]) {
			continue
		}
		request := requestOf(row)
		route, ok := servedRequests[request]
		if !ok {
			t.Errorf("%s: nothing is known of %q", row[0], request)
			continue
		}
		content, err := os.ReadFile(filepath.Join(fixtures, row[0]))
		if err != nil {
			t.Fatal(err)
		}
		compared++
		if route.read != nil {
			checkRead(t, row[0], content, route)
		}
		b.compare(t, row[0], request, content, route, known)
	}
	if compared < 70 {
		t.Errorf("only %d answers were compared", compared)
	}
	known.unused(t)
}

// compare asks the simulator the same.
func (b bench) compare(t *testing.T, file, request string, theirs []byte, route served, known *knownGaps) {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	query := route.ask
	if strings.Contains(file, "empty_response") || strings.Contains(file, "not_found") {
		query = route.nobody
	}
	status, ours, _ := b.ask(t, method, path+"?"+query, "")
	if status != http.StatusOK {
		t.Errorf("%s: HTTP %d %s", request, status, ours)
		return
	}
	for _, problem := range shapeOf(t, theirs).differences(shapeOf(t, []byte(ours)), "") {
		if !known.has(file, problem) {
			t.Errorf("%s: %s", file, problem)
		}
	}
}

// checkRead lets the official SDK read the answer.
func checkRead(t *testing.T, file string, content []byte, route served) {
	t.Helper()
	var again map[string]any
	if err := json.Unmarshal(content, &again); err != nil {
		t.Fatal(err)
	}
	delete(again, "next_page_token") // one page is all there is
	content, err := json.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }))
	defer server.Close()
	found, err := route.read(
		alpaca.NewClient(alpaca.ClientOpts{APIKey: "key", APISecret: "secret", BaseURL: server.URL, RetryLimit: -1}),
		marketdata.NewClient(marketdata.ClientOpts{APIKey: "key", APISecret: "secret", BaseURL: server.URL, RetryLimit: -1}))
	empty := strings.Contains(file, "empty_response") || strings.Contains(file, "not_found") || strings.HasSuffix(file, "trades_currency__02.json")
	if text := fmt.Sprintf("%v", found); err != nil || (len(text) <= len("map[]")) != empty {
		t.Errorf("%s is read as %.80s, %v", file, text, err)
	}
}

// The collected bodies of the items of DELETE /v2/positions, an order and an error, are read by the
// SDK, and the simulator's have their keys.
func TestClosedPositionsAreReadAsCollected(t *testing.T) {
	t.Parallel()
	var bodies [2]json.RawMessage
	for i := range bodies {
		file := filepath.Join(sharedtest.Dir(t), "reference", "alpaca", "fixtures", "go", fmt.Sprintf("alpaca__test_cancel_all_positions__%02d.json", i+1))
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bodies[i] = content
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = fmt.Fprintf(w, `[{"symbol":"AAPL","status":200,"body":%s},{"symbol":"KO","status":422,"body":%s}]`, bodies[0], bodies[1])
	}))
	defer server.Close()
	trading := alpaca.NewClient(alpaca.ClientOpts{APIKey: "key", APISecret: "secret", BaseURL: server.URL, RetryLimit: -1})
	if orders, err := trading.CloseAllPositions(alpaca.CloseAllPositionsRequest{}); len(orders) != 1 || orders[0].Symbol != "AAPL" || err == nil {
		t.Errorf("read as %+v, %v", orders, err)
	}
	b := setup(t, "2026-11-20T15:00:02Z")
	b.place(t, "symbol=AAPL qty=2")
	b.place(t, "symbol=KO qty=2")
	b.advance(t, "2026-11-20T15:01:00Z")
	b.place(t, "symbol=KO qty=1 side=sell type=limit limit_price=900")
	status, body, _ := b.ask(t, "DELETE", "/v2/positions", "")
	var items []struct{ Body json.RawMessage }
	if read(t, body, &items); status != http.StatusMultiStatus || len(items) != 2 {
		t.Fatalf("HTTP %d %s", status, body)
	}
	for i, theirs := range bodies {
		for _, problem := range shapeOf(t, theirs).differences(shapeOf(t, items[i].Body), "") {
			if !strings.HasSuffix(problem, "is ours alone") {
				t.Error(problem)
			}
		}
	}
}

// fixtureMarket has one stock with everything that there can be.
func fixtureMarket(t *testing.T) bench {
	t.Helper()
	folder := t.TempDir()
	days, minutes := "symbol,timestamp,open,high,low,close,volume\n", "symbol,timestamp,open,high,low,close,volume\n"
	for day := range 5 {
		days += fmt.Sprintf("AAPL,2026-08-1%d,200,204,199,202,5000000\n", day)
		minutes += fmt.Sprintf("AAPL,2026-08-1%dT13:30:00Z,200,201,199,200.5,90000\nAAPL,2026-08-1%dT19:59:00Z,201,202.5,200.7,202,80000\n", day, day)
	}
	writeFile(t, filepath.Join(folder, "days.csv"), days)
	writeFile(t, filepath.Join(folder, "minutes.csv"), minutes)
	writeFile(t, filepath.Join(folder, sim.ActionsFile), "symbol,ex_date,type,ratio_or_cash\nAAPL,2026-08-03,split,4\nAAPL,2026-08-04,split,0.1\nAAPL,2026-08-05,dividend,0.25\nAAPL,2026-08-06,spin_off,1.5\n")
	writeFile(t, filepath.Join(folder, sim.NewsFile), `[{"id":7,"headline":"Up","author":"A. Writer","created_at":"2026-08-12T12:00:00Z","updated_at":"2026-08-12T12:00:00Z",
		"summary":"It rose.","content":"It rose a lot.","url":"https://example.com/7","images":[{"size":"small","url":"https://example.com/7.png"}],"symbols":["AAPL"],"source":"wire"}]`)
	prices, err := sim.LoadCSV(folder)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, sim.Config{Market: prices, Now: at(t, "2026-08-14T20:30:00Z")})
}

// knownGaps are the differences that testdata/fixture_differences.json explains.
type knownGaps struct {
	list []*knownGap
}

type knownGap struct {
	File    string `json:"file"`    // a pattern of their names
	Problem string `json:"problem"` // a pattern of what is reported
	Reason  string `json:"reason"`

	file, problem *regexp.Regexp
	used          bool
}

func readGaps(t *testing.T) *knownGaps {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "fixture_differences.json"))
	if err != nil {
		t.Fatal(err)
	}
	known := &knownGaps{}
	if err := json.Unmarshal(content, &known.list); err != nil {
		t.Fatal(err)
	}
	for _, one := range known.list {
		one.file, one.problem = regexp.MustCompile(one.File), regexp.MustCompile("^(?:"+one.Problem+")$")
	}
	return known
}

func (d *knownGaps) has(file, problem string) bool {
	for _, one := range d.list {
		if one.file.MatchString(file) && one.problem.MatchString(problem) {
			one.used = true
			return true
		}
	}
	return false
}

func (d *knownGaps) unused(t *testing.T) {
	t.Helper()
	for _, one := range d.list {
		if !one.used || one.Reason == "" {
			t.Errorf("the difference %s of %s is not there any more, or has no reason", one.Problem, one.File)
		}
	}
}
