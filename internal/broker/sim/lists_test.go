package sim_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

func TestOrderListFilters(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	var ids []string
	for i, order := range []string{
		"symbol=AAPL client_order_id=a", "symbol=KO side=sell client_order_id=b", "symbol=MSFT type=limit limit_price=1 client_order_id=c",
		"symbol=AAPL type=limit limit_price=1 client_order_id=d",
	} {
		ids = append(ids, b.place(t, order).ID)
		b.advance(t, fmt.Sprintf("2026-11-20T15:0%d:00Z", i+1))
	}
	for query, want := range map[string]string{
		"":                                     "dc",
		"status=all":                           "dcba",
		"status=closed":                        "ba",
		"status=all&direction=asc":             "abcd",
		"status=all&limit=2":                   "dc",
		"status=all&symbols=AAPL,KO":           "dba",
		"status=all&side=sell":                 "b",
		"status=all&asset_class=us_equity":     "dcba",
		"status=all&asset_class=crypto":        "",
		"status=all&asset_class=crypto,all":    "dcba",
		"status=all&after=15:01:00":            "dc",
		"status=all&until=15:01:00":            "a",
		"status=all&before_order_id=" + ids[2]: "ba",
		"status=all&after_order_id=" + ids[0]:  "dcb",
		"status=all&direction=asc&limit=1&after_order_id=" + ids[1]: "c",
	} {
		query = strings.NewReplacer("=15:", "=2026-11-20T15:", ":00&", ":00Z&").Replace(query)
		if strings.HasSuffix(query, ":00") {
			query += "Z"
		}
		var orders []wire.Order
		_, body, _ := b.ask(t, "GET", "/v2/orders?"+query, "")
		read(t, body, &orders)
		got := ""
		for _, o := range orders {
			got += o.ClientOrderID
		}
		if got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for _, wrong := range []string{
		"status=none", "side=hold", "limit=0", "direction=up", "after=x",
		"before_order_id=" + ids[0] + "&after_order_id=" + ids[1], "before_order_id=" + ids[0] + "&after=2026-11-20",
	} {
		if status, body, _ := b.ask(t, "GET", "/v2/orders?"+wrong, ""); status != 422 {
			t.Errorf("%s: HTTP %d %s", wrong, status, body)
		}
	}
	if status, _, _ := b.ask(t, "GET", "/v2/orders?after_order_id=none", ""); status != 404 {
		t.Errorf("an unknown order: HTTP %d", status)
	}
}

func TestActivitiesInPages(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	for i := range 7 {
		b.place(t, "symbol=AAPL")
		b.advance(t, fmt.Sprintf("2026-11-20T15:0%d:30Z", i+1))
	}
	for _, direction := range []string{"asc", "desc"} {
		var all []string
		token := ""
		for {
			page := b.activities(t, "?page_size=3&direction="+direction+"&page_token="+url.QueryEscape(token))
			if len(page) == 0 {
				break
			}
			for _, a := range page {
				token = a["id"].(string)
				all = append(all, token)
			}
		}
		seen := map[string]bool{}
		for i, id := range all {
			if seen[id] || i > 0 && (all[i-1] < id) != (direction == "asc") {
				t.Errorf("%s: %s after %s", direction, id, all[max(0, i-1)])
			}
			seen[id] = true
		}
		if len(all) != 7 {
			t.Errorf("%s: %d activities", direction, len(all))
		}
	}
	for query, want := range map[string]int{
		"?category=trade_activity": 7, "?category=non_trade_activity": 0, "?activity_types=FILL,DIV": 7, "/FILL": 7, "/DIV": 0,
		"?date=2026-11-20": 7, "?date=2026-11-19": 0, "?after=2026-11-20T15:05:00Z": 2, "?until=2026-11-20T15:02:00Z": 2,
	} {
		if got := len(b.activities(t, query)); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	for _, wrong := range []string{"?category=x", "?category=trade_activity&activity_types=FILL", "?page_size=x"} {
		if status, body, _ := b.ask(t, "GET", "/v2/account/activities"+wrong, ""); status != 422 {
			t.Errorf("%s: HTTP %d %s", wrong, status, body)
		}
	}
}

func TestPartialFillsAreActivitiesOfTheirOwn(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet, func(c *sim.Config) { c.Participation = 0.1 })
	o := b.place(t, "qty=60")
	b.advance(t, "2020-06-01T14:02:00Z")
	list := b.activities(t, "?direction=asc&order_id="+o.ID)
	want := []string{"partial_fill 25 25 35 partially_filled", "partial_fill 25 50 10 partially_filled", "fill 10 60 0 filled"}
	if len(list) != len(want) {
		t.Fatalf("%d executions", len(list))
	}
	for i, a := range list {
		if got := fmt.Sprint(a["type"], " ", a["qty"], " ", a["cum_qty"], " ", a["leaves_qty"], " ", a["order_status"]); got != want[i] {
			t.Errorf("%s, want %s", got, want[i])
		}
	}
}

func TestPortfolioHistoryParameters(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T21:30:00Z") // Friday evening
	for query, c := range map[string]struct {
		points    int
		timeframe string
		first     string
	}{
		"":                          {24, "1D", "2026-10-20T13:30:00Z"},
		"?period=1D":                {390, "1Min", "2026-11-20T14:30:00Z"},
		"?period=1D&timeframe=5Min": {78, "5Min", ""},
		"?period=1D&timeframe=1H&extended_hours=true":               {13, "1H", "2026-11-20T09:00:00Z"},
		"?period=1D&timeframe=1H&intraday_reporting=extended_hours": {13, "1H", "2026-11-20T09:00:00Z"},
		"?period=1D&timeframe=1H&intraday_reporting=continuous":     {17, "1H", "2026-11-20T05:00:00Z"},
		"?period=2W":              {286, "15Min", ""},
		"?period=1A&timeframe=1D": {252, "1D", ""},
		"?start=2026-11-16T00:00:00-05:00&timeframe=1D":                               {5, "1D", "2026-11-16T14:30:00Z"},
		"?start=2026-11-16T00:00:00-05:00&end=2026-11-17T23:00:00-05:00&timeframe=1D": {2, "1D", ""},
		"?start=2026-11-09T00:00:00-05:00&period=1W&timeframe=1D":                     {5, "1D", "2026-11-09T14:30:00Z"},
		"?end=2026-11-13T23:00:00-05:00&period=1W&timeframe=1D":                       {6, "1D", "2026-11-06T14:30:00Z"},
		"?date_end=2026-11-13&period=1D&timeframe=1D&extended_hours=false":            {1, "1D", "2026-11-13T14:30:00Z"},
		"?period=1D&timeframe=1H&start=2026-11-19T15:30:00Z":                          {8, "1H", "2026-11-19T15:30:00Z"},
	} {
		status, body, _ := b.ask(t, "GET", "/v2/account/portfolio/history"+query, "")
		var h wire.PortfolioHistory
		if read(t, body, &h); status != 200 || h.Timeframe != c.timeframe || len(h.ProfitLoss) != len(h.Equity) || len(h.ProfitLossPct) != len(h.Equity) || len(h.Timestamp) != len(h.Equity) {
			t.Errorf("%s: HTTP %d %.200s", query, status, body)
			continue
		}
		if len(h.Equity) != c.points {
			t.Errorf("%s: %d points, want %d, from %s", query, len(h.Equity), c.points, time.Unix(h.Timestamp[0], 0).UTC())
		}
		if first := time.Unix(h.Timestamp[0], 0).UTC().Format(time.RFC3339); c.first != "" && first != c.first {
			t.Errorf("%s: from %s, want %s", query, first, c.first)
		}
	}
	for _, wrong := range []string{
		"?period=1X", "?period=0D", "?timeframe=2H", "?period=3M&timeframe=1H", "?intraday_reporting=x", "?pnl_reset=x", "?start=x",
		"?period=1D&start=2026-11-16&end=2026-11-17", "?start=2026-11-18&end=2026-11-17",
	} {
		if status, body, _ := b.ask(t, "GET", "/v2/account/portfolio/history"+wrong, ""); status != 422 {
			t.Errorf("%s: HTTP %d %.100s", wrong, status, body)
		}
	}
}

// Within a session profit counts from the previous close, unless it is asked not to.
func TestProfitResetsEachDay(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-19T15:00:00Z")
	b.place(t, "symbol=TSLA qty=100")
	b.advance(t, "2026-11-20T20:59:00Z")
	profits := func(query string) wire.PortfolioHistory {
		var h wire.PortfolioHistory
		_, body, _ := b.ask(t, "GET", "/v2/account/portfolio/history?period=2D&timeframe=1H"+query, "")
		read(t, body, &h)
		return h
	}
	daily, through := profits(""), profits("&pnl_reset=no_reset")
	if n := len(daily.Equity); n != 14 || daily.BaseValue != 100_000 || through.BaseValue != 100_000 {
		t.Fatalf("%d points from %v", n, daily.BaseValue)
	}
	for i := range daily.Equity {
		base := 100_000.0
		if i >= 7 {
			base = daily.Equity[6]
		}
		if diff := daily.Equity[i] - base - daily.ProfitLoss[i]; diff > 0.005 || diff < -0.005 {
			t.Errorf("point %d: profit %v of %v from %v", i, daily.ProfitLoss[i], daily.Equity[i], base)
		}
		if diff := through.Equity[i] - 100_000 - through.ProfitLoss[i]; diff > 0.005 || diff < -0.005 {
			t.Errorf("point %d: profit %v without reset", i, through.ProfitLoss[i])
		}
	}
}

func TestCalendarsAndClocks(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-27T19:30:00Z") // after the early close
	for path, wants := range map[string][]string{
		"/v2/calendar?start=2026-11-27&end=2026-11-27":                      {`[{"date":"2026-11-27","open":"09:30","close":"13:00","session_open":"0400","session_close":"1700","settlement_date":"2026-11-30"}]`},
		"/v2/calendar?start=2026-11-30&end=2026-11-30&date_type=SETTLEMENT": {`"date":"2026-11-27"`},
		"/v3/calendar/NYSE?start=2026-11-26&end=2026-11-27":                 {`"acronym":"NYSE","mic":"XNYS"`, `"core_end":"2026-11-27T13:00:00-05:00"`, `"post_end":"2026-11-27T17:00:00-05:00"`},
		"/v3/calendar/XNAS?timezone=UTC&start=2026-11-30&end=2026-11-30":    {`"core_start":"2026-11-30T14:30:00Z"`, `"settlement_date":"2026-12-01"`},
		"/v3/clock": {`"phase":"post","phase_until":"2026-11-27T17:00:00-05:00"`, `"is_market_day":true`, `"next_market_open":"2026-11-30T09:30:00-05:00"`},
		"/v3/clock?markets=NYSE,NASDAQ&time=2026-11-26T15:00:00Z": {`"phase":"closed","phase_until":"2026-11-27T04:00:00-05:00"`, `"is_market_day":false`, `"acronym":"NASDAQ"`},
		"/v3/clock?time=2026-11-30T10:00:00Z":                     {`"phase":"pre"`},
		"/v3/clock?time=2026-11-30T15:00:00Z":                     {`"phase":"core"`},
	} {
		status, body, _ := b.ask(t, "GET", path, "")
		for _, want := range wants {
			if status != 200 || !strings.Contains(body, want) {
				t.Errorf("%s: HTTP %d %s\nlacks %s", path, status, body, want)
			}
		}
	}
	for path, want := range map[string]int{"/v3/calendar/LSE": 400, "/v3/clock?markets=LSE": 400, "/v3/calendar/NYSE?timezone=CET": 400, "/v2/calendar?date_type=x": 422} {
		if status, body, _ := b.ask(t, "GET", path, ""); status != want {
			t.Errorf("%s: HTTP %d %s", path, status, body)
		}
	}
}

// A file of version 1 is upgraded: its money, orders and executions are there.
func TestOldStateFileIsUpgraded(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("testdata", "state-1.json"))
	if err != nil {
		t.Fatal(err)
	}
	kept := shelfOf(t, string(content))
	b := serve(t, sim.Config{Market: sim.NewSynthetic(1), State: kept})
	if a := b.account(t); a.Cash.Equal(*dec("100000")) || !a.BuyingPower.IsPositive() {
		t.Errorf("account %+v", a)
	}
	if list := b.activities(t, ""); len(list) != 1 || list[0]["type"] != "fill" || list[0]["cum_qty"] != "3" || list[0]["order_status"] != "filled" {
		t.Errorf("activities %v", list)
	}
	b.advance(t, "2026-11-23T15:00:00Z")
	var queued wire.Order
	_, body, _ := b.ask(t, "GET", "/v2/orders:by_client_order_id?client_order_id=queued", "")
	if read(t, body, &queued); outcome(queued) == "" || queued.Status != "filled" {
		t.Errorf("the queued order: %s", body)
	}
	if kept.header.Version != 3 {
		t.Errorf("written as version %d", kept.header.Version)
	}
	newer := shelfOf(t, strings.Replace(string(content), `"version":1`, `"version":4`, 1))
	if _, err := sim.New(sim.Config{Market: sim.NewSynthetic(1), State: newer}); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("a newer state: %v", err)
	}
}
