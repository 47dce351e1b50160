package risk_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/risk"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// now is 11:00 in New York.
var now = time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)

func money(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// ago is a moment so many minutes before now.
func ago(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }

// ended is a trade that ended so many minutes ago with the profit in percent of its $100.
func ended(symbol string, minutes int, profit string, stopped bool) trade.ClosedTrade {
	return trade.ClosedTrade{
		Symbol: symbol, EntryAt: ago(minutes + 30), ExitAt: ago(minutes), Qty: money("1"),
		Profit: money(profit), ProfitPct: money(profit), StopLoss: stopped,
	}
}

// story is an account of $10,000 that wants to buy AAPL for $1,000 at $100.
type story struct {
	limits trade.RiskLimits
	equity string // 10000 when empty
	last   string // equity at the previous close; 10000 when empty
	record trade.TrackRecord
	held   map[string]string // symbol -> dollars
	signal func(*trade.Signal)
	quote  trade.Quote
}

func (s story) ask() trade.Skip {
	orElse := func(text string) decimal.Decimal {
		if text == "" {
			text = "10000"
		}
		return money(text)
	}
	state := risk.NewState(now, trade.Account{Equity: orElse(s.equity), LastEquity: orElse(s.last)}, s.record)
	for symbol, dollars := range s.held {
		state.Hold(symbol, money(dollars))
	}
	signal := trade.Signal{Symbol: "AAPL", Action: trade.Buy, Price: 100, Volume: 5000, BarEnd: ago(5)}
	if s.signal != nil {
		s.signal(&signal)
	}
	if skip := risk.Barred(&s.limits, state); skip != "" {
		return skip
	}
	return risk.Refuses(&s.limits, state, &risk.Entry{Signal: signal, Close: decimal.NewFromFloat(signal.Price), Value: money("1000"), Quote: s.quote})
}

func (s story) check(t *testing.T, name string, want trade.Skip) {
	t.Helper()
	if got := s.ask(); got != want {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}

func TestShares(t *testing.T) {
	t.Parallel()
	sectors := map[string]string{"AAPL": "technology", "MSFT": "technology", "JPM": "banks"}
	for name, c := range map[string]struct {
		limits trade.RiskLimits
		held   map[string]string
		want   trade.Skip
	}{
		"exposure reached exactly":     {trade.RiskLimits{MaxExposurePct: money("50")}, map[string]string{"MSFT": "2500", "JPM": "1500"}, ""},
		"exposure passed":              {trade.RiskLimits{MaxExposurePct: money("50")}, map[string]string{"MSFT": "2500", "JPM": "1500.01"}, trade.SkipMaxExposure},
		"short positions are exposure": {trade.RiskLimits{MaxExposurePct: money("50")}, map[string]string{"MSFT": "-2500", "JPM": "1500.01"}, trade.SkipMaxExposure},
		"symbol reached exactly":       {trade.RiskLimits{MaxSymbolPct: money("10")}, nil, ""},
		"symbol passed":                {trade.RiskLimits{MaxSymbolPct: money("9.99")}, nil, trade.SkipMaxSymbolShare},
		"others do not count":          {trade.RiskLimits{MaxSymbolPct: money("10")}, map[string]string{"MSFT": "9000"}, ""},
		"sector reached exactly":       {trade.RiskLimits{MaxSectorPct: money("30"), Sectors: sectors}, map[string]string{"MSFT": "2000", "JPM": "5000"}, ""},
		"sector passed":                {trade.RiskLimits{MaxSectorPct: money("30"), Sectors: sectors}, map[string]string{"MSFT": "2000.01"}, trade.SkipMaxSectorShare},
		"a symbol without a sector":    {trade.RiskLimits{MaxSectorPct: money("1")}, map[string]string{"MSFT": "2000"}, ""},
	} {
		story{limits: c.limits, held: c.held}.check(t, name, c.want)
	}
	story{limits: trade.RiskLimits{MaxExposurePct: money("500")}, equity: "-1"}.check(t, "debts bear nothing", trade.SkipMaxExposure)
}

func TestDailyLossAndDrawdown(t *testing.T) {
	t.Parallel()
	daily := trade.RiskLimits{DailyLossPct: money("3")}
	story{limits: daily, equity: "9700.01"}.check(t, "less than 3 %", "")
	story{limits: daily, equity: "9700"}.check(t, "3 % exactly", trade.SkipDailyLoss)
	story{limits: daily, equity: "9000", last: "0"}.check(t, "the previous close is not known", "")

	peak := trade.TrackRecord{Peak: money("12500")}
	drawdown := func(pause int) trade.RiskLimits {
		return trade.RiskLimits{MaxDrawdown: trade.DrawdownLimit{Percent: money("20"), PauseMinutes: pause}}
	}
	story{limits: drawdown(0), record: peak}.check(t, "20 % below the peak", trade.SkipMaxDrawdown)
	story{limits: drawdown(0), equity: "10000.01", record: peak}.check(t, "less than 20 %", "")
	story{limits: drawdown(0)}.check(t, "no peak is known", "")
	story{limits: drawdown(60), record: peak}.check(t, "a pause without a trade to wait from", trade.SkipMaxDrawdown)
	peak.Trades = []trade.ClosedTrade{ended("MSFT", 59, "-5", false)}
	story{limits: drawdown(60), record: peak}.check(t, "within the pause", trade.SkipMaxDrawdown)
	peak.Trades = []trade.ClosedTrade{ended("MSFT", 60, "-5", false)}
	story{limits: drawdown(60), record: peak}.check(t, "the pause is over", "")
}

func TestConsecutiveLosses(t *testing.T) {
	t.Parallel()
	streak := func(pause int) trade.RiskLimits {
		return trade.RiskLimits{ConsecutiveLosses: trade.LossStreakLimit{Trades: 2, PauseMinutes: pause}}
	}
	lost := trade.TrackRecord{Trades: []trade.ClosedTrade{ended("A", 300, "4", false), ended("B", 200, "-1", false), ended("C", 100, "-2", false)}}
	story{limits: streak(0), record: lost}.check(t, "two in a row", trade.SkipConsecutiveLosses)
	story{limits: streak(100), record: lost}.check(t, "the pause is over", "")
	story{limits: streak(101), record: lost}.check(t, "within the pause", trade.SkipConsecutiveLosses)
	resumed := lost
	resumed.ResumedAt = ago(150)
	story{limits: streak(0), record: resumed}.check(t, "a person resumed after the first", "")
	won := trade.TrackRecord{Trades: append(lost.Trades[:3:3], ended("D", 50, "0.01", false))}
	story{limits: streak(0), record: won}.check(t, "a gain ends the streak", "")
	even := trade.TrackRecord{Trades: append(lost.Trades[:3:3], ended("D", 50, "0", false))}
	story{limits: streak(0), record: even}.check(t, "nothing lost ends the streak", "")
}

// TestProtectionsOfFreqtrade: the semantics of freqtrade's documentation of protections, a lock
// beginning at the exit that completes the condition and lasting for the stop duration.
func TestProtectionsOfFreqtrade(t *testing.T) {
	t.Parallel()
	cooldown := trade.RiskLimits{CooldownMinutes: 30}
	story{limits: cooldown, record: trade.TrackRecord{Trades: []trade.ClosedTrade{ended("AAPL", 29, "5", false)}}}.check(t, "cooldown", trade.SkipCooldownPeriod)
	story{limits: cooldown, record: trade.TrackRecord{Trades: []trade.ClosedTrade{ended("AAPL", 30, "5", false)}}}.check(t, "cooldown over", "")
	story{limits: cooldown, record: trade.TrackRecord{Trades: []trade.ClosedTrade{ended("MSFT", 1, "5", false)}}}.check(t, "cooldown of another symbol", "")

	guard := func(perSymbol bool) trade.RiskLimits {
		return trade.RiskLimits{StoplossGuard: trade.StoplossGuard{Trades: 2, LookbackMinutes: 60, PauseMinutes: 120, PerSymbol: perSymbol}}
	}
	stops := func(trades ...trade.ClosedTrade) trade.TrackRecord { return trade.TrackRecord{Trades: trades} }
	for name, c := range map[string]struct {
		perSymbol bool
		record    trade.TrackRecord
		want      trade.Skip
	}{
		"two stops within the hour":              {false, stops(ended("MSFT", 59, "-1", true), ended("JPM", 10, "-1", true)), trade.SkipStoplossGuard},
		"the hour was earlier, the lock is on":   {false, stops(ended("MSFT", 160, "-1", true), ended("JPM", 119, "-1", true)), trade.SkipStoplossGuard},
		"the lock is over":                       {false, stops(ended("MSFT", 160, "-1", true), ended("JPM", 120, "-1", true)), ""},
		"more than an hour apart":                {false, stops(ended("MSFT", 70, "-1", true), ended("JPM", 10, "-1", true)), ""},
		"an hour apart exactly":                  {false, stops(ended("MSFT", 70, "-1", true), ended("JPM", 10, "-1", true)), ""},
		"a trailing stop with a gain":            {false, stops(ended("MSFT", 30, "2", true), ended("JPM", 10, "-1", true)), ""},
		"a loss without a stop":                  {false, stops(ended("MSFT", 30, "-1", false), ended("JPM", 10, "-1", true)), ""},
		"other symbols when asked per symbol":    {true, stops(ended("MSFT", 30, "-1", true), ended("JPM", 10, "-1", true)), ""},
		"the symbol itself, asked per symbol":    {true, stops(ended("AAPL", 30, "-1", true), ended("AAPL", 10, "-1", true)), trade.SkipStoplossGuard},
		"a later stop alone does not prolong it": {false, stops(ended("A", 200, "-1", true), ended("B", 190, "-1", true), ended("C", 100, "-1", true)), ""},
	} {
		story{limits: guard(c.perSymbol), record: c.record}.check(t, "stop-loss guard: "+name, c.want)
	}

	low := trade.RiskLimits{LowProfitSymbols: trade.LowProfitLimit{Trades: 2, LookbackMinutes: 360, PauseMinutes: 60, RequiredPct: money("1")}}
	for name, c := range map[string]struct {
		record trade.TrackRecord
		want   trade.Skip
	}{
		"made too little":           {stops(ended("AAPL", 100, "3", false), ended("AAPL", 20, "-2.01", false)), trade.SkipLowProfitSymbol},
		"made just enough":          {stops(ended("AAPL", 100, "3", false), ended("AAPL", 20, "-2", false)), ""},
		"too few trades":            {stops(ended("AAPL", 20, "-9", false)), ""},
		"the other is too long ago": {stops(ended("AAPL", 380, "-9", false), ended("AAPL", 20, "-9", false)), ""},
		"the pause is over":         {stops(ended("AAPL", 100, "-3", false), ended("AAPL", 60, "-2", false)), ""},
		"of another symbol":         {stops(ended("MSFT", 100, "-3", false), ended("MSFT", 20, "-2", false)), ""},
	} {
		story{limits: low, record: c.record}.check(t, "low profit: "+name, c.want)
	}
}

func TestOrderRate(t *testing.T) {
	t.Parallel()
	minute := trade.RiskLimits{MaxOrdersPerMinute: 2}
	sent := func(times ...time.Time) trade.TrackRecord { return trade.TrackRecord{OrderTimes: times} }
	story{limits: minute, record: sent(now.Add(-59*time.Second), now.Add(-time.Second))}.check(t, "two in the minute", trade.SkipOrderRate)
	story{limits: minute, record: sent(now.Add(-60*time.Second), now.Add(-time.Second))}.check(t, "one in the minute", "")
	day := trade.RiskLimits{MaxOrdersPerDay: 2}
	midnight := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC) // in New York
	story{limits: day, record: sent(midnight, ago(300))}.check(t, "two in the day of New York", trade.SkipOrderRate)
	story{limits: day, record: sent(midnight.Add(-time.Second), ago(300))}.check(t, "one was yesterday", "")

	state := risk.NewState(now, trade.Account{Equity: money("10000")}, sent(ago(0)))
	entry := &risk.Entry{Signal: trade.Signal{Symbol: "AAPL", Price: 100, BarEnd: now}, Close: money("100"), Value: money("1000")}
	if skip := risk.Refuses(&minute, state, entry); skip != "" {
		t.Errorf("the second order of the minute: %q", skip)
	}
	state.Ordered()
	if skip := risk.Refuses(&minute, state, entry); skip != trade.SkipOrderRate {
		t.Errorf("a planned order counts: %q", skip)
	}
}

func TestFiguresOfTheMarket(t *testing.T) {
	t.Parallel()
	quote := func(bid, ask, last string) trade.Quote {
		return trade.Quote{Bid: money(bid), Ask: money(ask), Last: money(last)}
	}
	for name, c := range map[string]struct {
		story story
		want  trade.Skip
	}{
		"old enough":                {story{limits: trade.RiskLimits{MaxBarAgeMinutes: 5}}, ""},
		"too old":                   {story{limits: trade.RiskLimits{MaxBarAgeMinutes: 5}, signal: func(s *trade.Signal) { s.BarEnd = ago(5).Add(-1) }}, trade.SkipStaleData},
		"cheap":                     {story{limits: trade.RiskLimits{MinPrice: money("100.01")}}, trade.SkipMinPrice},
		"dear enough":               {story{limits: trade.RiskLimits{MinPrice: money("100")}}, ""},
		"thin":                      {story{limits: trade.RiskLimits{MinVolume: 5001}}, trade.SkipMinVolume},
		"traded enough":             {story{limits: trade.RiskLimits{MinVolume: 5000}}, ""},
		"gap of 2 % exactly":        {story{limits: trade.RiskLimits{MaxPriceGapPct: money("2")}, quote: quote("1", "1", "98")}, ""},
		"gap above 2 %":             {story{limits: trade.RiskLimits{MaxPriceGapPct: money("2")}, quote: quote("1", "1", "102.01")}, trade.SkipPriceGap},
		"no last price":             {story{limits: trade.RiskLimits{MaxPriceGapPct: money("2")}}, trade.SkipPriceGap},
		"spread of 1 % exactly":     {story{limits: trade.RiskLimits{MaxSpreadPct: money("1")}, quote: quote("99.5", "100.5", "100")}, ""},
		"spread above 1 %":          {story{limits: trade.RiskLimits{MaxSpreadPct: money("1")}, quote: quote("99.49", "100.5", "100")}, trade.SkipSpread},
		"nobody asks":               {story{limits: trade.RiskLimits{MaxSpreadPct: money("1")}, quote: quote("99.5", "0", "100")}, trade.SkipSpread},
		"quotes matter to no other": {story{limits: trade.RiskLimits{MinPrice: money("5")}}, ""},
	} {
		c.story.check(t, name, c.want)
	}
}

func TestAsksForQuotes(t *testing.T) {
	t.Parallel()
	if risk.AsksForQuotes(trade.RiskLimits{MinPrice: money("5")}) || !risk.AsksForQuotes(trade.RiskLimits{MaxSpreadPct: money("1")}) ||
		!risk.AsksForQuotes(trade.RiskLimits{MaxPriceGapPct: money("1")}) {
		t.Error("quotes are asked for by the limits on gap and spread only")
	}
}
