package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const wholeStrategy = `# as the Python system wrote it
indicators:
  rsi: {enabled: false, period: 10, overbought: 75.5, oversold: 25}
  sma_crossover:
    enabled: true
    short_period: 5
    long_period: 30
  macd:
    fast_period: 6
    slow_period: 13
    signal_period: 5
  bollinger_bands:
    period: 15
    std_dev: 2.5
signal:
  mode: majority
  min_agree: 3
execution:
  order_type: market
  time_in_force: "gtc"
  position_size_pct: 2.5
  max_positions: 4
  allow_short: true
data:
  timeframe: 1Hour
  lookback_days: 60
schedule:
  enabled: true
  interval_minutes: 15
  cron: "30 9 * * 1-5"
  market_hours_only: false
`

func TestStrategyReadsEveryKey(t *testing.T) {
	t.Parallel()
	got, err := config.ParseStrategy("settings.yaml", []byte(wholeStrategy))
	if err != nil {
		t.Fatal(err)
	}
	want := trade.Settings{
		Timeframe: trade.Hour, LookbackDays: 60,
		RSI:        trade.RSISettings{Enabled: false, Period: 10, Overbought: 75.5, Oversold: 25},
		SMA:        trade.SMASettings{Enabled: true, ShortPeriod: 5, LongPeriod: 30},
		MACD:       trade.MACDSettings{Enabled: true, FastPeriod: 6, SlowPeriod: 13, SignalPeriod: 5},
		Bollinger:  trade.BollingerSettings{Enabled: true, Period: 15, StdDev: 2.5},
		SignalMode: trade.Majority, SignalMinAgree: 3,
		OrderType: trade.MarketOrder, TimeInForce: trade.TimeInForce("gtc"),
		PositionSizePct: decimal.RequireFromString("2.5"), MaxPositions: 4, AllowShort: true,
		Execution: trade.ExecutionSettings{SizeBy: trade.SizePercent, Foreign: trade.AdoptForeign},
		Schedule:  trade.ScheduleSettings{Kind: trade.ByCron, IntervalMinutes: 15, Cron: "30 9 * * 1-5", MarketHoursOnly: false},
	}
	if !same(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// same compares settings; equal decimals need not be identical.
func same(a, b trade.Settings) bool {
	written, err := json.Marshal(a)
	other, otherErr := json.Marshal(b)
	return err == nil && otherErr == nil && string(written) == string(other)
}

func TestWhatIsLeftOutHasItsDefault(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "---\n", "indicators:\n  rsi:\nsignal:\n", "schedule: {cron: null}"} {
		got, err := config.ParseStrategy("settings.yaml", []byte(text))
		if err != nil || !same(got, trade.DefaultFileSettings()) {
			t.Errorf("%q gave %+v, %v", text, got, err)
		}
	}
}

func TestWrongStrategyNamesFileAndLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"indicators:\n  rsi:\n    perod: 3\n":                   `settings.yaml:3: unknown key "perod"`,
		"a: 1":                                                  `settings.yaml:1: unknown key "a"`,
		"indicators:\n  rsi:\n    period: ten\n":                "settings.yaml:3: indicators.rsi.period must be a whole number",
		"indicators:\n  rsi:\n    period: \"10\"\n":             "settings.yaml:3: indicators.rsi.period must be a whole number",
		"indicators:\n  rsi:\n    period:\n":                    "settings.yaml:3: indicators.rsi.period must be a whole number",
		"indicators:\n  rsi:\n    period: 99999999999999\n":     "settings.yaml:3:",
		"\nsignal:\n  mode: some\n":                             "settings.yaml:3: signal.mode must be unanimous",
		"data:\n  timeframe: 2Hour\n":                           "settings.yaml:2: data.timeframe",
		"indicators:\n  rsi:\n    overbought: 20\n":             "settings.yaml:2: indicators.rsi.oversold must be below overbought",
		"indicators:\n  sma_crossover:\n    short_period: 50\n": "settings.yaml:3: indicators.sma_crossover.short_period",
		"indicators:\n  bollinger_bands:\n    std_dev: .nan\n":  "settings.yaml:3: indicators.bollinger_bands.std_dev must be a number",
		"execution:\n  allow_short: yes please\n":               "settings.yaml:2: execution.allow_short must be true or false",
		"execution:\n  position_size_pct: 1e999999999\n":        "settings.yaml:2: execution.position_size_pct",
		"schedule:\n  cron: \"@daily\"\n":                       "settings.yaml:2: schedule.cron must be five cron fields",
		"schedule:\n  cron: TZ=UTC * * * *\n":                   "settings.yaml:2: schedule.cron",
		"schedule:\n  cron: 99 * * * *\n":                       "settings.yaml:2: schedule.cron",
		"signal:\n  mode: any\n  mode: any\n":                   "settings.yaml:3:",
		"signal: any\n":                                         "settings.yaml:1: signal must be a section",
		"- a\n- b\n":                                            "settings.yaml:1: the file must be a section",
		"signal:\n  mode: any\n---\ndata: {}\n":                 "settings.yaml:4: a second document",
		"signal:\n  mode: [any\n":                               "settings.yaml:",
		"signal:\n\tmode: any\n":                                "settings.yaml:2: not valid YAML",
		strings.Repeat("[", 1000):                               "settings.yaml:1: not valid YAML",
		"x: " + strings.Repeat("y", 70_000):                     "larger than 64 KiB",
		"a: &x 1\nb: *x\n":                                      "settings.yaml:1: unknown key",
	} {
		_, err := config.ParseStrategy("settings.yaml", []byte(text))
		if len(text) > 60 {
			text = text[:60] + "..."
		}
		t.Run(text, func(t *testing.T) { wantFault(t, err, want) })
	}
}

func TestMissingFilesAreNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nowhere.yaml")
	_, err := config.LoadStrategy(path)
	wantFault(t, err, path, "does not exist")
	_, err = config.LoadWatchlist(path)
	wantFault(t, err, path, "does not exist")
}

func TestWatchlistReadsBothForms(t *testing.T) {
	t.Parallel()
	got, err := config.ParseWatchlist("watchlist.yaml", []byte(
		"watchlist:\n  - symbol: AAPL\n    name: Apple Inc.\n  - msft\n  - TRUE\n  - {symbol: ON}\n  - symbol: V\n    name:\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []trade.WatchedSymbol{{Symbol: "AAPL", Name: "Apple Inc."}, {Symbol: "MSFT"}, {Symbol: "TRUE"}, {Symbol: "ON"}, {Symbol: "V"}}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("item %d: got %v, want %v", i, got[i], want[i])
		}
	}
	for _, empty := range []string{"", "watchlist:\n", "watchlist: []\n"} {
		if list, err := config.ParseWatchlist("w", []byte(empty)); err != nil || len(list) != 0 {
			t.Errorf("%q gave %v, %v", empty, list, err)
		}
	}
}

func TestWrongWatchlistNamesFileAndLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"watchlist:\n  - AAPL\n  - MSFT\n  - aapl\n":        "w.yaml:4: AAPL stands in the watchlist already, in line 2",
		"watchlist:\n  - symbol: TOOLONG\n":                 "w.yaml:2:",
		"watchlist:\n  - symbol: AAPL\n    nam: Apple\n":    `w.yaml:3: unknown key "nam"`,
		"watchlist:\n  - name: Apple\n":                     "w.yaml:2: this item of the watchlist has no symbol",
		"watchlist: AAPL\n":                                 "w.yaml:1: watchlist must be a list",
		"symbols:\n  - AAPL\n":                              `w.yaml:1: unknown key "symbols"`,
		"watchlist:\n  - [AAPL]\n":                          "w.yaml:2:",
		"watchlist:\n  - symbol: {a: b}\n":                  "w.yaml:2: symbol must be text",
		"watchlist:\n  - symbol: AAPL\n    symbol: MSFT\n":  "w.yaml:3:",
		"watchlist:\n  - symbol: AAPL\n    name: [Apple]\n": "w.yaml:3: name must be text",
	} {
		_, err := config.ParseWatchlist("w.yaml", []byte(text))
		t.Run(text, func(t *testing.T) { wantFault(t, err, want) })
	}
}

func TestShippedFilesAreValid(t *testing.T) {
	t.Parallel()
	settings, err := config.LoadStrategy("../../config/settings.yaml")
	if err != nil || !same(settings, trade.DefaultFileSettings()) {
		t.Errorf("%+v, %v", settings, err)
	}
	if list, err := config.LoadWatchlist("../../config/watchlist.yaml"); err != nil || len(list) == 0 {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := os.Stat("../../.env.example"); err != nil {
		t.Error(err)
	}
}

func FuzzStrategy(f *testing.F) {
	f.Add([]byte(wholeStrategy))
	for _, seed := range []string{"", "a: *b", "? a", "- - - a", "!!binary x", "a: |\n b", "{a: [}", "<<: {a: b}", "\xff", "a: &a [*a]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		settings, err := config.ParseStrategy("settings.yaml", text)
		if err != nil {
			wantFault(t, err, "settings.yaml")
		} else if err := settings.Validate(); err != nil {
			t.Errorf("accepted settings that do not validate: %v", err)
		}
	})
}

func FuzzWatchlist(f *testing.F) {
	for _, seed := range []string{"watchlist:\n  - AAPL\n", "watchlist:\n  - symbol: A\n    name: b\n", "watchlist: [*a]", "watchlist:\n -\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := config.ParseWatchlist("w.yaml", text)
		if err != nil {
			wantFault(t, err, "w.yaml")
		}
		for _, watched := range list {
			if symbol, err := trade.ParseSymbol(watched.Symbol); err != nil || symbol != watched.Symbol {
				t.Errorf("accepted symbol %q", watched.Symbol)
			}
		}
	})
}
