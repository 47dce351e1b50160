package lab_test

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/lab"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// trial is one strategy on one market over one period.
type trial struct {
	settings   trade.Settings
	symbols    []string
	recordings []sim.Recording
	from, to   time.Time
	cash       decimal.Decimal
	trading    sim.Trading
}

// record is what came of a trial: everything that was decided, and everything that became of it.
type record struct {
	cycles []string
	orders []string
	fills  []string
	equity decimal.Decimal
}

// live runs the trial as a server does: a desk on a database, a client over the official SDK, the
// simulator behind HTTP, one cycle after the other while the market's time passes. It returns the
// bars that a replay of the period would get from the same broker.
func (c trial) live(t *testing.T) (record, map[string][]trade.Bar) {
	t.Helper()
	prices, err := sim.NewRecorded("parity", c.recordings)
	if err != nil {
		t.Fatal(err)
	}
	exchange, err := sim.New(sim.Config{Market: prices, Now: c.from, Cash: c.cash, Trading: c.trading})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(spectest.Checked(t, exchange.Handler()))
	defer server.Close()
	client, err := alpaca.New(alpaca.Config{
		KeyID: secret.NewText("PKPARITY"), SecretKey: secret.NewText("hush"), TradingURL: server.URL, DataURL: server.URL,
		Feed: "iex", Accounts: alpaca.NewAccountsOf(exchange, math.MaxInt32, time.Minute), Clock: exchange,
	})
	if err != nil {
		t.Fatal(err)
	}
	journal := storetest.Open(t, secret.NewText("sqlite:///:memory:"), store.Options{Clock: exchange})
	trading := desk.New(desk.Config{
		Journal: journal, Bars: market.NewFeed(nil), Clock: exchange, Log: slog.New(slog.DiscardHandler), Holder: "live", NewID: uuid.NewString,
	})
	run := desk.Run{
		AccountID: lab.AccountID, Broker: client, FeedName: "parity", Settings: c.settings, Symbols: c.symbols,
		MarketHoursOnly: c.settings.Schedule.MarketHoursOnly, SimulatedTime: true,
	}
	var seen record
	for run.Slot = c.from; ; {
		if run.Slot, err = desk.NextRun(nil, c.settings.Schedule, c.settings.Timeframe, run.Slot); err != nil {
			t.Fatal(err)
		}
		if run.Slot.After(c.to) {
			break
		}
		if err := exchange.Advance(run.Slot); err != nil {
			t.Fatal(err)
		}
		cycle, err := trading.RunCycle(t.Context(), run)
		if err != nil {
			t.Fatalf("%s: %v", run.Slot, err)
		}
		seen.cycles = append(seen.cycles, told(cycle))
	}
	if err := exchange.Advance(c.to); err != nil {
		t.Fatal(err)
	}
	if _, err := trading.Reconcile(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	account, err := client.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fills, err := client.Fills(t.Context(), c.from)
	if err != nil {
		t.Fatal(err)
	}
	orders, err := journal.JournaledOrders(t.Context(), "", lab.AccountID, 100000)
	if err != nil {
		t.Fatal(err)
	}
	seen.equity, seen.orders, seen.fills = account.Equity, ordersTold(orders), fillsTold(fills, orders)
	bars, err := lab.Gather(t.Context(), client, c.settings, c.symbols, c.from, c.to)
	if err != nil {
		t.Fatal(err)
	}
	return seen, bars
}

// replayed is the same by lab.Run.
func (c trial) replayed(t *testing.T, bars map[string][]trade.Bar) record {
	t.Helper()
	var seen record
	report, err := lab.Run(t.Context(), lab.Config{
		Settings: c.settings, Symbols: c.symbols, Bars: bars, From: c.from, To: c.to, Cash: c.cash, Trading: c.trading,
		Decided: func(cycle trade.Cycle) { seen.cycles = append(seen.cycles, told(cycle)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	seen.equity, seen.orders, seen.fills = report.Equity.Decimal, ordersTold(report.Orders), fillsTold(report.Fills, report.Orders)
	return seen
}

// told is everything about a cycle that does not depend on who ran it.
func told(cycle trade.Cycle) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s equity %s %q", cycle.MarketTime.UTC().Format(time.RFC3339), cycle.Outcome, cycle.Equity.Decimal, cycle.Problem)
	for _, decision := range cycle.Decisions {
		signal := decision.Signal
		fmt.Fprintf(&text, "\n  %s %s %v at %v, bar %d to %d, volume %v, range %v: %s", signal.Symbol, signal.Action, signal.Strength, signal.Price,
			signal.BarStart.Unix(), signal.BarEnd.Unix(), signal.Volume, signal.ATR, decision.Sentence())
		for _, vote := range signal.Votes {
			fmt.Fprintf(&text, "\n    %s %s %q %q", vote.Indicator, vote.Action, vote.Reason, vote.Problem)
		}
		if decision.Intent != nil {
			text.WriteString("\n    " + intentTold(*decision.Intent))
		}
	}
	return text.String()
}

func intentTold(i trade.Intent) string {
	return fmt.Sprintf("%s %s %s %s %s %s qty %s notional %s limit %s stop %s trail %s class %s profit %s loss %s cancels %d attempt %d: %s",
		i.ClientOrderID, i.Purpose, i.Side, i.Symbol, i.Type, i.TimeInForce, amount(i.Qty), amount(i.Notional), amount(i.LimitPrice),
		amount(i.StopPrice), amount(i.TrailPercent), i.Class, amount(i.TakeProfit), amount(i.StopLoss), len(i.CancelFirst), i.Attempt, i.Reason)
}

func amount(d decimal.NullDecimal) string {
	if !d.Valid {
		return "-"
	}
	return d.Decimal.String()
}

func ordersTold(orders []trade.Order) []string {
	var lines []string
	for _, order := range orders {
		lines = append(lines, fmt.Sprintf("%s is %s (%s), filled %s at %s, sent %s, filled %s, %d legs", intentTold(order.Intent), order.State,
			order.BrokerStatus, order.FilledQty, amount(order.FilledAvgPrice), order.SubmittedAt.UTC().Format(time.RFC3339), order.FilledAt.UTC().Format(time.RFC3339), len(order.Legs)))
	}
	slices.Sort(lines)
	return lines
}

// fillsTold are the executions, each under our order that it belongs to.
func fillsTold(fills []trade.Fill, orders []trade.Order) []string {
	owners := map[string]string{}
	for _, order := range orders {
		owners[order.BrokerOrderID] = order.Intent.ClientOrderID
		for _, leg := range order.Legs {
			owners[leg.BrokerOrderID] = order.Intent.ClientOrderID + " " + string(leg.Type)
		}
	}
	var lines []string
	for _, fill := range fills {
		lines = append(lines, fmt.Sprintf("%s %s %s %s at %s of %s", fill.At.UTC().Format(time.RFC3339), fill.Side, fill.Qty, fill.Symbol, fill.Price, owners[fill.OrderID]))
	}
	slices.Sort(lines)
	return lines
}

// agree fails where the two differ, with the first difference of each kind.
func agree(t *testing.T, live, replayed record) {
	t.Helper()
	for name, pair := range map[string][2][]string{
		"cycles": {live.cycles, replayed.cycles}, "orders": {live.orders, replayed.orders}, "fills": {live.fills, replayed.fills},
	} {
		for i := range max(len(pair[0]), len(pair[1])) {
			if at := [2]string{nth(pair[0], i), nth(pair[1], i)}; at[0] != at[1] {
				t.Errorf("%s: number %d of %d and %d differs\nlive:     %s\nreplayed: %s", name, i, len(pair[0]), len(pair[1]), at[0], at[1])
				break
			}
		}
	}
	if !live.equity.Equal(replayed.equity) {
		t.Errorf("equity at the end: live %s, replayed %s", live.equity, replayed.equity)
	}
}

func nth(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

// parity runs the trial both ways and compares; it returns the live record.
func (c trial) parity(t *testing.T) record {
	t.Helper()
	live, bars := c.live(t)
	agree(t, live, c.replayed(t, bars))
	t.Logf("%d cycles, %d orders, %d fills, equity %s", len(live.cycles), len(live.orders), len(live.fills), live.equity)
	return live
}

// walk returns bars of a market that is as long and of as many symbols as asked, by the seed.
func walk(random *rand.Rand, symbols []string, timeframe trade.Timeframe, from, to time.Time) []sim.Recording {
	recordings := make([]sim.Recording, len(symbols))
	for i, symbol := range symbols {
		price, drift := 20+200*random.Float64(), 0.0
		recordings[i] = sim.Recording{Symbol: symbol, Daily: timeframe == trade.Day}
		wild := 0.02
		if timeframe != trade.Day {
			wild = 0.005
		}
		for _, session := range market.Sessions(from, to) {
			start, end := session.Date.UTC(), session.Close
			if timeframe != trade.Day {
				start, end = session.Open, session.Open.Add(timeframe.Duration())
			}
			for !end.After(session.Close) {
				if random.IntN(15) == 0 {
					drift = 0.3 * wild * random.NormFloat64()
				}
				open := price * (1 + wild/3*random.NormFloat64())
				price = min(max(open*(1+drift+wild*random.NormFloat64()), 5), 2000)
				high := max(open, price) * (1 + wild/2*random.Float64())
				low := min(open, price) * (1 - wild/2*random.Float64())
				recordings[i].Bars = append(recordings[i].Bars, trade.Bar{
					Start: start, End: end, Open: toCents(open), High: toCents(high), Low: toCents(low), Close: toCents(price),
					Volume: float64(1000 + random.IntN(1_000_000)),
				})
				if timeframe == trade.Day {
					break
				}
				start, end = end, end.Add(timeframe.Duration())
			}
		}
	}
	return recordings
}

func toCents(price float64) float64 { return math.Round(price*100) / 100 }

// yearOf is a trial of a year of daily bars, with enough of them before.
func yearOf(seed uint64, settings trade.Settings) trial {
	symbols := []string{"AAA", "BBB", "CCC", "DDD", "EEE", "FFF"}
	from := time.Date(2023, 1, 1, 12, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(seed, 1))
	return trial{
		settings: settings, symbols: symbols, from: from, to: from.AddDate(1, 0, 0), cash: decimal.NewFromInt(100000),
		recordings: walk(random, symbols, trade.Day, from.AddDate(-2, 0, 0), from.AddDate(1, 0, 5)),
	}
}

// busy are settings that trade often on daily bars.
func busy() trade.Settings {
	settings := trade.DefaultFileSettings()
	settings.RSI = trade.RSISettings{Enabled: true, Period: 7, Oversold: 40, Overbought: 60}
	settings.SMA = trade.SMASettings{Enabled: true, ShortPeriod: 3, LongPeriod: 10}
	settings.MACD.Enabled, settings.Bollinger.Enabled = false, false
	settings.PositionSizePct = decimal.NewFromInt(15)
	return settings
}

func percents(n int64) decimal.Decimal { return decimal.NewFromInt(n) }

// TestLiveAndReplayAgree: a year of simulated live trading and a replay of it decide and execute the
// same, order by order. Without TEST_PARITY_TRIALS only one trial lasts the year, the others four
// months.
func TestLiveAndReplayAgree(t *testing.T) {
	t.Parallel()
	whole := os.Getenv("TEST_PARITY_TRIALS") != ""
	for name, change := range map[string]func(*trial){
		"percent of equity at the market": func(*trial) {},
		"limit with offset and bracket": func(c *trial) {
			c.settings.OrderType, c.settings.TimeInForce = trade.LimitOrder, trade.TIFGTC
			c.settings.Execution.LimitOffsetPct = decimal.New(-5, -1)
			c.settings.Execution.StopLossPct, c.settings.Execution.TakeProfitPct = percents(3), percents(5)
		},
		"trailing stop": func(c *trial) { c.settings.Execution.TrailingStopPct = percents(4) },
		"volatility and limits": func(c *trial) {
			c.settings.Execution.SizeBy, c.settings.Execution.RiskPct = trade.SizeVolatility, percents(1)
			c.settings.Execution.ATRPeriod, c.settings.Execution.ATRMultiple = 14, 2
			c.settings.Execution.StopLossPct = percents(4)
			c.settings.Risk = frequent()
		},
		"shorts, with costs": func(c *trial) {
			c.settings.AllowShort = true
			c.trading = sim.Trading{Spread: 4, Slippage: 2, Participation: 0.05, Fees: sim.Fees{PerOrder: decimal.New(35, -2), PerShare: decimal.New(1, -3)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := yearOf(11, busy())
			if !whole && name != "volatility and limits" {
				c.to = c.from.AddDate(0, 4, 0)
			}
			change(&c)
			live := c.parity(t)
			if len(live.orders) < 10 || len(live.fills) < 10 {
				t.Errorf("only %d orders and %d fills: nothing was compared", len(live.orders), len(live.fills))
			}
			for _, skip := range strikes[name] {
				if !strings.Contains(strings.Join(live.cycles, "\n"), skip.Sentence()) {
					t.Errorf("%s never struck", skip)
				}
			}
		})
	}
}

// strikes are the limits that must have kept something back for the comparison to say anything.
var strikes = map[string][]trade.Skip{"volatility and limits": {
	trade.SkipDailyLoss, trade.SkipMaxDrawdown, trade.SkipCooldownPeriod, trade.SkipStoplossGuard, trade.SkipLowProfitSymbol,
}}

// frequent are limits that strike in a year: freqtrade's four, and the loss of a day.
func frequent() trade.RiskLimits {
	return trade.RiskLimits{
		CooldownMinutes: 3 * 24 * 60, DailyLossPct: decimal.New(8, -1),
		MaxDrawdown:      trade.DrawdownLimit{Percent: percents(4), LookbackDays: 30, PauseMinutes: 5 * 24 * 60},
		StoplossGuard:    trade.StoplossGuard{Trades: 2, LookbackMinutes: 10 * 24 * 60, PauseMinutes: 4 * 24 * 60},
		LowProfitSymbols: trade.LowProfitLimit{Trades: 2, LookbackMinutes: 60 * 24 * 60, PauseMinutes: 10 * 24 * 60},
	}
}

// TestIntradayAgrees: the same with bars of a quarter of an hour.
func TestIntradayAgrees(t *testing.T) {
	t.Parallel()
	c := intraday(5, busy())
	c.settings.Execution.TrailingStopPct = percents(1)
	if live := c.parity(t); len(live.orders) < 10 || len(live.fills) < 10 {
		t.Errorf("only %d orders and %d fills: nothing was compared", len(live.orders), len(live.fills))
	}
}

func intraday(seed uint64, settings trade.Settings) trial {
	symbols := []string{"AAA", "BBB", "CCC"}
	from := time.Date(2024, 11, 25, 12, 0, 0, 0, time.UTC) // with a half day
	settings.Timeframe = trade.Minutes15
	return trial{
		settings: settings, symbols: symbols, from: from, to: from.AddDate(0, 0, 10), cash: decimal.NewFromInt(50000),
		recordings: walk(rand.New(rand.NewPCG(seed, 2)), symbols, trade.Minutes15, from.AddDate(0, 0, -30), from.AddDate(0, 0, 12)),
	}
}

// TestRandomSettingsAgree: and so it is whatever the settings are. TEST_PARITY_TRIALS says how many are
// tried, one when it is not set; TEST_SEED the first seed.
func TestRandomSettingsAgree(t *testing.T) {
	t.Parallel()
	first, trials := fromEnvironment("TEST_SEED", 1), fromEnvironment("TEST_PARITY_TRIALS", 1)
	for seed := uint64(first); seed < uint64(first+trials); seed++ {
		t.Run("seed "+strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 3))
			c := yearOf(seed, anySettings(random))
			if seed%3 == 0 {
				c = intraday(seed, anySettings(random))
			}
			if random.IntN(2) == 0 {
				c.trading = sim.Trading{Spread: 10 * random.Float64(), Slippage: 5 * random.Float64(), Multiplier: []int{1, 2, 4}[random.IntN(3)]}
			}
			if err := c.settings.Validate(); err != nil {
				t.Fatal(err)
			}
			c.parity(t)
		})
	}
}

func fromEnvironment(name string, otherwise int) int {
	if number, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return number
	}
	return otherwise
}

func pick[T any](random *rand.Rand, choices ...T) T { return choices[random.IntN(len(choices))] }

func anySettings(random *rand.Rand) trade.Settings {
	for {
		s := busy()
		s.RSI.Period, s.SMA.LongPeriod = 3+random.IntN(12), 6+random.IntN(30)
		s.MACD.Enabled, s.Bollinger.Enabled = random.IntN(2) == 0, random.IntN(2) == 0
		s.Bollinger.Period, s.Bollinger.StdDev = 5+random.IntN(20), 1+random.Float64()
		s.SignalMode, s.SignalMinAgree = pick(random, trade.Any, trade.Majority), 1+random.IntN(2)
		s.OrderType = pick(random, trade.MarketOrder, trade.LimitOrder)
		s.TimeInForce = pick(random, trade.TIFDay, trade.TIFGTC)
		s.PositionSizePct, s.MaxPositions = percents(int64(2+random.IntN(60))), 1+random.IntN(8)
		s.AllowShort = random.IntN(2) == 0
		s.Execution = anyExecution(random)
		if random.IntN(2) == 0 {
			s.Risk = frequent()
			s.Risk.MaxExposurePct, s.Risk.MaxOrdersPerDay = percents(int64(20+random.IntN(150))), random.IntN(4)
			s.Risk.MaxSpreadPct, s.Risk.MinVolume = decimal.New(int64(random.IntN(10)), -1), float64(random.IntN(100000))
		}
		if s.Validate() == nil {
			return s
		}
	}
}

func anyExecution(random *rand.Rand) trade.ExecutionSettings {
	e := trade.ExecutionSettings{
		SizeBy:  pick(random, trade.SizePercent, trade.SizeDollars, trade.SizeShares, trade.SizeVolatility),
		Dollars: percents(int64(500 + random.IntN(20000))), Shares: percents(int64(1 + random.IntN(80))), RiskPct: percents(1),
		ATRPeriod: 5 + random.IntN(15), ATRMultiple: 1 + random.Float64(), WholeShares: random.IntN(2) == 0,
		LimitOffsetPct: decimal.New(int64(random.IntN(30)-20), -1), Foreign: pick(random, trade.AdoptForeign, trade.IgnoreForeign),
	}
	switch random.IntN(5) {
	case 0:
		e.StopLossPct = percents(int64(1 + random.IntN(8)))
	case 1:
		e.StopLossPct, e.TakeProfitPct = percents(int64(1+random.IntN(8))), percents(int64(1+random.IntN(12)))
	case 2:
		e.TrailingStopPct = percents(int64(1 + random.IntN(8)))
	case 3:
		e.MaxSlippagePct = percents(int64(1 + random.IntN(3)))
	}
	return e
}
