package alpaca_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

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
