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
			if problem := refused(*intent); problem != "" {
				t.Fatalf("%s: %+v", problem, intent)
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

// refused says which rule of the broker an intent breaks (RULES 5.2 to 5.6), empty when none.
func refused(i trade.Intent) string {
	steps := func(price decimal.NullDecimal) bool {
		places := int32(2)
		if price.Decimal.LessThan(decimal.NewFromInt(1)) {
			places = 4
		}
		return !price.Valid || price.Decimal.IsPositive() && price.Decimal.Equal(price.Decimal.Round(places))
	}
	fraction := i.Notional.Valid || !i.Qty.Decimal.IsInteger()
	complex := i.Class != "" && i.Class != trade.SimpleOrder
	switch {
	case fraction && i.TimeInForce != trade.TIFDay:
		return "a fraction not for the day"
	case fraction && (complex || i.ExtendedHours):
		return "a fraction with legs or in extended hours"
	case fraction && i.Side == trade.SideSell && i.Purpose == trade.Entry:
		return "a fraction sold short"
	case i.Qty.Valid && !i.Qty.Decimal.Equal(i.Qty.Decimal.Truncate(9)):
		return "more than nine decimals"
	case (i.Type == trade.LimitOrder) != i.LimitPrice.Valid:
		return "a limit without limit order, or the other way round"
	case !steps(i.LimitPrice) || !steps(i.StopLoss) || !steps(i.TakeProfit):
		return "a price between the steps"
	case i.Notional.Valid && (i.Type != trade.MarketOrder || i.Notional.Decimal.LessThan(decimal.NewFromInt(1))):
		return "a notional that is small or not at the market"
	case i.ExtendedHours && (i.Type != trade.LimitOrder || i.TimeInForce != trade.TIFDay || complex):
		return "extended hours for the wrong kind"
	case complex && (i.TimeInForce == trade.TIFIOC || i.Purpose != trade.Entry):
		return "legs for the wrong kind"
	case (i.Class == trade.BracketOrder) != (i.StopLoss.Valid && i.TakeProfit.Valid):
		return "a bracket without both legs"
	case i.Class == trade.OTOOrder && i.StopLoss.Valid == i.TakeProfit.Valid:
		return "not exactly one leg"
	case i.StopLoss.Valid && i.TakeProfit.Valid && i.StopLoss.Decimal.LessThan(i.TakeProfit.Decimal) != (i.Side == trade.SideBuy):
		return "legs on the wrong sides"
	}
	return ""
}

func costOf(intent trade.Intent, price float64) decimal.Decimal {
	if intent.Notional.Valid {
		return intent.Notional.Decimal
	}
	if intent.LimitPrice.Valid {
		return intent.Qty.Decimal.Mul(intent.LimitPrice.Decimal)
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

// drawExecution draws execution settings until they are valid.
func drawExecution(t *rapid.T, settings *trade.Settings) {
	percent := func(name string, most int) decimal.Decimal {
		return decimal.New(rapid.Int64Range(0, int64(most)*100).Draw(t, name), -2)
	}
	if rapid.Bool().Draw(t, "limit orders") {
		settings.OrderType = trade.LimitOrder
		settings.Execution.LimitOffsetPct = percent("offset", 50).Sub(decimal.NewFromInt(25))
	}
	e := &settings.Execution
	e.SizeBy = rapid.SampledFrom([]trade.SizeBy{"", trade.SizeDollars, trade.SizeShares, trade.SizeVolatility}).Draw(t, "size by")
	e.Dollars, e.Shares = decimal.NewFromInt(rapid.Int64Range(1, 5000).Draw(t, "dollars")), percent("shares", 30)
	e.RiskPct, e.ATRPeriod, e.ATRMultiple = percent("risk", 5), 14, 2
	e.WholeShares, e.ExtendedHours = rapid.Bool().Draw(t, "whole"), rapid.Bool().Draw(t, "extended")
	if rapid.Bool().Draw(t, "slippage on") {
		e.MaxSlippagePct = percent("slippage", 50)
	}
	if rapid.Bool().Draw(t, "guarded") {
		e.StopLossPct, e.TakeProfitPct = percent("stop", 99), percent("profit", 200)
	}
	if settings.Validate() != nil {
		settings.OrderType, settings.Execution = trade.MarketOrder, trade.ExecutionSettings{}
	}
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
	drawExecution(t, &settings)
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
			ATR:    rapid.Float64Range(0, 50).Draw(t, "range"),
			Action: rapid.SampledFrom([]trade.Action{trade.Buy, trade.Sell, trade.Hold}).Draw(t, "action"),
		})
	}
	return input
}
