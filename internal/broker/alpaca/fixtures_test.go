package alpaca_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/sharedtest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Recorded answers of Alpaca to requests that the client makes are read without loss.
func TestRecordedAnswersAreRead(t *testing.T) {
	t.Parallel()
	fixtures := filepath.Join(sharedtest.Dir(t), "reference", "alpaca", "fixtures")
	bars := func(symbols ...string) func(*testing.T, *alpaca.Client) {
		return func(t *testing.T, client *alpaca.Client) {
			found, err := client.Bars(t.Context(), trade.BarQuery{Symbols: symbols, Timeframe: trade.Day, Start: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)})
			if err != nil {
				t.Fatal(err)
			}
			for symbol, bars := range found {
				for _, bar := range bars {
					if bar.Close <= 0 || bar.High < bar.Low || bar.Volume <= 0 || !bar.Start.Before(bar.End) {
						t.Errorf("%s: %+v", symbol, bar)
					}
				}
			}
		}
	}
	prices := func(want bool) func(*testing.T, *alpaca.Client) {
		return func(t *testing.T, client *alpaca.Client) {
			found, err := client.LatestPrices(t.Context(), []string{"AAPL", "NIO"})
			if err != nil || (len(found) > 0) != want {
				t.Errorf("prices %v, %v", found, err)
			}
		}
	}
	for file, read := range map[string]func(*testing.T, *alpaca.Client){
		"data/test_historical_stock_data__test_get_bars_multi_empty_response__01.json":         bars("AAPL"),
		"data/test_historical_stock_data__test_stock_latest_bar_multi_empty_response__01.json": prices(false),
		"data/test_historical_stock_data__test_multi_stock_latest_bar__01.json":                prices(true),
		"go/marketdata__test_latest_bars__01.json":                                             prices(true),
		"go/alpaca__test_get_asset_from_json__01.json": func(t *testing.T, client *alpaca.Client) {
			asset, err := client.Asset(t.Context(), "APCA")
			if err != nil || asset.Symbol != "APCA" || !asset.Fractionable || !asset.EasyToBorrow {
				t.Errorf("asset %+v, %v", asset, err)
			}
		},
	} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join(fixtures, file))
			if err != nil {
				t.Fatal(err)
			}
			read(t, dial(t, answer(200, string(content))))
		})
	}
}

// Every answer that was recorded at the real market data API decodes: those of routes that the
// client asks through the client, in the shape for several symbols, the others through the SDK that
// it is built on.
func TestLiveMarketDataIsRead(t *testing.T) {
	t.Parallel()
	live := filepath.Join(sharedtest.Dir(t), "reference", "alpaca", "fixtures", "live")
	august := func(day int) time.Time { return time.Date(2026, time.August, day, 0, 0, 0, 0, time.UTC) }
	bars := func(t *testing.T, client *alpaca.Client, _ *marketdata.Client) {
		found, err := client.Bars(t.Context(), trade.BarQuery{Symbols: []string{"AAPL"}, Timeframe: trade.Day, Start: august(10), End: august(12)})
		if err != nil || len(found["AAPL"]) == 0 || found["AAPL"][0].Close != 308.26 || !found["AAPL"][0].End.Equal(time.Date(2026, time.August, 10, 20, 0, 0, 0, time.UTC)) {
			t.Errorf("bars %+v, %v", found, err)
		}
	}
	for file, c := range map[string]struct {
		wrap string // how a single symbol's answer looks among several; empty: as it is
		read func(*testing.T, *alpaca.Client, *marketdata.Client)
	}{
		"stocks_bars_sip.json":    {"", bars},
		"stocks_bars_single.json": {`{"bars":{"AAPL":.bars},"next_page_token":null}`, bars},
		"stocks_latest_bar_single.json": {`{"bars":{"AAPL":.bar}}`, func(t *testing.T, client *alpaca.Client, _ *marketdata.Client) {
			prices, err := client.LatestPrices(t.Context(), []string{"AAPL"})
			if err != nil || prices["AAPL"] != 305.96 {
				t.Errorf("prices %v, %v", prices, err)
			}
		}},
		"stocks_snapshot_single.json": {`{"AAPL":.}`, func(t *testing.T, client *alpaca.Client, _ *marketdata.Client) {
			quotes, err := client.Quotes(t.Context(), []string{"AAPL"})
			if err != nil || quotes["AAPL"].Bid.String() != "305.98" || quotes["AAPL"].Ask.String() != "305.99" || !quotes["AAPL"].Last.IsPositive() {
				t.Errorf("quotes %+v, %v", quotes, err)
			}
		}},
		"stocks_auctions.json": {"", func(t *testing.T, _ *alpaca.Client, sdk *marketdata.Client) {
			found, err := sdk.GetMultiAuctions([]string{"AAPL"}, marketdata.GetAuctionsRequest{Start: august(10), End: august(12)})
			if err != nil || len(found["AAPL"]) == 0 || len(found["AAPL"][0].Closing) == 0 {
				t.Errorf("auctions %+v, %v", found, err)
			}
		}},
		"stocks_auctions_single.json": {`{"auctions":{"AAPL":.auctions},"next_page_token":null}`, func(t *testing.T, _ *alpaca.Client, sdk *marketdata.Client) {
			found, err := sdk.GetAuctions("AAPL", marketdata.GetAuctionsRequest{Start: august(10), End: august(12)})
			if err != nil || len(found) == 0 || len(found[0].Opening) == 0 {
				t.Errorf("auctions %+v, %v", found, err)
			}
		}},
		"stocks_latest_quote_single.json": {`{"quotes":{"AAPL":.quote}}`, func(t *testing.T, _ *alpaca.Client, sdk *marketdata.Client) {
			found, err := sdk.GetLatestQuote("AAPL", marketdata.GetLatestQuoteRequest{})
			if err != nil || found == nil || found.AskPrice != 305.99 || found.AskSize != 120 {
				t.Errorf("quote %+v, %v", found, err)
			}
		}},
		"stocks_latest_trade_single.json": {`{"trades":{"AAPL":.trade}}`, func(t *testing.T, _ *alpaca.Client, sdk *marketdata.Client) {
			found, err := sdk.GetLatestTrade("AAPL", marketdata.GetLatestTradeRequest{})
			if err != nil || found == nil || found.Price != 305.98 || found.Timestamp.Nanosecond() != 451885732 {
				t.Errorf("trade %+v, %v", found, err)
			}
		}},
		"stocks_quotes_single.json": {`{"quotes":{"AAPL":.quotes},"next_page_token":null}`, func(t *testing.T, _ *alpaca.Client, sdk *marketdata.Client) {
			found, err := sdk.GetQuotes("AAPL", marketdata.GetQuotesRequest{Start: august(10), End: august(11)})
			if err != nil || len(found) == 0 || found[0].AskPrice != 314.2 {
				t.Errorf("quotes %+v, %v", found, err)
			}
		}},
		"stocks_trades_single.json": {`{"trades":{"AAPL":.trades},"next_page_token":null}`, func(t *testing.T, _ *alpaca.Client, sdk *marketdata.Client) {
			found, err := sdk.GetTrades("AAPL", marketdata.GetTradesRequest{Start: august(10), End: august(11)})
			if err != nil || len(found) == 0 || found[0].Price != 313.4 || found[0].Exchange != "K" {
				t.Errorf("trades %+v, %v", found, err)
			}
		}},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join(live, file))
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(answer(200, wrapped(t, c.wrap, content)))
			t.Cleanup(server.Close)
			c.read(t, clientOf(t, server.URL), marketdata.NewClient(marketdata.ClientOpts{APIKey: "k", APISecret: "s", BaseURL: server.URL, RetryLimit: -1}))
		})
	}
}

// The lists of conditions and exchanges, which nothing asks for yet, are plain names by code.
func TestLiveNamesAreRead(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"stocks_meta_conditions_quote.json", "stocks_meta_conditions_trade.json", "stocks_meta_exchanges.json", "options_meta_conditions_trade.json", "options_meta_exchanges.json"} {
		content, err := os.ReadFile(filepath.Join(sharedtest.Dir(t), "reference", "alpaca", "fixtures", "live", file))
		if err != nil {
			t.Fatal(err)
		}
		var names map[string]string
		if err := json.Unmarshal(content, &names); err != nil || len(names) < 5 {
			t.Errorf("%s: %d names, %v", file, len(names), err)
		}
	}
}

// wrapped puts the part of a recorded answer that the pattern names (.key, or . for all of it) into
// the pattern's place.
func wrapped(t *testing.T, pattern string, content []byte) string {
	t.Helper()
	if pattern == "" {
		return string(content)
	}
	before, rest, _ := strings.Cut(pattern, ":.")
	key := rest[:strings.IndexAny(rest, "},")]
	part := json.RawMessage(content)
	if key != "" {
		var all map[string]json.RawMessage
		if err := json.Unmarshal(content, &all); err != nil {
			t.Fatal(err)
		}
		part = all[key]
	}
	return before + ":" + string(part) + rest[len(key):]
}
