package engine_test

import (
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// protected asks for the protection of ten shares of AAPL that were bought at $100 and cost $101.
func protected(change func(*engine.ProtectionInput)) []trade.Intent {
	input := engine.ProtectionInput{
		AccountID: "account", UserID: "user", CycleID: "cycle", Settings: trade.DefaultSettings(),
		Portfolio: trade.Portfolio{Positions: []trade.Position{{
			Symbol: "AAPL", Qty: money("10"), QtyAvailable: money("10"), AvgEntryPrice: money("100"), CurrentPrice: money("101"),
		}}},
		Entries: map[string]trade.Intent{"AAPL": {Symbol: "AAPL", BarEnd: barEnd, Purpose: trade.Entry}},
		NewID:   func() string { return "id" },
	}
	change(&input)
	return engine.Protection(input)
}

func TestProtection(t *testing.T) {
	t.Parallel()
	sell, buy := trade.SideSell, trade.SideBuy
	stops := func(in *engine.ProtectionInput) { in.Settings.Execution.StopLossPct = money("5") }
	for name, c := range map[string]struct {
		change func(*engine.ProtectionInput)
		want   sold
		reason string
	}{
		"trailing stop": {func(in *engine.ProtectionInput) { in.Settings.Execution.TrailingStopPct = money("2.5") },
			sold{side: sell, kind: trade.TrailingStopOrder, tif: trade.TIFGTC, qty: "10"}, "Protect 10 shares of AAPL: a trailing stop at 2.5 %."},
		"stop": {stops, sold{side: sell, kind: trade.StopOrder, tif: trade.TIFGTC, qty: "10"}, "Protect 10 shares of AAPL: a stop loss at $95.00."},
		"profit": {func(in *engine.ProtectionInput) { in.Settings.Execution.TakeProfitPct = money("8") },
			sold{side: sell, kind: trade.LimitOrder, tif: trade.TIFGTC, qty: "10", limit: "108"}, "Protect 10 shares of AAPL: a take profit at $108.00."},
		"both": {func(in *engine.ProtectionInput) { stops(in); in.Settings.Execution.TakeProfitPct = money("8") },
			sold{side: sell, kind: trade.LimitOrder, tif: trade.TIFGTC, qty: "10", class: trade.OCOOrder, stop: "95", profit: "108"},
			"Protect 10 shares of AAPL: a stop loss at $95.00 and a take profit at $108.00."},
		"a short position": {func(in *engine.ProtectionInput) {
			stops(in)
			in.Portfolio.Positions[0].Qty, in.Portfolio.Positions[0].QtyAvailable = money("-10"), money("-10")
		}, sold{side: buy, kind: trade.StopOrder, tif: trade.TIFGTC, qty: "10"}, "Protect 10 shares of AAPL: a stop loss at $105.00."},
		"whole shares of a fraction": {func(in *engine.ProtectionInput) {
			stops(in)
			in.Portfolio.Positions[0].Qty, in.Portfolio.Positions[0].QtyAvailable = money("10.75"), money("10.75")
		}, sold{side: sell, kind: trade.StopOrder, tif: trade.TIFGTC, qty: "10"}, "Protect 10 shares of AAPL: a stop loss at $95.00."},
		"the price is beyond the stop": {func(in *engine.ProtectionInput) { stops(in); in.Portfolio.Positions[0].CurrentPrice = money("94") },
			sold{side: sell, kind: trade.MarketOrder, tif: trade.TIFDay, qty: "10"},
			"Protect 10 shares of AAPL: the price is beyond the stop loss at $95.00 already, so it is closed."},
		"in reduce only": {func(in *engine.ProtectionInput) { stops(in); in.State = trade.ReduceOnly },
			sold{side: sell, kind: trade.StopOrder, tif: trade.TIFGTC, qty: "10"}, "Protect 10 shares of AAPL: a stop loss at $95.00."},
		"an order of yesterday has ended": {func(in *engine.ProtectionInput) {
			stops(in)
			in.Portfolio.OpenOrders = []trade.BrokerOrder{{Symbol: "AAPL", Status: "expired", Own: true}}
		}, sold{side: sell, kind: trade.StopOrder, tif: trade.TIFGTC, qty: "10"}, "Protect 10 shares of AAPL: a stop loss at $95.00."},
	} {
		intents := protected(c.change)
		if len(intents) != 1 {
			t.Errorf("%s: %d intents", name, len(intents))
			continue
		}
		if got := inShort(intents[0]); got != c.want || intents[0].Reason != c.reason {
			t.Errorf("%s: %+v %q\nwant %+v %q", name, got, intents[0].Reason, c.want, c.reason)
		}
	}
}

func TestNothingToProtect(t *testing.T) {
	t.Parallel()
	stops := func(in *engine.ProtectionInput) { in.Settings.Execution.StopLossPct = money("5") }
	for name, change := range map[string]func(*engine.ProtectionInput){
		"the settings ask for none": func(*engine.ProtectionInput) {},
		"halted":                    func(in *engine.ProtectionInput) { stops(in); in.State = trade.Halted },
		"protected": func(in *engine.ProtectionInput) {
			stops(in)
			in.Portfolio.OpenOrders = []trade.BrokerOrder{{Symbol: "AAPL", Side: trade.SideSell, Type: "stop", Status: "new", Own: true}}
		},
		"an exit is on its way": func(in *engine.ProtectionInput) {
			stops(in)
			in.Portfolio.OpenOrders = []trade.BrokerOrder{{Symbol: "AAPL", Side: trade.SideSell, Type: "market", Status: "accepted", Own: true}}
		},
		"nobody knows its entry": func(in *engine.ProtectionInput) { stops(in); in.Entries = nil },
		"less than a share": func(in *engine.ProtectionInput) {
			stops(in)
			in.Portfolio.Positions[0].Qty = money("0.9")
		},
		"held by something else": func(in *engine.ProtectionInput) {
			stops(in)
			in.Portfolio.Positions[0].QtyAvailable = money("0")
		},
		"a foreign position, left alone": func(in *engine.ProtectionInput) {
			stops(in)
			in.Settings.Execution.Foreign, in.Foreign = trade.IgnoreForeign, map[string]bool{"AAPL": true}
		},
	} {
		if intents := protected(change); len(intents) != 0 {
			t.Errorf("%s: %+v", name, intents)
		}
	}
}

// TestProtectionHasAnIDOfItsOwn: the same position's protection has the same id until an attempt
// has ended, and another than its entry.
func TestProtectionHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	trail := func(attempt int) trade.Intent {
		return protected(func(in *engine.ProtectionInput) {
			in.Settings.Execution.TrailingStopPct = money("2")
			in.Attempt = func(string, trade.Purpose, time.Time) int { return attempt }
		})[0]
	}
	first, again, next := trail(0), trail(0), trail(1)
	entry := trade.ClientOrderID("account", engine.StrategyRevision(trade.DefaultSettings()), "AAPL", barEnd, trade.Entry, 0)
	if first.ClientOrderID != again.ClientOrderID || first.ClientOrderID == next.ClientOrderID || first.ClientOrderID == entry {
		t.Errorf("%s %s %s %s", first.ClientOrderID, again.ClientOrderID, next.ClientOrderID, entry)
	}
	if !first.BarEnd.Equal(barEnd) || first.Purpose != trade.Protect || !first.TrailPercent.Decimal.Equal(money("2")) || next.Attempt != 1 {
		t.Errorf("%+v", first)
	}
}
