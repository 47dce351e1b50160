package engine_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// TestPlanNeverOversteps: whatever the portfolio, planned entries stay within the buying power
// and the maximum of positions, nobody crosses zero, and each symbol gets at most one order.
func TestPlanNeverOversteps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		input := drawInput(t)
		decisions := engine.Plan(input)
		if len(decisions) != len(input.Signals) {
			t.Fatalf("%d decisions for %d signals", len(decisions), len(input.Signals))
		}
		spent, taken, seen := decimal.Zero, exposures(input.Portfolio), map[string]bool{}
		for i, decision := range decisions {
			intent := decision.Intent
			if (intent == nil) == (decision.Skip == "") {
				t.Fatalf("neither or both: %+v", decision)
			}
			if intent == nil {
				continue
			}
			if seen[intent.Symbol] || intent.Symbol != input.Signals[i].Symbol {
				t.Fatalf("second order or wrong symbol: %+v", intent)
			}
			seen[intent.Symbol] = true
			position, held := input.Portfolio.Position(intent.Symbol)
			if intent.Qty.Valid == intent.Notional.Valid {
				t.Fatalf("qty xor notional: %+v", intent)
			}
			switch intent.Purpose {
			case trade.Exit:
				sign := position.Qty.Sign()
				if !held || (intent.Side == trade.SideSell) != (sign > 0) || intent.Qty.Decimal.GreaterThan(position.Qty.Abs()) {
					t.Fatalf("exit of %+v: %+v", position, intent)
				}
			case trade.Entry:
				if held {
					t.Fatalf("entry on top of %+v: %+v", position, intent)
				}
				spent = spent.Add(costOf(*intent, decision.Signal.Price))
				taken[intent.Symbol] = true
			}
			if intent.Qty.Valid && !intent.Qty.Decimal.IsInteger() && intent.TimeInForce != trade.TIFDay {
				t.Fatalf("fraction not for the day: %+v", intent)
			}
		}
		if spent.IsPositive() && spent.GreaterThan(input.Portfolio.Account.BuyingPower) {
			t.Fatalf("planned %s of %s", spent, input.Portfolio.Account.BuyingPower)
		}
		if grown := len(taken) > len(exposures(input.Portfolio)); grown && len(taken) > input.Settings.MaxPositions {
			t.Fatalf("%d positions of %d", len(taken), input.Settings.MaxPositions)
		}
	})
}

func costOf(intent trade.Intent, price float64) decimal.Decimal {
	if intent.Notional.Valid {
		return intent.Notional.Decimal
	}
	return intent.Qty.Decimal.Mul(decimal.NewFromFloat(price))
}

func exposures(portfolio trade.Portfolio) map[string]bool {
	symbols := map[string]bool{}
	for _, position := range portfolio.Positions {
		if !position.Qty.IsZero() {
			symbols[position.Symbol] = true
		}
	}
	for _, order := range portfolio.OpenOrders {
		if order.Open() {
			symbols[order.Symbol] = true
		}
	}
	return symbols
}

func drawInput(t *rapid.T) engine.PlanInput {
	cents := func(name string, low, high int64) decimal.Decimal {
		return decimal.New(rapid.Int64Range(low, high).Draw(t, name), -2)
	}
	settings := trade.DefaultSettings()
	settings.MaxPositions = rapid.IntRange(1, 6).Draw(t, "max")
	settings.AllowShort = rapid.Bool().Draw(t, "short")
	settings.PositionSizePct = cents("size", 1, 10000)
	settings.TimeInForce = rapid.SampledFrom([]trade.TimeInForce{trade.TIFDay, trade.TIFGTC, trade.TIFIOC}).Draw(t, "tif")
	input := engine.PlanInput{
		Settings: settings, Assets: map[string]trade.Asset{}, NewID: func() string { return "id" },
		Portfolio: trade.Portfolio{Account: trade.Account{
			Equity: cents("equity", -10000, 100000000), BuyingPower: cents("power", -10000, 100000000),
			ShortingEnabled: rapid.Bool().Draw(t, "enabled"),
		}},
	}
	for _, symbol := range []string{"A", "B", "C", "D", "E", "F", "G", "H"} {
		input.Assets[symbol] = trade.Asset{
			Tradable: rapid.Bool().Draw(t, "tradable"), Fractionable: rapid.Bool().Draw(t, "fractionable"),
			Shortable: true, EasyToBorrow: rapid.Bool().Draw(t, "easy"),
		}
		if qty := rapid.Int64Range(-3000, 3000).Draw(t, "qty"); qty%3 == 0 {
			position := trade.Position{Symbol: symbol, Qty: decimal.New(qty, -2), QtyAvailable: decimal.New(qty, -2)}
			input.Portfolio.Positions = append(input.Portfolio.Positions, position)
		}
		if rapid.IntRange(0, 4).Draw(t, "ordered") == 0 {
			status := rapid.SampledFrom([]string{"new", "filled", "pending_cancel"}).Draw(t, "status")
			input.Portfolio.OpenOrders = append(input.Portfolio.OpenOrders, trade.BrokerOrder{Symbol: symbol, Status: status})
		}
		input.Signals = append(input.Signals, trade.Signal{
			Symbol: symbol, BarEnd: time.Unix(1, 0), Price: rapid.Float64Range(0.01, 5000).Draw(t, "price"),
			Action: rapid.SampledFrom([]trade.Action{trade.Buy, trade.Sell, trade.Hold}).Draw(t, "action"),
		})
	}
	return input
}
