package engine_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// sold is a plan's one intent in short: what is compared in the tables below.
type sold struct {
	side          trade.Side
	kind          trade.OrderType
	tif           trade.TimeInForce
	qty, notional string
	limit         string
	class         trade.OrderClass
	stop, profit  string
	extended      bool
}

func inShort(i trade.Intent) sold {
	text := func(amount decimal.NullDecimal) string {
		if !amount.Valid {
			return ""
		}
		return amount.Decimal.String()
	}
	return sold{i.Side, i.Type, i.TimeInForce, text(i.Qty), text(i.Notional), text(i.LimitPrice), i.Class, text(i.StopLoss), text(i.TakeProfit), i.ExtendedHours}
}

func execution(change func(*trade.Settings)) func(*engine.PlanInput) {
	return func(in *engine.PlanInput) { change(&in.Settings) }
}

// TestEntriesByExecutionSettings: an account of $10,000 enters AAPL at $100, computed by hand.
func TestEntriesByExecutionSettings(t *testing.T) {
	t.Parallel()
	buy, sell, market, limit, day, gtc := trade.SideBuy, trade.SideSell, trade.MarketOrder, trade.LimitOrder, trade.TIFDay, trade.TIFGTC
	short := func(change func(*trade.Settings)) func(*engine.PlanInput) {
		return execution(func(s *trade.Settings) { s.AllowShort = true; change(s) })
	}
	for name, c := range map[string]struct {
		action trade.Action
		change func(*engine.PlanInput)
		want   sold
		reason string
	}{
		"dollars": {trade.Buy, execution(func(s *trade.Settings) { s.Execution.SizeBy, s.Execution.Dollars = trade.SizeDollars, money("250.5") }),
			sold{side: buy, kind: market, tif: day, notional: "250.5"}, "Buy AAPL for $250.50: RSI 27.4 < 30."},
		"dollars in whole shares": {trade.Buy, execution(func(s *trade.Settings) {
			s.Execution.SizeBy, s.Execution.Dollars, s.Execution.WholeShares = trade.SizeDollars, money("250.5"), true
		}), sold{side: buy, kind: market, tif: day, qty: "2"}, "Buy 2 shares of AAPL: RSI 27.4 < 30."},
		"shares": {trade.Buy, execution(func(s *trade.Settings) { s.Execution.SizeBy, s.Execution.Shares = trade.SizeShares, money("2.75") }),
			sold{side: buy, kind: market, tif: day, qty: "2.75"}, "Buy 2.75 shares of AAPL: RSI 27.4 < 30."},
		"shares, not for the day": {trade.Buy, execution(func(s *trade.Settings) {
			s.Execution.SizeBy, s.Execution.Shares, s.TimeInForce = trade.SizeShares, money("2.75"), gtc
		}), sold{side: buy, kind: market, tif: gtc, qty: "2"}, "Buy 2 shares of AAPL: RSI 27.4 < 30."},
		"shares short are whole": {trade.Sell, short(func(s *trade.Settings) { s.Execution.SizeBy, s.Execution.Shares = trade.SizeShares, money("2.75") }),
			sold{side: sell, kind: market, tif: day, qty: "2"}, "Sell 2 shares of AAPL short: RSI 27.4 < 30."},
		// 1 % of $10,000 is $100; a share loses 2 x $3 = $6: 16.666666666 shares.
		"volatility": {trade.Buy, func(in *engine.PlanInput) {
			in.Settings.Execution = trade.ExecutionSettings{SizeBy: trade.SizeVolatility, RiskPct: money("1"), ATRPeriod: 14, ATRMultiple: 2}
			in.Signals[0].ATR = 3
		}, sold{side: buy, kind: market, tif: day, qty: "16.666666666"}, "Buy 16.666666666 shares of AAPL: RSI 27.4 < 30."},
		"limit above the close": {trade.Buy, execution(func(s *trade.Settings) {
			s.OrderType, s.TimeInForce, s.Execution.LimitOffsetPct = trade.LimitOrder, gtc, money("0.255")
		}), sold{side: buy, kind: limit, tif: gtc, qty: "9", limit: "100.25"}, "Buy 9 shares of AAPL at $100.25 at most: RSI 27.4 < 30."},
		"limit below the close, in fractions": {trade.Buy, execution(func(s *trade.Settings) {
			s.OrderType, s.Execution.LimitOffsetPct = trade.LimitOrder, money("-20")
		}), sold{side: buy, kind: limit, tif: day, qty: "12.5", limit: "80"}, "Buy 12.5 shares of AAPL at $80.00 at most: RSI 27.4 < 30."},
		"limit of a short sale rounds up": {trade.Sell, short(func(s *trade.Settings) {
			s.OrderType, s.Execution.LimitOffsetPct = trade.LimitOrder, money("0.255")
		}), sold{side: sell, kind: limit, tif: day, qty: "10", limit: "99.75"}, "Sell 10 shares of AAPL short at $99.75 at least: RSI 27.4 < 30."},
		"slippage makes a limit order": {trade.Buy, execution(func(s *trade.Settings) { s.Execution.MaxSlippagePct = money("1") }),
			sold{side: buy, kind: limit, tif: day, qty: "9.900990099", limit: "101"}, "Buy 9.900990099 shares of AAPL at $101.00 at most: RSI 27.4 < 30."},
		"under a dollar there are four decimals": {trade.Buy, func(in *engine.PlanInput) {
			in.Settings.OrderType, in.Settings.Execution.LimitOffsetPct = trade.LimitOrder, money("0.1")
			in.Settings.Execution.WholeShares = true
			in.Signals[0].Price = 0.5678
		}, sold{side: buy, kind: limit, tif: day, qty: "1759", limit: "0.5683"}, "Buy 1,759 shares of AAPL at $0.5683 at most: RSI 27.4 < 30."},
		"extended hours are for whole shares": {trade.Buy, execution(func(s *trade.Settings) {
			s.OrderType, s.Execution.ExtendedHours, s.Execution.LimitOffsetPct = trade.LimitOrder, true, money("1")
		}), sold{side: buy, kind: limit, tif: day, qty: "9", limit: "101", extended: true}, "Buy 9 shares of AAPL at $101.00 at most: RSI 27.4 < 30."},
		"stop loss": {trade.Buy, execution(func(s *trade.Settings) { s.Execution.StopLossPct = money("2.505") }),
			sold{side: buy, kind: market, tif: day, qty: "10", class: trade.OTOOrder, stop: "97.49"},
			"Buy 10 shares of AAPL with a stop loss at $97.49: RSI 27.4 < 30."},
		"stop loss and take profit": {trade.Buy, execution(func(s *trade.Settings) {
			s.Execution.StopLossPct, s.Execution.TakeProfitPct = money("2"), money("6.001")
		}), sold{side: buy, kind: market, tif: day, qty: "10", class: trade.BracketOrder, stop: "98", profit: "106.01"},
			"Buy 10 shares of AAPL with a stop loss at $98.00 and a take profit at $106.01: RSI 27.4 < 30."},
		"both for a short sale": {trade.Sell, short(func(s *trade.Settings) {
			s.Execution.StopLossPct, s.Execution.TakeProfitPct = money("2.001"), money("6.001")
		}), sold{side: sell, kind: market, tif: day, qty: "10", class: trade.BracketOrder, stop: "102.01", profit: "93.99"},
			"Sell 10 shares of AAPL short with a stop loss at $102.01 and a take profit at $93.99: RSI 27.4 < 30."},
		"stop loss of a limit order counts from its limit": {trade.Buy, execution(func(s *trade.Settings) {
			s.OrderType, s.Execution.LimitOffsetPct, s.Execution.StopLossPct = trade.LimitOrder, money("-10"), money("10")
		}), sold{side: buy, kind: limit, tif: day, qty: "11", limit: "90", class: trade.OTOOrder, stop: "81"},
			"Buy 11 shares of AAPL at $90.00 at most with a stop loss at $81.00: RSI 27.4 < 30."},
		"a tiny stop loss is a cent away": {trade.Buy, func(in *engine.PlanInput) {
			in.Settings.Execution.StopLossPct = money("0.1")
			in.Signals[0].Price = 0.5
		}, sold{side: buy, kind: market, tif: day, qty: "2000", class: trade.OTOOrder, stop: "0.49"},
			"Buy 2,000 shares of AAPL with a stop loss at $0.49: RSI 27.4 < 30."},
		"a trailing stop follows later, for whole shares": {trade.Buy, execution(func(s *trade.Settings) { s.Execution.TrailingStopPct = money("3") }),
			sold{side: buy, kind: market, tif: day, qty: "10"}, "Buy 10 shares of AAPL: RSI 27.4 < 30."},
	} {
		decision := planned(c.change, c.action)[0]
		if decision.Intent == nil {
			t.Errorf("%s: skipped: %s", name, decision.Skip)
			continue
		}
		if got := inShort(*decision.Intent); got != c.want || decision.Intent.Reason != c.reason {
			t.Errorf("%s: %+v %q\nwant %+v %q", name, got, decision.Intent.Reason, c.want, c.reason)
		}
	}
}

// TestEntriesThatAreKeptBack: states, limits and what the broker would refuse name themselves.
func TestEntriesThatAreKeptBack(t *testing.T) {
	t.Parallel()
	foreignOrder := trade.BrokerOrder{ID: "x", Symbol: "AAPL", Side: trade.SideBuy, Status: "new", Type: "limit"}
	for name, c := range map[string]struct {
		change func(*engine.PlanInput)
		want   trade.Skip
	}{
		"halted":      {func(in *engine.PlanInput) { in.State = trade.Halted }, trade.SkipHalted},
		"reduce only": {func(in *engine.PlanInput) { in.State = trade.ReduceOnly }, trade.SkipReduceOnly},
		"no true range": {execution(func(s *trade.Settings) {
			s.Execution = trade.ExecutionSettings{SizeBy: trade.SizeVolatility, RiskPct: money("1"), ATRPeriod: 14, ATRMultiple: 2}
		}), trade.SkipNoVolatility},
		"less than a whole share with a stop": {func(in *engine.PlanInput) {
			in.Settings.Execution.StopLossPct = money("5")
			in.Signals[0].Price = 1000.01
		}, trade.SkipTooSmall},
		"too cheap for a stop": {func(in *engine.PlanInput) {
			in.Settings.Execution.StopLossPct = money("5")
			in.Signals[0].Price = 0.009
		}, trade.SkipMinPrice},
		"a foreign position": {func(in *engine.PlanInput) {
			in.Settings.Execution.Foreign, in.Foreign = trade.IgnoreForeign, map[string]bool{"AAPL": true}
		}, trade.SkipForeignPosition},
		"a foreign order": {func(in *engine.PlanInput) {
			in.Settings.Execution.Foreign, in.Portfolio.OpenOrders = trade.IgnoreForeign, []trade.BrokerOrder{foreignOrder}
		}, trade.SkipForeignOrder},
		"a foreign order that is adopted": {func(in *engine.PlanInput) { in.Portfolio.OpenOrders = []trade.BrokerOrder{foreignOrder} }, trade.SkipOrderOpen},
		"at once, while the market is closed": {func(in *engine.PlanInput) {
			in.Settings.TimeInForce, in.Now = trade.TIFIOC, time.Date(2020, 6, 1, 20, 0, 1, 0, time.UTC)
		}, trade.SkipMarketClosed},
		"a limit of the account":      {execution(func(s *trade.Settings) { s.Risk.MaxSymbolPct = money("9") }), trade.SkipMaxSymbolShare},
		"a limit of the installation": {func(in *engine.PlanInput) { in.Installation.MaxSymbolPct = money("9") }, trade.SkipMaxSymbolShare},
		"a limit on the whole account": {func(in *engine.PlanInput) {
			in.Installation.DailyLossPct, in.Portfolio.Account.LastEquity = money("5"), money("20000")
		}, trade.SkipDailyLoss},
		"an open order elsewhere is exposure": {func(in *engine.PlanInput) {
			in.Settings.Risk.MaxExposurePct = money("20")
			in.Portfolio.OpenOrders = []trade.BrokerOrder{{Symbol: "KO", Side: trade.SideBuy, Status: "new", Qty: amount("11"), LimitPrice: amount("100")}}
		}, trade.SkipMaxExposure},
		"no quote where one is asked for": {execution(func(s *trade.Settings) { s.Risk.MaxSpreadPct = money("1") }), trade.SkipSpread},
	} {
		if decision := planned(c.change, trade.Buy)[0]; decision.Skip != c.want || decision.Intent != nil {
			t.Errorf("%s: skip %q, intent %+v; want skip %q", name, decision.Skip, decision.Intent, c.want)
		}
	}
}

// TestLimitsCountThePlan: what is planned takes room from what comes later, in the limits too.
func TestLimitsCountThePlan(t *testing.T) {
	t.Parallel()
	buys := []trade.Action{trade.Buy, trade.Buy, trade.Buy}
	for name, c := range map[string]struct {
		limits trade.RiskLimits
		want   []trade.Skip
	}{
		"exposure": {trade.RiskLimits{MaxExposurePct: money("20")}, []trade.Skip{"", "", trade.SkipMaxExposure}},
		"sector": {trade.RiskLimits{MaxSectorPct: money("15"), Sectors: map[string]string{"AAPL": "x", "MSFT": "x"}},
			[]trade.Skip{"", trade.SkipMaxSectorShare, ""}},
		"orders a minute": {trade.RiskLimits{MaxOrdersPerMinute: 2}, []trade.Skip{"", "", trade.SkipOrderRate}},
	} {
		for i, decision := range planned(execution(func(s *trade.Settings) { s.Risk = c.limits }), buys...) {
			if decision.Skip != c.want[i] {
				t.Errorf("%s, signal %d: skip %q, want %q", name, i, decision.Skip, c.want[i])
			}
		}
	}
}

// TestExits: limits never keep an exit back, states and the broker do; protective orders of our own
// make way for it.
func TestExits(t *testing.T) {
	t.Parallel()
	strict := trade.RiskLimits{MaxExposurePct: money("1"), MaxOrdersPerDay: 1, MinPrice: money("1000"), MaxSpreadPct: money("1"), DailyLossPct: money("1")}
	stop := trade.BrokerOrder{ID: "stop", Symbol: "AAPL", Side: trade.SideSell, Type: "stop", Status: "new", Own: true, Class: "bracket"}
	profit := trade.BrokerOrder{ID: "profit", Symbol: "AAPL", Side: trade.SideSell, Type: "limit", Status: "new", Own: true, Class: "bracket"}
	for name, c := range map[string]struct {
		change func(*engine.PlanInput)
		skip   trade.Skip
		want   sold
		cancel int
		reason string
	}{
		"whatever the limits": {func(in *engine.PlanInput) {
			in.Settings.Risk, in.Installation, in.Portfolio.Account.LastEquity = strict, strict, money("20000")
		}, "", sold{side: trade.SideSell, kind: trade.MarketOrder, tif: trade.TIFDay, qty: "10"}, 0, "Sell all 10 shares of AAPL: RSI 27.4 < 30."},
		"reduce only": {func(in *engine.PlanInput) { in.State = trade.ReduceOnly }, "",
			sold{side: trade.SideSell, kind: trade.MarketOrder, tif: trade.TIFDay, qty: "10"}, 0, "Sell all 10 shares of AAPL: RSI 27.4 < 30."},
		"halted": {func(in *engine.PlanInput) { in.State = trade.Halted }, trade.SkipHalted, sold{}, 0, ""},
		"its own legs hold the shares": {func(in *engine.PlanInput) {
			in.Portfolio.Positions[0].QtyAvailable = decimal.Zero
			in.Portfolio.OpenOrders = []trade.BrokerOrder{profit, stop}
		}, "", sold{side: trade.SideSell, kind: trade.MarketOrder, tif: trade.TIFDay, qty: "10"}, 2,
			"Sell all 10 shares of AAPL after canceling what protects it: RSI 27.4 < 30."},
		"somebody else's stop holds them": {func(in *engine.PlanInput) {
			foreign := stop
			foreign.Own = false
			in.Portfolio.OpenOrders = []trade.BrokerOrder{foreign}
		}, trade.SkipOrderOpen, sold{}, 0, ""},
		"its own exit is on its way": {func(in *engine.PlanInput) {
			in.Portfolio.OpenOrders = []trade.BrokerOrder{{ID: "exit", Symbol: "AAPL", Side: trade.SideSell, Type: "limit", Status: "new", Own: true}}
		}, trade.SkipOrderOpen, sold{}, 0, ""},
		"an exit at a limit, in extended hours": {func(in *engine.PlanInput) {
			in.Settings.OrderType, in.Settings.Execution.ExtendedHours, in.Settings.Execution.LimitOffsetPct = trade.LimitOrder, true, money("0.5")
		}, "", sold{side: trade.SideSell, kind: trade.LimitOrder, tif: trade.TIFDay, qty: "10", limit: "99.5", extended: true}, 0,
			"Sell all 10 shares of AAPL at $99.50 at least: RSI 27.4 < 30."},
		"a fraction waits for regular hours": {func(in *engine.PlanInput) {
			in.Settings.OrderType, in.Settings.Execution.ExtendedHours = trade.LimitOrder, true
			in.Portfolio.Positions = []trade.Position{hold("AAPL", "1.5")}
		}, "", sold{side: trade.SideSell, kind: trade.LimitOrder, tif: trade.TIFDay, qty: "1.5", limit: "100"}, 0,
			"Sell all 1.5 shares of AAPL at $100.00 at least: RSI 27.4 < 30."},
	} {
		decision := planned(func(in *engine.PlanInput) {
			in.Portfolio.Positions = []trade.Position{hold("AAPL", "10")}
			c.change(in)
		}, trade.Sell)[0]
		if decision.Skip != c.skip || (decision.Intent == nil) != (c.skip != "") {
			t.Errorf("%s: skip %q, want %q", name, decision.Skip, c.skip)
			continue
		}
		if got := decision.Intent; got != nil && (inShort(*got) != c.want || len(got.CancelFirst) != c.cancel || got.Reason != c.reason) {
			t.Errorf("%s: %+v cancels %v, %q\nwant %+v", name, inShort(*got), got.CancelFirst, got.Reason, c.want)
		}
	}
}

// TestCoverMakesItsStopWay: a buy signal buys a short position back although its own stop holds it.
func TestCoverMakesItsStopWay(t *testing.T) {
	t.Parallel()
	decision := planned(func(in *engine.PlanInput) {
		in.Portfolio.Positions = []trade.Position{hold("AAPL", "-7")}
		in.Portfolio.OpenOrders = []trade.BrokerOrder{{ID: "trail", Symbol: "AAPL", Side: trade.SideBuy, Type: "trailing_stop", Status: "new", Own: true}}
	}, trade.Buy)[0]
	if decision.Intent == nil || decision.Intent.Purpose != trade.Exit || !decision.Intent.Qty.Decimal.Equal(money("7")) ||
		len(decision.Intent.CancelFirst) != 1 || decision.Intent.CancelFirst[0] != "trail" {
		t.Errorf("%+v", decision)
	}
}
