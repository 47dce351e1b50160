package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

var barEnd = time.Date(2020, 6, 1, 20, 0, 0, 0, time.UTC)

func money(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func amount(s string) decimal.NullDecimal { return decimal.NewNullDecimal(money(s)) }

// planned is one story: the signals AAPL, MSFT ... at $100 each, and what the test changes.
func planned(change func(*engine.PlanInput), actions ...trade.Action) []trade.Decision {
	symbols := []string{"AAPL", "MSFT", "SPY", "QQQ", "IWM"}
	ids := 0
	input := engine.PlanInput{
		AccountID: "account", UserID: "user", CycleID: "cycle",
		CreatedAt: barEnd.Add(time.Minute), Deadline: barEnd.Add(time.Hour),
		Settings: trade.DefaultSettings(),
		Portfolio: trade.Portfolio{Account: trade.Account{
			Equity: money("10000"), Cash: money("10000"), BuyingPower: money("10000"), ShortingEnabled: true,
		}},
		Assets: map[string]trade.Asset{},
		NewID:  func() string { ids++; return fmt.Sprint("id-", ids) },
	}
	for i, action := range actions {
		input.Signals = append(input.Signals, trade.Signal{
			Symbol: symbols[i], Action: action, BarEnd: barEnd, Price: 100,
			Votes: []trade.Vote{{Indicator: "rsi", Action: action, Reason: "RSI 27.4 < 30"}},
		})
		input.Assets[symbols[i]] = trade.Asset{
			Symbol: symbols[i], Tradable: true, Fractionable: true, Shortable: true, EasyToBorrow: true,
		}
	}
	if change != nil {
		change(&input)
	}
	return engine.Plan(input)
}

func hold(symbol, qty string) trade.Position {
	return trade.Position{Symbol: symbol, Qty: money(qty), QtyAvailable: money(qty)}
}

func asset(input *engine.PlanInput, change func(*trade.Asset)) {
	a := input.Assets["AAPL"]
	change(&a)
	input.Assets["AAPL"] = a
}

func TestPlanSkips(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		action trade.Action
		change func(*engine.PlanInput)
		want   trade.Skip
	}{
		"hold":          {trade.Hold, nil, trade.SkipHold},
		"no bars":       {trade.Buy, func(in *engine.PlanInput) { in.Signals[0].BarEnd = time.Time{} }, trade.SkipNoBars},
		"already held":  {trade.Buy, func(in *engine.PlanInput) { in.Portfolio.Positions = []trade.Position{hold("AAPL", "0.5")} }, trade.SkipAlreadyHeld},
		"no position":   {trade.Sell, nil, trade.SkipNoPosition},
		"already short": {trade.Sell, func(in *engine.PlanInput) { in.Portfolio.Positions = []trade.Position{hold("AAPL", "-3")} }, trade.SkipAlreadyShort},
		"max positions held": {trade.Buy, func(in *engine.PlanInput) {
			in.Settings.MaxPositions = 2
			in.Portfolio.Positions = []trade.Position{hold("IBM", "1"), hold("KO", "-1")}
		}, trade.SkipMaxPositions},
		"max positions held and ordered": {trade.Buy, func(in *engine.PlanInput) {
			in.Settings.MaxPositions = 2
			in.Portfolio.Positions = []trade.Position{hold("IBM", "1")}
			in.Portfolio.OpenOrders = []trade.BrokerOrder{{Symbol: "KO", Side: trade.SideBuy, Status: "accepted"}}
		}, trade.SkipMaxPositions},
		"order open": {trade.Buy, func(in *engine.PlanInput) {
			in.Portfolio.OpenOrders = []trade.BrokerOrder{{Symbol: "AAPL", Side: trade.SideBuy, Status: "new"}}
		}, trade.SkipOrderOpen},
		"order open on the other side": {trade.Buy, func(in *engine.PlanInput) {
			in.Portfolio.OpenOrders = []trade.BrokerOrder{{Symbol: "AAPL", Side: trade.SideSell, Status: "new"}}
		}, trade.SkipWashTrade},
		"shares held for an order": {trade.Sell, func(in *engine.PlanInput) {
			in.Portfolio.Positions = []trade.Position{{Symbol: "AAPL", Qty: money("3")}}
		}, trade.SkipHeldQuantity},
		"buying power": {trade.Buy, func(in *engine.PlanInput) { in.Portfolio.Account.BuyingPower = money("999.99") }, trade.SkipBuyingPower},
		"short buying power": {trade.Sell, func(in *engine.PlanInput) {
			in.Settings.AllowShort = true
			in.Portfolio.Account.BuyingPower = money("1029.99")
		}, trade.SkipBuyingPower},
		"under a dollar": {trade.Buy, func(in *engine.PlanInput) { in.Portfolio.Account.Equity = money("9.94") }, trade.SkipTooSmall},
		"no equity":      {trade.Buy, func(in *engine.PlanInput) { in.Portfolio.Account.Equity = money("-5") }, trade.SkipTooSmall},
		"less than one share": {trade.Buy, func(in *engine.PlanInput) {
			in.Settings.TimeInForce = trade.TIFGTC
			in.Signals[0].Price = 1000.01
		}, trade.SkipTooSmall},
		"less than one share, not fractionable": {trade.Buy, func(in *engine.PlanInput) {
			asset(in, func(a *trade.Asset) { a.Fractionable = false })
			in.Signals[0].Price = 1000.01
		}, trade.SkipTooSmall},
		"not tradable":  {trade.Buy, func(in *engine.PlanInput) { asset(in, func(a *trade.Asset) { a.Tradable = false }) }, trade.SkipNotTradable},
		"unknown asset": {trade.Buy, func(in *engine.PlanInput) { in.Assets = nil }, trade.SkipNotTradable},
		"account not enabled": {trade.Sell, func(in *engine.PlanInput) {
			in.Settings.AllowShort = true
			in.Portfolio.Account.ShortingEnabled = false
		}, trade.SkipNotShortable},
		"too little equity to sell short": {trade.Sell, func(in *engine.PlanInput) {
			in.Settings.AllowShort = true
			in.Portfolio.Account.Equity = money("1999.99")
		}, trade.SkipNotShortable},
		"asset not shortable": {trade.Sell, func(in *engine.PlanInput) {
			in.Settings.AllowShort = true
			asset(in, func(a *trade.Asset) { a.Shortable = false })
		}, trade.SkipNotShortable},
		"hard to borrow": {trade.Sell, func(in *engine.PlanInput) {
			in.Settings.AllowShort = true
			asset(in, func(a *trade.Asset) { a.EasyToBorrow = false })
		}, trade.SkipNotShortable},
		"blocked": {trade.Sell, func(in *engine.PlanInput) { in.Portfolio.Account.TradingBlocked = true }, trade.SkipBlocked},
	} {
		decision := planned(c.change, c.action)[0]
		if decision.Skip != c.want || decision.Intent != nil {
			t.Errorf("%s: skip %q, intent %+v; want skip %q", name, decision.Skip, decision.Intent, c.want)
		}
	}
}

func TestPlanOrders(t *testing.T) {
	t.Parallel()
	day, gtc := trade.TIFDay, trade.TIFGTC
	for name, c := range map[string]struct {
		action        trade.Action
		change        func(*engine.PlanInput)
		side          trade.Side
		qty, notional decimal.NullDecimal
		purpose       trade.Purpose
		tif           trade.TimeInForce
		reason        string
	}{
		"entry by notional": {trade.Buy, nil, trade.SideBuy, decimal.NullDecimal{}, amount("1000"), trade.Entry, day,
			"Buy AAPL for $1,000.00: RSI 27.4 < 30."},
		"notional in cents": {trade.Buy, func(in *engine.PlanInput) {
			in.Portfolio.Account.Equity, in.Settings.PositionSizePct = money("99999.99"), money("3.3333")
			in.Portfolio.Account.BuyingPower = money("99999.99")
		}, trade.SideBuy, decimal.NullDecimal{}, amount("3333.30"), trade.Entry, day, "Buy AAPL for $3,333.30: RSI 27.4 < 30."},
		"whole shares when not fractionable": {trade.Buy, func(in *engine.PlanInput) {
			asset(in, func(a *trade.Asset) { a.Fractionable = false })
			in.Signals[0].Price = 333.34
		}, trade.SideBuy, amount("2"), decimal.NullDecimal{}, trade.Entry, day, "Buy 2 shares of AAPL: RSI 27.4 < 30."},
		"whole shares when not for the day": {trade.Buy, func(in *engine.PlanInput) {
			in.Settings.TimeInForce = gtc
			in.Signals[0].Price = 1000
		}, trade.SideBuy, amount("1"), decimal.NullDecimal{}, trade.Entry, gtc, "Buy 1 share of AAPL: RSI 27.4 < 30."},
		"exit": {trade.Sell, func(in *engine.PlanInput) {
			in.Settings.TimeInForce = gtc
			in.Portfolio.Positions = []trade.Position{hold("AAPL", "1250")}
		}, trade.SideSell, amount("1250"), decimal.NullDecimal{}, trade.Exit, gtc, "Sell all 1,250 shares of AAPL: RSI 27.4 < 30."},
		"fractional exit is for the day": {trade.Sell, func(in *engine.PlanInput) {
			in.Settings.TimeInForce = gtc
			in.Portfolio.Positions = []trade.Position{hold("AAPL", "12.345678901")}
		}, trade.SideSell, amount("12.345678901"), decimal.NullDecimal{}, trade.Exit, day,
			"Sell all 12.345678901 shares of AAPL: RSI 27.4 < 30."},
		"exit although full and poor": {trade.Sell, func(in *engine.PlanInput) {
			in.Settings.MaxPositions = 1
			in.Portfolio.Account.BuyingPower = money("0")
			in.Portfolio.Positions = []trade.Position{hold("AAPL", "2")}
		}, trade.SideSell, amount("2"), decimal.NullDecimal{}, trade.Exit, day, "Sell all 2 shares of AAPL: RSI 27.4 < 30."},
		"cover": {trade.Buy, func(in *engine.PlanInput) {
			in.Settings.MaxPositions = 1
			in.Portfolio.Account.BuyingPower = money("0")
			in.Portfolio.Positions = []trade.Position{hold("AAPL", "-7")}
		}, trade.SideBuy, amount("7"), decimal.NullDecimal{}, trade.Exit, day, "Buy back 7 shares of AAPL: RSI 27.4 < 30."},
		"short": {trade.Sell, func(in *engine.PlanInput) {
			in.Settings.AllowShort = true
			in.Portfolio.Account.BuyingPower = money("1030")
		}, trade.SideSell, amount("10"), decimal.NullDecimal{}, trade.Entry, day, "Sell 10 shares of AAPL short: RSI 27.4 < 30."},
	} {
		decision := planned(c.change, c.action)[0]
		if decision.Intent == nil {
			t.Errorf("%s: skipped: %s", name, decision.Skip)
			continue
		}
		got := *decision.Intent
		if got.Side != c.side || !sameNull(got.Qty, c.qty) || !sameNull(got.Notional, c.notional) ||
			got.Purpose != c.purpose || got.TimeInForce != c.tif || got.Reason != c.reason || got.Type != trade.MarketOrder {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func sameNull(a, b decimal.NullDecimal) bool {
	return a.Valid == b.Valid && (!a.Valid || a.Decimal.Equal(b.Decimal))
}

func TestPlanFillsTheIntent(t *testing.T) {
	t.Parallel()
	attempts := func(symbol string, purpose trade.Purpose, end time.Time) int {
		if symbol == "AAPL" && purpose == trade.Entry && end.Equal(barEnd) {
			return 3
		}
		return 0
	}
	got := *planned(func(in *engine.PlanInput) { in.Attempt = attempts }, trade.Buy)[0].Intent
	wantID := trade.ClientOrderID("account", engine.StrategyRevision(trade.DefaultSettings()), "AAPL", barEnd, trade.Entry, 3)
	if got.ID != "id-1" || got.AccountID != "account" || got.UserID != "user" || got.CycleID != "cycle" ||
		got.ClientOrderID != wantID || got.Attempt != 3 || !got.BarEnd.Equal(barEnd) ||
		!got.CreatedAt.Equal(barEnd.Add(time.Minute)) || !got.Deadline.Equal(barEnd.Add(time.Hour)) {
		t.Errorf("%+v", got)
	}
}

// TestPlanCountsItself: what is planned takes places and money from what comes later.
func TestPlanCountsItself(t *testing.T) {
	t.Parallel()
	buys := []trade.Action{trade.Buy, trade.Buy, trade.Buy, trade.Buy}
	for name, c := range map[string]struct {
		change func(*engine.PlanInput)
		want   []trade.Skip
	}{
		"places": {func(in *engine.PlanInput) { in.Settings.MaxPositions = 2 },
			[]trade.Skip{"", "", trade.SkipMaxPositions, trade.SkipMaxPositions}},
		"money": {func(in *engine.PlanInput) { in.Portfolio.Account.BuyingPower = money("2500") },
			[]trade.Skip{"", "", trade.SkipBuyingPower, trade.SkipBuyingPower}},
		"cheaper ones may still fit": {func(in *engine.PlanInput) {
			in.Portfolio.Account.BuyingPower = money("1900")
			a := in.Assets["MSFT"]
			a.Fractionable = false
			in.Assets["MSFT"] = a
			in.Signals[1].Price = 900
		}, []trade.Skip{"", "", trade.SkipBuyingPower, trade.SkipBuyingPower}},
		"the same symbol twice": {func(in *engine.PlanInput) { in.Signals[1].Symbol = "AAPL" },
			[]trade.Skip{"", trade.SkipOrderOpen, "", ""}},
		"a planned exit frees nothing yet": {func(in *engine.PlanInput) {
			in.Settings.MaxPositions = 1
			in.Signals[0].Action = trade.Sell
			in.Portfolio.Positions = []trade.Position{hold("AAPL", "1")}
		}, []trade.Skip{"", trade.SkipMaxPositions, trade.SkipMaxPositions, trade.SkipMaxPositions}},
	} {
		for i, decision := range planned(c.change, buys...) {
			if decision.Skip != c.want[i] {
				t.Errorf("%s, signal %d: skip %q, want %q", name, i, decision.Skip, c.want[i])
			}
		}
	}
}
