package sim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/sharedtest"
)

// Real answers of 2026 and ours to the same request have the same keys and types.
func TestAnswersHaveTheKeysOfRealOnes(t *testing.T) {
	t.Parallel()
	fixtures := filepath.Join(sharedtest.Dir(t), "reference", "alpaca", "fixtures", "live")
	b := setup(t, "2026-08-14T21:00:00Z")
	const span = "start=2026-08-10&end=2026-08-14&limit=3"
	for file, path := range map[string]string{
		"stocks_bars_single.json":         "/v2/stocks/AAPL/bars?timeframe=1Day&" + span,
		"stocks_bars_sip.json":            "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&" + span,
		"stocks_latest_bar_single.json":   "/v2/stocks/AAPL/bars/latest",
		"stocks_latest_quote_single.json": "/v2/stocks/AAPL/quotes/latest",
		"stocks_latest_trade_single.json": "/v2/stocks/AAPL/trades/latest",
		"stocks_quotes_single.json":       "/v2/stocks/AAPL/quotes?" + span,
		"stocks_trades_single.json":       "/v2/stocks/AAPL/trades?" + span,
		"stocks_snapshot_single.json":     "/v2/stocks/AAPL/snapshot",
		"stocks_auctions.json":            "/v2/stocks/auctions?symbols=AAPL&" + span,
		"stocks_auctions_single.json":     "/v2/stocks/AAPL/auctions?" + span,
		"stocks_meta_exchanges.json":      "/v2/stocks/meta/exchanges",
		"trading_calendar_market_v3.json": "/v3/calendar/NYSE?start=2026-08-10&end=2026-08-14",
	} {
		real, err := os.ReadFile(filepath.Join(fixtures, file))
		if err != nil {
			t.Fatal(err)
		}
		status, ours, _ := b.ask(t, "GET", path, "")
		if status != 200 {
			t.Errorf("%s: HTTP %d %s", path, status, ours)
			continue
		}
		want, got := shapeOf(t, real), shapeOf(t, []byte(ours))
		if want != got {
			t.Errorf("%s is\n%s\nthe recorded answer\n%s", path, got, want)
		}
	}
}

// shapeOf spells the keys and types of a JSON value: of an array those of its first element, of a
// page token none, because both a token and its absence are right.
func shapeOf(t *testing.T, content []byte) string {
	t.Helper()
	var value any
	if err := json.Unmarshal(content, &value); err != nil {
		t.Fatal(err)
	}
	return shape(value)
}

func shape(value any) string {
	switch value := value.(type) {
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if key == "next_page_token" {
				parts = append(parts, key)
				continue
			}
			name := key
			if strings.ToUpper(key) == key { // a symbol or a letter of an exchange
				name = "NAME"
			}
			parts = append(parts, name+":"+shape(value[key]))
		}
		return "{" + strings.Join(slices.Compact(parts), " ") + "}"
	case []any:
		if len(value) == 0 {
			return "[]"
		}
		return "[" + shape(value[0]) + "]"
	default:
		return fmt.Sprintf("%T", value)
	}
}
