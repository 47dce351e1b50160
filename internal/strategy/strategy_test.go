package strategy_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/strategy"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func rule(t *testing.T, name string) strategy.Rule {
	t.Helper()
	for _, rule := range strategy.Catalog {
		if rule.Indicator == name {
			return rule
		}
	}
	t.Fatalf("no rule %s", name)
	return strategy.Rule{}
}

// small are periods that make crossings easy to follow by hand.
func small() trade.Settings {
	settings := trade.DefaultSettings()
	settings.RSI.Period = 2
	settings.SMA = trade.SMASettings{Enabled: true, ShortPeriod: 1, LongPeriod: 2}
	settings.MACD = trade.MACDSettings{Enabled: true, FastPeriod: 1, SlowPeriod: 2, SignalPeriod: 2}
	settings.Bollinger = trade.BollingerSettings{Enabled: true, Period: 4, StdDev: 1}
	return settings
}

func voteOn(t *testing.T, name string, closes ...float64) trade.Vote {
	t.Helper()
	voter := rule(t, name).New(small())
	for _, close := range closes {
		voter.Update(close)
	}
	return voter.Vote()
}

func TestVotes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		closes []float64
		action trade.Action
		reason string
	}{
		// gains 0, 0 and losses 0, 1, 1.5: no gain at all is an RSI of 0
		{"rsi", []float64{10, 8, 6}, trade.Buy, "RSI 0.0 < 30"},
		{"rsi", []float64{10, 12, 14}, trade.Sell, "RSI 100.0 > 70"},
		// average gain 0, 1/2, 1/4 and loss 0, 0, 1/2: 100 - 100/(1 + 1/2)
		{"rsi", []float64{10, 11, 10}, trade.None, "RSI 33.3 is between 30 and 70"},
		{"rsi", []float64{10, 10, 10}, trade.None, "the price has not moved"},
		{"sma", []float64{10, 9, 12}, trade.Buy, "SMA 1 12.00 rose above SMA 2 10.50"},
		{"sma", []float64{10, 11, 9}, trade.Sell, "SMA 1 9.00 fell below SMA 2 10.00"},
		{"sma", []float64{10, 11, 12}, trade.None, "SMA 1 12.00 is above SMA 2 11.50"},
		{"sma", []float64{10, 10, 12}, trade.Buy, "SMA 1 12.00 rose above SMA 2 11.00"}, // from equality
		{"sma", []float64{10, 10, 10}, trade.None, "SMA 1 10.00 equals SMA 2 10.00"},
		{"macd", []float64{10, 10, 10, 13}, trade.Buy, "MACD 1.00 rose above its signal line 0.67"},
		{"macd", []float64{10, 10, 10, 7}, trade.Sell, "MACD -1.00 fell below its signal line -0.67"},
		{"macd", []float64{10, 10, 10, 10}, trade.None, "MACD 0.0000 equals its signal line 0.0000"},
		// mean 10, deviation 2: bands 8 and 12
		{"bollinger", []float64{12, 8, 12, 8}, trade.Buy, "the close 8.00 reached the lower band 8.00"},
		{"bollinger", []float64{8, 12, 8, 12}, trade.Sell, "the close 12.00 reached the upper band 12.00"},
		{"bollinger", []float64{7, 13, 10, 10}, trade.None, "the close 10.00 is between the bands 7.88 and 12.12"},
		{"bollinger", []float64{0.1, 0.1, 0.1, 0.1}, trade.None, "the price has not moved and the bands have no width"},
	} {
		vote := voteOn(t, c.name, c.closes...)
		if vote.Action != c.action || vote.Reason != c.reason || vote.Problem != "" || len(vote.Values) == 0 {
			t.Errorf("%s of %v: %+v, want %q because %q", c.name, c.closes, vote, c.action, c.reason)
		}
	}
}

func TestValueNames(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"rsi": "rsi", "sma": "sma_short sma_long", "macd": "macd_line macd_signal_line macd_histogram",
		"bollinger": "bb_upper bb_middle bb_lower",
	}
	for _, rule := range strategy.Catalog {
		if got := names(voteOn(t, rule.Indicator, 10, 11, 12, 13, 12)); got != want[rule.Indicator] {
			t.Errorf("%s has the values %s", rule.Indicator, got)
		}
	}
}

// names are the names of the vote's values.
func names(vote trade.Vote) string {
	var shown []string
	for _, value := range vote.Values {
		shown = append(shown, value.Name)
	}
	return strings.Join(shown, " ")
}

// TestTooFewBars: one bar short of its values each rule says so by name and shows those that are
// known already; with just its values, a crossing still misses the bar before.
func TestTooFewBars(t *testing.T) {
	t.Parallel()
	settings := trade.DefaultSettings()
	exactly := map[string]string{
		"sma": "sma needs 201 bars to see a crossing, has 200", "macd": "macd needs 35 bars to see a crossing, has 34",
	}
	early := map[string]string{"sma": "sma_short", "macd": "macd_line"}
	for _, rule := range strategy.Catalog {
		voter, needs := rule.New(settings), rule.MinBars(settings)
		for i := range needs - 1 {
			voter.Update(100 + float64(i%3))
		}
		want := fmt.Sprintf("%s needs %d bars, has %d", rule.Indicator, needs, needs-1)
		vote := voter.Vote()
		if shown := names(vote); vote.Problem != want || vote.Action != trade.None || shown != early[rule.Indicator] {
			t.Errorf("%+v, want %q", vote, want)
		}
		voter.Update(101)
		if vote := voter.Vote(); vote.Problem != exactly[rule.Indicator] || len(vote.Values) == 0 {
			t.Errorf("with %d bars: %+v", needs, vote)
		}
		if rule.SettleBars(settings) < needs {
			t.Errorf("%s settles before it has values", rule.Indicator)
		}
	}
}

func TestReasonShowsTheDifference(t *testing.T) {
	t.Parallel()
	settings := small()
	settings.RSI.Oversold = 33.34
	voter := rule(t, "rsi").New(settings)
	for _, close := range []float64{10, 11, 10} {
		voter.Update(close)
	}
	if vote := voter.Vote(); vote.Reason != "RSI 33.33 < 33.34" {
		t.Errorf("reason %q", vote.Reason)
	}
}

func TestEnabled(t *testing.T) {
	t.Parallel()
	settings := trade.DefaultSettings()
	settings.SMA.Enabled = false
	var names []string
	for _, rule := range strategy.Enabled(settings) {
		names = append(names, rule.Indicator)
	}
	if got := strings.Join(names, " "); got != "rsi macd bollinger" {
		t.Errorf("enabled: %s", got)
	}
}

// TestEveryRuleIsListed: a rule that a file declares stands in the catalog.
func TestEveryRuleIsListed(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := os.ReadFile("catalog.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for name, object := range parsed.Scope.Objects {
			if object.Kind == ast.Var && strings.HasSuffix(name, "Rule") {
				declared++
				if !strings.Contains(string(catalog), "\t"+name+",\n") {
					t.Errorf("%s: %s is not in the catalog", file.Name(), name)
				}
			}
		}
	}
	if declared != len(strategy.Catalog) {
		t.Errorf("%d rules declared, %d listed", declared, len(strategy.Catalog))
	}
}
