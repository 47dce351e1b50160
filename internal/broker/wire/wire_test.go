package wire_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/sharedtest"
)

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(sharedtest.Dir(t), "reference", "alpaca", "fixtures", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Real captures must survive decoding and encoding without a change: nothing lost, nothing added.
func TestCapturedMarketDataRoundTrips(t *testing.T) {
	t.Parallel()
	for name, shape := range map[string]any{
		"live/stocks_bars_sip.json":          &wire.Bars{},
		"live/stocks_bars_single.json":       &wire.SymbolBars{},
		"live/stocks_latest_bar_single.json": &wire.LatestBar{},
		"data/test_historical_stock_data__test_get_bars_multi_empty_response__01.json":         &wire.Bars{},
		"data/test_historical_stock_data__test_multisymbol_get_bars__01.json":                  &wire.Bars{},
		"data/test_historical_stock_data__test_multi_stock_latest_bar__01.json":                &wire.LatestBars{},
		"data/test_historical_stock_data__test_stock_latest_bar_multi_empty_response__01.json": &wire.LatestBars{},
		"go/marketdata__test_get_multi_bars__01.json":                                          &wire.Bars{},
		"go/marketdata__test_latest_bars__01.json":                                             &wire.LatestBars{},
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			original := fixture(t, name)
			if err := json.Unmarshal(original, shape); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(shape)
			if err != nil {
				t.Fatal(err)
			}
			var want, got any
			if err := json.Unmarshal(original, &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(again, &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(want, got) {
				t.Errorf("decoded and encoded again:\n%s\nwant\n%s", again, original)
			}
		})
	}
}

func TestAssetFixture(t *testing.T) {
	t.Parallel()
	var asset wire.Asset
	if err := json.Unmarshal(fixture(t, "go/alpaca__test_get_asset_from_json__01.json"), &asset); err != nil {
		t.Fatal(err)
	}
	if asset.Symbol != "APCA" || asset.Exchange != "NASDAQ" || !asset.Fractionable || !asset.EasyToBorrow || asset.Class != "us_equity" {
		t.Errorf("asset %+v", asset)
	}
}

// Every key that the OpenAPI document names for a schema is a key of our shape, and trading
// decimals are strings.
func TestTradingShapesHaveTheDocumentedKeys(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		shape any
		keys  string
	}{
		"account":   {wire.Account{}, "account_blocked account_number accrued_fees balance_asof buying_power cash created_at crypto_status currency equity id initial_margin intraday_adjustments last_equity last_maintenance_margin long_market_value maintenance_margin multiplier non_marginable_buying_power options_approved_level options_buying_power options_trading_level pending_reg_taf_fees pending_transfer_in pending_transfer_out portfolio_value regt_buying_power short_market_value shorting_enabled sma status trade_suspended_by_user trading_blocked transfers_blocked"},
		"order":     {wire.Order{}, "asset_class asset_id canceled_at client_order_id created_at expired_at expires_at extended_hours failed_at filled_at filled_avg_price filled_qty hwm id legs limit_price notional order_class order_type position_intent qty replaced_at replaced_by replaces side status stop_price submitted_at symbol time_in_force trail_percent trail_price type updated_at"},
		"position":  {wire.Position{}, "asset_class asset_id asset_marginable avg_entry_price change_today cost_basis current_price exchange lastday_price market_value qty qty_available side symbol unrealized_intraday_pl unrealized_intraday_plpc unrealized_pl unrealized_plpc"},
		"asset":     {wire.Asset{}, "attributes borrow_status class easy_to_borrow exchange fractionable id maintenance_margin_requirement margin_requirement_long margin_requirement_short marginable name shortable status symbol tradable"},
		"history":   {wire.PortfolioHistory{}, "base_value equity profit_loss profit_loss_pct timeframe timestamp"},
		"clock":     {wire.Clock{}, "is_open next_close next_open timestamp"},
		"calendar":  {wire.CalendarDay{}, "close date open session_close session_open settlement_date"},
		"settings":  {wire.Configurations{}, "disable_overnight_trading fractional_trading max_margin_multiplier max_options_trading_level no_shorting ptp_no_exception_entry suspend_trade trade_confirm_email"},
		"watchlist": {wire.Watchlist{}, "account_id created_at id name updated_at"},
		"activity":  {wire.NonTradeActivity{}, "activity_type created_at currency date id net_amount status"},
		"execution": {wire.FillActivity{}, "activity_type cum_qty id leaves_qty order_id order_status price qty side symbol transaction_time type"},
	} {
		encoded, err := json.Marshal(c.shape)
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]any
		if err := json.Unmarshal(encoded, &object); err != nil {
			t.Fatal(err)
		}
		for key := range strings.FieldsSeq(c.keys) {
			if _, ok := object[key]; !ok {
				t.Errorf("%s lacks %q", name, key)
			}
		}
	}
}

func TestDecimalsAreStringsAndUnsetIsNull(t *testing.T) {
	t.Parallel()
	order := wire.Order{
		Qty:         decimal.NewNullDecimal(decimal.RequireFromString("2.500")),
		SubmittedAt: time.Date(2026, time.August, 3, 13, 30, 51, 372900000, time.UTC),
	}
	encoded, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"qty":"2.5"`, `"notional":null`, `"filled_qty":"0"`, `"filled_at":null`, `"legs":null`, `"submitted_at":"2026-08-03T13:30:51.3729Z"`} {
		if !strings.Contains(string(encoded), part) {
			t.Errorf("%s lacks %s", encoded, part)
		}
	}
}

func TestCreateOrderTakesStringsNumbersAndNulls(t *testing.T) {
	t.Parallel()
	var order wire.CreateOrder
	body := `{"symbol":"AAPL","qty":1.5,"notional":null,"side":"buy","type":"market","time_in_force":"day","limit_price":null,"client_order_id":"","take_profit":null}`
	if err := json.Unmarshal([]byte(body), &order); err != nil {
		t.Fatal(err)
	}
	if !order.Qty.Valid || order.Qty.Decimal.String() != "1.5" || order.Notional.Valid {
		t.Errorf("order %+v", order)
	}
	if err := json.Unmarshal([]byte(`{"qty":"2"}`), &order); err != nil || order.Qty.Decimal.String() != "2" {
		t.Errorf("order %+v, error %v", order, err)
	}
}
