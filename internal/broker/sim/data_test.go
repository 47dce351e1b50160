package sim_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// folder writes a data folder and serves it at the time.
func folder(t *testing.T, now string, files map[string]string) bench {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := sim.LoadCSV(folder)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, sim.Config{Market: m, Now: at(t, now)})
}

const header = "symbol,timestamp,open,high,low,close,volume\n"

func TestAdjustments(t *testing.T) {
	t.Parallel()
	b := folder(t, "2026-11-20T22:00:00Z", map[string]string{
		"ABC.csv": header + "ABC,2026-11-16,400,400,400,400,1000\nABC,2026-11-17,400,400,400,400,1000\n" +
			"ABC,2026-11-18,100,100,100,100,4000\nABC,2026-11-19,98,98,98,98,4000\nABC,2026-11-20,98,98,98,98,4000\n",
		"corporate_actions.csv": "symbol,ex_date,type,ratio_or_cash\nABC,2026-11-18,split,4\nABC,2026-11-19,dividend,2\nABC,2026-11-23,split,2\n",
	})
	for adjustment, want := range map[marketdata.Adjustment][3]float64{ // first close, its volume, the close before the dividend
		"raw": {400, 1000, 100}, "split": {100, 4000, 100}, "dividend": {392, 1000, 98}, "all": {98, 4000, 98}, "split,dividend": {98, 4000, 98},
	} {
		bars, err := b.data.GetBars("ABC", marketdata.GetBarsRequest{
			TimeFrame: marketdata.OneDay, Adjustment: adjustment, Start: at(t, "2026-11-16T00:00:00Z"),
		})
		if err != nil || len(bars) != 5 {
			t.Fatalf("%s: %v, %v", adjustment, bars, err)
		}
		if got := [3]float64{bars[0].Close, float64(bars[0].Volume), bars[2].Close}; got != want || bars[4].Close != 98 {
			t.Errorf("%s: %v, want %v", adjustment, got, want)
		}
	}
	actions, err := b.data.GetCorporateActions(marketdata.GetCorporateActionsRequest{Symbols: []string{"ABC"}})
	if err != nil || len(actions.ForwardSplits) != 0 {
		t.Errorf("today: %+v, %v", actions, err)
	}
	_, body, _ := b.ask(t, "GET", "/v1/corporate-actions?symbols=ABC&start=2026-11-01&end=2026-11-30", "")
	for _, part := range []string{`"forward_splits":[{`, `"cash_dividends":[{`, `"new_rate":4`, `"rate":2`, `"ex_date":"2026-11-18"`, `"next_page_token":null`} {
		if !strings.Contains(body, part) {
			t.Errorf("%s lacks %s", body, part)
		}
	}
}

func TestBadCorporateActionsAreRefused(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"line 2: type": "ABC,2026-11-18,merger,1", "line 2: 2026-11-21 is not a trading day": "ABC,2026-11-21,split,2",
		"line 2: \"0\" is not": "ABC,2026-11-18,split,0", "line 2: 3 fields": "ABC,2026-11-18,split", "line 2: \"1e99\"": "ABC,2026-11-18,split,1e99",
	} {
		folder := t.TempDir()
		for file, content := range map[string]string{"ABC.csv": header + "ABC,2026-11-16,4,4,4,4,1\n", sim.ActionsFile: "symbol,ex_date,type,ratio_or_cash\n" + line + "\n"} {
			if err := os.WriteFile(filepath.Join(folder, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := sim.LoadCSV(folder); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want %s", line, err, name)
		}
	}
}

// Bars of weeks and months are exact joins of the days, whatever the page size.
func TestLongBarsJoinTheirDays(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T22:00:00Z")
	start := at(t, "2025-01-01T05:00:00Z")
	days, err := b.data.GetBars("AAPL", marketdata.GetBarsRequest{TimeFrame: marketdata.OneDay, Start: start})
	if err != nil {
		t.Fatal(err)
	}
	for _, frame := range []marketdata.TimeFrame{{N: 1, Unit: marketdata.Week}, {N: 1, Unit: marketdata.Month}, {N: 3, Unit: marketdata.Month}, {N: 12, Unit: marketdata.Month}} {
		bars, err := b.data.GetBars("AAPL", marketdata.GetBarsRequest{TimeFrame: frame, Start: start, PageLimit: 3})
		if err != nil || len(bars) == 0 {
			t.Fatalf("%v: %d bars, %v", frame, len(bars), err)
		}
		for i, bar := range bars {
			end := at(t, "2026-11-21T00:00:00Z")
			if i+1 < len(bars) {
				end = bars[i+1].Timestamp
			}
			high, volume := 0.0, uint64(0)
			for _, day := range days {
				if !day.Timestamp.Before(bar.Timestamp) && day.Timestamp.Before(end) {
					high, volume = math.Max(high, day.High), volume+day.Volume
				}
			}
			if bar.High != high || bar.Volume != volume {
				t.Errorf("%v from %s: %+v, its days have high %v and volume %d", frame, bar.Timestamp, bar, high, volume)
			}
			if weekday := bar.Timestamp.Weekday(); frame.Unit == marketdata.Week && weekday != time.Monday {
				t.Errorf("a week begins on %s", weekday)
			}
		}
	}
}

// Paging through several symbols gives what one large page gives, in both directions.
func TestPagesAddUp(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	for _, kind := range []string{"bars", "trades", "quotes", "auctions"} {
		for _, sort := range []string{"asc", "desc"} {
			path := "/v2/stocks/" + kind + "?symbols=MSFT,AAPL,NOPE&timeframe=5Min&start=2026-11-20T14:40:00Z&end=2026-11-20T14:59:00Z&sort=" + sort
			if kind == "auctions" {
				path = "/v2/stocks/auctions?symbols=MSFT,AAPL&start=2026-11-10&end=2026-11-19&sort=" + sort
			}
			whole := b.collect(t, kind, path+"&limit=10000")
			parts := b.collect(t, kind, path+"&limit=7")
			if len(whole) == 0 || strings.Join(whole, "\n") != strings.Join(parts, "\n") {
				t.Errorf("%s %s: %d in one page, %d in pages of seven", kind, sort, len(whole), len(parts))
			}
		}
	}
}

// collect pages through the answers and lists "symbol item".
func (b bench) collect(t *testing.T, kind, path string) (items []string) {
	t.Helper()
	for token := ""; ; {
		status, body, _ := b.ask(t, "GET", path+"&page_token="+token, "")
		var page map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &page); err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, status, body)
		}
		var bySymbol map[string][]json.RawMessage
		if err := json.Unmarshal(page[kind], &bySymbol); err != nil {
			t.Fatal(err)
		}
		for _, symbol := range []string{"AAPL", "MSFT"} {
			for _, item := range bySymbol[symbol] {
				items = append(items, symbol+" "+string(item))
			}
		}
		var next *string
		if err := json.Unmarshal(page["next_page_token"], &next); err != nil || next == nil {
			return items
		}
		token = *next
	}
}

func TestFreePlanSeesOldSIPData(t *testing.T) {
	t.Parallel()
	b := serve(t, sim.Config{Market: sim.NewSynthetic(1), Now: at(t, "2026-11-20T16:00:00Z"), FreePlan: true})
	const path = "/v2/stocks/AAPL/bars?timeframe=1Min&start=2026-11-20T15:00:00Z"
	for query, want := range map[string]struct {
		status int
		last   string
	}{
		"":                                   {200, "2026-11-20T15:45:00Z"},
		"&feed=iex":                          {200, "2026-11-20T16:00:00Z"},
		"&feed=sip&end=2026-11-20T15:50:00Z": {403, ""},
		"&feed=sip&end=2026-11-20T15:44:00Z": {200, "2026-11-20T15:44:00Z"},
	} {
		status, body, _ := b.ask(t, "GET", path+query, "")
		var page wire.SymbolBars
		if err := json.Unmarshal([]byte(body), &page); status != want.status || status == 200 && (err != nil || !page.Bars[len(page.Bars)-1].Start.Equal(at(t, want.last))) {
			t.Errorf("%s: %d %.200s, want %+v", query, status, body, want)
		}
	}
	if status, body, _ := b.ask(t, "GET", "/v2/stocks/AAPL/trades/latest?feed=sip", ""); status != 403 || body != `{"message":"subscription does not permit querying recent SIP data"}` {
		t.Errorf("latest SIP trade: %d %s", status, body)
	}
}

func TestSnapshotsAgreeWithTheirParts(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:03Z")
	snapshot, err := b.data.GetSnapshot("AAPL", marketdata.GetSnapshotRequest{})
	if err != nil {
		t.Fatal(err)
	}
	trade, err := b.data.GetLatestTrade("AAPL", marketdata.GetLatestTradeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	quote, err := b.data.GetLatestQuote("AAPL", marketdata.GetLatestQuoteRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if snapshot.LatestTrade.Price != trade.Price || snapshot.LatestQuote.AskPrice != quote.AskPrice || snapshot.DailyBar.Close != trade.Price ||
		snapshot.MinuteBar.Close != trade.Price || snapshot.PrevDailyBar.Timestamp.Equal(snapshot.DailyBar.Timestamp) || quote.BidPrice >= quote.AskPrice {
		t.Errorf("snapshot %+v, trade %+v, quote %+v", snapshot, trade, quote)
	}
	many, err := b.data.GetSnapshots([]string{"AAPL", "MSFT", "NOPE"}, marketdata.GetSnapshotRequest{})
	if err != nil || many["NOPE"] != nil || many["MSFT"] == nil {
		t.Errorf("snapshots %v, %v", many, err)
	}
}

func TestNewsOfTheFolder(t *testing.T) {
	t.Parallel()
	article := `{"id":%d,"headline":"h","author":"a","created_at":%q,"updated_at":%q,"summary":"","content":"c","url":null,"images":[],"symbols":["ABC"],"source":"s"}`
	b := folder(t, "2026-11-20T22:00:00Z", map[string]string{
		"ABC.csv": header + "ABC,2026-11-20,4,4,4,4,1\n",
		"news.json": "[" + fmt.Sprintf(article, 1, "2026-11-19T12:00:00Z", "2026-11-19T12:00:00Z") + "," +
			fmt.Sprintf(article, 2, "2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z") + "," +
			fmt.Sprintf(article, 3, "2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z") + "]",
	})
	news, err := b.data.GetNews(marketdata.GetNewsRequest{PageLimit: 1, Symbols: []string{"ABC"}})
	if err != nil || len(news) != 2 || news[0].ID != 2 {
		t.Errorf("news %+v, %v", news, err)
	}
}

// Bars are encoded by hand; it must be what encoding/json makes of wire.Bars.
func TestBarsAreEncodedAsTheirShape(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:03Z")
	for _, path := range []string{"/v2/stocks/bars?symbols=MSFT,AAPL&limit=300&timeframe=1Min&start=2026-11-20T14:00:00Z", "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&start=2020-01-01&limit=2"} {
		_, body, _ := b.ask(t, "GET", path, "")
		var shape wire.Bars
		if err := json.Unmarshal([]byte(body), &shape); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(shape)
		if err != nil || string(again) != body {
			t.Errorf("%s\n%.500s\n%.500s\n%v", path, body, again, err)
		}
	}
}
