package sim_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/indicator"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/sharedtest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func at(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

func TestSyntheticBarsAreAggregatesOfTheirMinutes(t *testing.T) {
	t.Parallel()
	m := sim.NewSynthetic(7)
	for _, now := range []string{"2026-11-20T15:17:42Z", "2026-11-20T21:30:00Z", "2026-11-27T18:00:00Z"} {
		now := at(t, now)
		minutes := m.AppendMinutes(nil, "AAPL", now, now)
		daily, ok := m.Daily("AAPL", now, now)
		if !ok || len(minutes) == 0 {
			t.Fatalf("%s: no bars", now)
		}
		joined := minutes[0]
		for _, bar := range minutes {
			joined.High, joined.Low, joined.Close = max(joined.High, bar.High), min(joined.Low, bar.Low), bar.Close
			joined.Volume += bar.Volume
		}
		joined.Volume -= minutes[0].Volume
		joined.Start, joined.End = daily.Start, daily.End
		if joined != daily {
			t.Errorf("%s: minutes join to %+v, daily bar %+v", now, joined, daily)
		}
	}
}

func TestSyntheticIsTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	first, second := sim.NewSynthetic(3), sim.NewSynthetic(3)
	times := []string{"2026-11-20T16:00:00Z", "2017-03-01T16:00:00Z", "2021-06-15T19:59:59Z"}
	for i := range times {
		forward, backward := at(t, times[i]), at(t, times[len(times)-1-i])
		first.LastPrint("TSLA", forward)
		second.LastPrint("TSLA", backward)
	}
	for _, text := range times {
		one, _ := first.LastPrint("TSLA", at(t, text))
		two, _ := second.LastPrint("TSLA", at(t, text))
		if one != two {
			t.Errorf("%s: %v and %v", text, one, two)
		}
	}
	other, _ := sim.NewSynthetic(4).LastPrint("TSLA", at(t, times[0]))
	if same, _ := first.LastPrint("TSLA", at(t, times[0])); same == other {
		t.Error("another seed gives the same price")
	}
}

// A demonstration needs signals: on 5-minute bars the RSI leaves 30 to 70 and the close leaves
// the Bollinger bands several times a session.
func TestSyntheticSwingsAreLively(t *testing.T) {
	t.Parallel()
	m := sim.NewSynthetic(1)
	sessions := market.Sessions(at(t, "2026-10-01T12:00:00Z"), at(t, "2026-10-30T12:00:00Z"))
	for _, symbol := range []string{"AAPL", "SPY", "TSLA", "KO"} {
		rsi := indicator.NewRSI(14)
		bands := indicator.NewBollinger(20, 2)
		oversold, touches, below := 0, 0, false
		worst := 0.0
		for _, session := range sessions {
			minutes := m.AppendMinutes(nil, symbol, session.Open, session.Close)
			for i := 4; i < len(minutes); i += 5 {
				rsi.Update(minutes[i].Close)
				bands.Update(minutes[i].Close)
				if _, _, lower := bands.Bands(); bands.Ready() && minutes[i].Close < lower {
					touches++
				}
				was := below
				below = rsi.Ready() && rsi.Value() < 30
				if below && !was {
					oversold++
				}
			}
			worst = max(worst, math.Abs(minutes[len(minutes)-1].Close/minutes[0].Open-1))
		}
		dips, lows := float64(oversold)/float64(len(sessions)), float64(touches)/float64(len(sessions))
		t.Logf("%s: a session has %.1f falls of the RSI below 30 and %.1f closes below the band; largest day %.1f %%", symbol, dips, lows, 100*worst)
		if dips < 1 || lows < 2 || worst > 0.25 {
			t.Errorf("%s: too quiet or too wild", symbol)
		}
	}
}

func TestSyntheticPricesStayPlausible(t *testing.T) {
	t.Parallel()
	m := sim.NewSynthetic(1)
	for _, asset := range m.Assets() {
		for year := 2016; year <= 2027; year++ {
			last, ok := m.LastPrint(asset.Symbol, time.Date(year, time.June, 30, 12, 0, 0, 0, time.UTC))
			if !ok || last.Price < 1 || last.Price > 5000 {
				t.Errorf("%s in %d: %v", asset.Symbol, year, last)
			}
		}
	}
}

func TestCSVReadsTheRecordedData(t *testing.T) {
	t.Parallel()
	data := filepath.Join(sharedtest.Dir(t), "data")
	for _, folders := range [][]string{
		{filepath.Join(data, "daily_raw"), filepath.Join(data, "minute_raw")}, {filepath.Join(data, "daily_adjusted")},
	} {
		m, err := sim.LoadCSV(folders...)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Assets()) != 8 {
			t.Errorf("%d assets, want 8", len(m.Assets()))
		}
	}
}

func TestCSVDailyBarShowsItsOpenAndThenAll(t *testing.T) {
	t.Parallel()
	m, err := sim.LoadCSV(filepath.Join(sharedtest.Dir(t), "data", "daily_raw"))
	if err != nil {
		t.Fatal(err)
	}
	day := at(t, "2020-06-01T13:30:00Z")
	if _, ok := m.Daily("SPY", day, day.Add(-time.Second)); ok {
		t.Error("a bar before the session's open")
	}
	forming, _ := m.Daily("SPY", day, at(t, "2020-06-01T19:59:59Z"))
	if forming.Open != 303.63 || forming.High != forming.Open || forming.Close != forming.Open || forming.Volume != 0 {
		t.Errorf("forming bar %+v", forming)
	}
	whole, _ := m.Daily("SPY", day, at(t, "2020-06-01T20:00:00Z"))
	if whole.Close == whole.Open || !whole.Start.Equal(at(t, "2020-06-01T04:00:00Z")) || !whole.End.Equal(at(t, "2020-06-01T20:00:00Z")) {
		t.Errorf("whole bar %+v", whole)
	}
}

func TestCSVRefusesBadFilesWithFileAndLine(t *testing.T) {
	t.Parallel()
	const header = "symbol,timestamp,open,high,low,close,volume\n"
	for name, c := range map[string]struct{ content, want string }{
		"header":    {"a,b\n", "line 1: the header"},
		"fields":    {header + "SPY,2020-06-01,1,2\n", "line 2: 4 fields"},
		"number":    {header + "SPY,2020-06-01,1,2,x,1,0\n", `line 2: "x" is not a number`},
		"nan":       {header + "SPY,2020-06-01,NaN,2,1,1,0\n", `line 2: "NaN" is not a number`},
		"weekend":   {header + "SPY,2020-06-06,1,2,1,1,0\n", "line 2: 2020-06-06 is not a trading day"},
		"order":     {header + "SPY,2020-06-02,1,2,1,1,0\nSPY,2020-06-01,1,2,1,1,0\n", "line 3: the bar is not after"},
		"price":     {header + "SPY,2020-06-02,1,2,0,1,0\n", "line 2: a price is not above zero"},
		"range":     {header + "SPY,2020-06-02,3,2,1,1,0\n", "line 2: open and close"},
		"symbol":    {header + "spy,2020-06-02,1,2,1,1,0\n", "line 2: symbol"},
		"timestamp": {header + "SPY,yesterday,1,2,1,1,0\n", "line 2: timestamp"},
		"mixed":     {header + "SPY,2020-06-01,1,2,1,1,0\nSPY,2020-06-02T13:30:00Z,1,2,1,1,0\n", "line 3: daily and minute"},
		"empty":     {header, "no bars"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "SPY.csv"), []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := sim.LoadCSV(folder)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "SPY.csv") {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func FuzzCSVLine(f *testing.F) {
	f.Add("SPY,2020-06-01,1,2,1,1,0")
	f.Add("SPY,2020-06-01T13:30:00Z,1,2,1,1,0")
	f.Add("SPY,0777-06-01T00:00:00Z,1,1,1,1,0")
	f.Add("SPY,9999-06-01,1,1,1,1,0")
	f.Fuzz(func(t *testing.T, line string) {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "x.csv"), []byte("symbol,timestamp,open,high,low,close,volume\n"+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := sim.LoadCSV(folder)
		if err != nil {
			return
		}
		for _, asset := range m.Assets() {
			if last, ok := m.LastPrint(asset.Symbol, sim.DefaultStart(m, nil)); !ok || last.Price <= 0 {
				t.Errorf("%q: last print %v", line, last)
			}
		}
	})
}

func BenchmarkSyntheticSession(b *testing.B) {
	m := sim.NewSynthetic(1)
	sessions := market.Sessions(time.Date(2025, 1, 1, 12, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))
	var bars []trade.Bar
	for i := 0; b.Loop(); i++ {
		session := sessions[i%len(sessions)]
		bars = m.AppendMinutes(bars[:0], "AAPL", session.Open, session.Close)
	}
}
