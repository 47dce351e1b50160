package lab_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/lab"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// sessions are the first trading days of January 2020.
var sessions = []int{2, 3, 6, 7, 8, 9, 10, 13, 14, 15}

// day is midnight New York of the nth session: its bar starts there and closes at 16:00.
func day(n int) time.Time { return time.Date(2020, 1, sessions[n-1], 5, 0, 0, 0, time.UTC) }

// opening is when the nth session opens.
func opening(n int) time.Time { return day(n).Add(9*time.Hour + 30*time.Minute) }

func days(openClose ...float64) []trade.Bar {
	var bars []trade.Bar
	for i := 0; i < len(openClose); i += 2 {
		start := day(1 + i/2)
		open, close := openClose[i], openClose[i+1]
		bars = append(bars, trade.Bar{
			Start: start, End: start.Add(16 * time.Hour),
			Open: open, Close: close, High: max(open, close), Low: min(open, close),
		})
	}
	return bars
}

// follow trades each turn of the price: SMA 1 against SMA 2, half of the equity at a time.
func follow(bars map[string][]trade.Bar, symbols ...string) lab.Config {
	settings := trade.DefaultFileSettings()
	settings.RSI.Enabled, settings.MACD.Enabled, settings.Bollinger.Enabled = false, false, false
	settings.SMA = trade.SMASettings{Enabled: true, ShortPeriod: 1, LongPeriod: 2}
	settings.PositionSizePct = decimal.NewFromInt(50)
	config := lab.Config{Settings: settings, Symbols: symbols, Bars: bars, From: day(3), To: day(4), Cash: decimal.NewFromInt(1000)}
	for _, all := range bars { // until an hour after the last close: the next opening is not reached
		if end := all[len(all)-1].End.Add(time.Hour); end.After(config.To) {
			config.To = end
		}
	}
	return config
}

func run(t *testing.T, config lab.Config) lab.Report {
	t.Helper()
	report, err := lab.Run(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestRunByHand: the turn upwards at the close of day 3 buys $500 at day 4's open of 12.50, which
// are 40 shares; the turn downwards on day 5 sells them at day 6's open of 10: $400.
func TestRunByHand(t *testing.T) {
	t.Parallel()
	report := run(t, follow(map[string][]trade.Bar{"AAPL": days(10, 10, 9, 9, 12, 12, 12.5, 13, 11, 11, 10, 9.5)}, "AAPL"))
	if len(report.Trades) != 1 {
		t.Fatalf("trades: %+v", report.Trades)
	}
	got := report.Trades[0]
	if got.Side != "long" || got.Qty.String() != "40" || got.EntryPrice.String() != "12.5" || got.ExitPrice.String() != "10" ||
		got.Profit.String() != "-100" || *got.Return != -0.2 || !got.EntryAt.Equal(opening(4)) || !got.ExitAt.Equal(opening(6)) ||
		got.EntryReason != "Buy AAPL for $500.00: SMA 1 12.00 rose above SMA 2 10.50." ||
		got.ExitReason != "Sell all 40 shares of AAPL: SMA 1 11.00 fell below SMA 2 12.00." {
		t.Errorf("%+v", got)
	}
	var curve []string
	for _, point := range report.Curve {
		curve = append(curve, point.Equity.String())
	}
	if text := strings.Join(curve, " "); text != "1000 1000 1020 940 900" {
		t.Errorf("equity curve %s", text)
	}
	if report.Equity.String() != "900" || report.Symbols[0].Profit.String() != "-100" ||
		report.Figures.Trades != 1 || *report.Figures.WinRate != 0 || len(report.Problems) != 0 {
		t.Errorf("%+v", report)
	}
}

func TestRunKeepsWhatIsOpen(t *testing.T) {
	t.Parallel()
	report := run(t, follow(map[string][]trade.Bar{
		"AAPL": days(10, 10, 9, 9, 12, 12, 13, 12.1, 12.1, 12.2), // $500 at 13: 38.461538461 shares
		"MSFT": days(10, 10, 10, 10, 9, 9, 8, 8, 9, 9),           // turns upwards at the last close
	}, "AAPL", "MSFT"))
	if len(report.Trades) != 1 || report.Trades[0].ExitAt != nil || report.Trades[0].Qty.String() != "38.461538461" {
		t.Errorf("trades: %+v", report.Trades)
	}
	aapl := report.Symbols[0]
	if aapl.OpenQty.String() != "38.461538461" || aapl.OpenProfit.String() != "-30.77" || aapl.WinRate != nil || aapl.Trades != 0 {
		t.Errorf("AAPL: %+v", aapl)
	}
	if len(report.Unfilled) != 1 || !strings.HasPrefix(report.Unfilled[0], "Buy MSFT for $484.62") {
		t.Errorf("unfilled: %v", report.Unfilled)
	}
	if report.Equity.String() != "969.23" {
		t.Errorf("equity %s", report.Equity)
	}
}

// TestRunSellsShort: a turn downwards sells 500 whole shares at day 4's open of 8, the turn
// upwards on day 5 buys them back at day 6's open of 7.
func TestRunSellsShort(t *testing.T) {
	t.Parallel()
	config := follow(map[string][]trade.Bar{"AAPL": days(10, 10, 11, 11, 10, 10, 8, 8, 9, 9, 7, 7)}, "AAPL")
	config.Cash = decimal.NewFromInt(10000)
	config.Settings.AllowShort = true
	report := run(t, config)
	if len(report.Trades) != 1 {
		t.Fatalf("trades: %+v", report.Trades)
	}
	got := report.Trades[0]
	if got.Side != "short" || got.Qty.String() != "500" || got.Profit.String() != "500" || *got.Return != 0.125 {
		t.Errorf("%+v", got)
	}
	if report.Equity.String() != "10500" {
		t.Errorf("equity %s", report.Equity)
	}
}

// TestRunSharesTheMoney: three symbols turn at once, half of the equity each: two fit.
func TestRunSharesTheMoney(t *testing.T) {
	t.Parallel()
	bars := days(10, 10, 9, 9, 12, 12, 12, 12)
	report := run(t, follow(map[string][]trade.Bar{"A": bars, "B": bars, "C": bars}, "C", "A", "B"))
	if len(report.Trades) != 2 || report.Trades[0].Symbol != "C" || report.Trades[1].Symbol != "A" ||
		report.Skips[trade.SkipBuyingPower] != 1 {
		t.Errorf("trades %+v, skips %v", report.Trades, report.Skips)
	}
}

// TestRunNamesWhatIsMissing: a short history is told, never silent.
func TestRunNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	config := follow(map[string][]trade.Bar{
		"AAPL": days(10, 10, 9, 9, 12, 12, 12.5, 13, 11, 11, 10, 9.5),
		"OLD":  days(10, 10),
	}, "AAPL", "OLD", "NONE")
	config.Settings.SMA.LongPeriod = 5
	config.Settings.RSI.Enabled = true
	want := []string{
		"AAPL: rsi needs 14 bars, has 6; it never voted.",
		"AAPL: sma needs 5 bars, had 3 on 2020-01-06; it was silent until 2020-01-08.",
		"OLD has no closed bars between 2020-01-06 and 2020-01-09.",
		"NONE has no closed bars between 2020-01-06 and 2020-01-09.",
	}
	if got := run(t, config).Problems; strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("problems:\n%s", strings.Join(got, "\n"))
	}
}

func TestRunRefusesNonsense(t *testing.T) {
	t.Parallel()
	good := follow(map[string][]trade.Bar{"AAPL": days(10, 10)}, "AAPL")
	for name, change := range map[string]func(*lab.Config){
		"no symbol":    func(c *lab.Config) { c.Symbols = nil },
		"no time":      func(c *lab.Config) { c.To = c.From },
		"no money":     func(c *lab.Config) { c.Cash = decimal.Zero },
		"bad settings": func(c *lab.Config) { c.Settings.SMA.ShortPeriod = 0 },
	} {
		config := good
		change(&config)
		if _, err := lab.Run(context.Background(), config); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := lab.Run(stopped, good); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

func TestReportIsJSONWithNumbers(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(run(t, follow(map[string][]trade.Bar{"AAPL": days(10, 10, 9, 9, 12, 12, 3, 13)}, "AAPL")))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"cash":1000,`, `"qty":166.666666666,`, `"exit_at":null`, `"win_rate":null`, `"problems":[]`, `"unfilled":[]`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s lacks %s", text, part)
		}
	}
}

func TestProgressEndsAtTheEnd(t *testing.T) {
	t.Parallel()
	config := follow(map[string][]trade.Bar{"AAPL": days(10, 10, 9, 9, 12, 12, 3, 6)}, "AAPL")
	last, whole := 0, -1
	config.Progress = func(done, total int) {
		if done < last {
			t.Errorf("went back from %d to %d", last, done)
		}
		last, whole = done, total
	}
	run(t, config)
	if last != whole || whole != 4 {
		t.Errorf("ended at %d of %d", last, whole)
	}
}
