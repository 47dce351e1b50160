package trade_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

var everyEvent = []trade.OrderEvent{
	trade.Claimed, trade.AnswerLost, trade.NotTaken, trade.Acknowledged, trade.FilledPart,
	trade.FilledAll, trade.WasCanceled, trade.WasExpired, trade.WasRejected,
}

var everyStatus = []string{
	"accepted", "pending_new", "new", "partially_filled", "filled", "done_for_day", "canceled", "expired",
	"replaced", "pending_cancel", "pending_replace", "held", "rejected", "suspended", "a_status_of_tomorrow",
}

func TestATerminalOrderStaysAsItIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		order := trade.Order{State: trade.Journaled}
		for range rapid.IntRange(1, 30).Draw(t, "events") {
			before := order.State
			err := order.Apply(rapid.SampledFrom(everyEvent).Draw(t, "event"))
			if before.Terminal() && order.State != before {
				t.Fatalf("%s became %s", before, order.State)
			}
			if err != nil && order.State != before {
				t.Fatalf("a refused event changed %s to %s", before, order.State)
			}
		}
	})
}

// An order that the broker has acknowledged must never be sent again.
func TestAnOrderAtTheBrokerIsNeverClaimedAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		order := trade.Order{State: trade.Journaled}
		atBroker := false
		for range rapid.IntRange(1, 30).Draw(t, "events") {
			event := rapid.SampledFrom(everyEvent).Draw(t, "event")
			if err := order.Apply(event); err != nil {
				continue
			}
			if atBroker && (event == trade.Claimed || event == trade.NotTaken) {
				t.Fatalf("%s was allowed on an order at the broker", event)
			}
			atBroker = atBroker || !order.State.Unresolved()
		}
	})
}

// Reports may come late, twice and out of order; what is filled is never forgotten.
func TestFilledQuantityNeverGoesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		order := trade.Order{State: trade.Submitting}
		for range rapid.IntRange(1, 20).Draw(t, "reports") {
			before := order.FilledQty
			report := trade.BrokerOrder{
				ID: "b", Status: rapid.SampledFrom(everyStatus).Draw(t, "status"),
				FilledQty: decimal.NewFromInt(rapid.Int64Range(0, 10).Draw(t, "filled")),
			}
			_ = order.Adopt(report) // an impossible report is refused; the order stays as it was
			if order.FilledQty.LessThan(before) {
				t.Fatalf("filled %s became %s", before, order.FilledQty)
			}
		}
	})
}

func TestClientOrderIDIsTheSameForTheSameDecisionOnly(t *testing.T) {
	t.Parallel()
	bar := time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC)
	id := trade.ClientOrderID("account", "revision", "AAPL", bar, trade.Entry, 1)
	// Changing how ids are made would let a restart after an upgrade order again what was ordered.
	if want := "at1-yeycbgvj6yb5hoszneh37csq77mkydth"; id != want {
		t.Errorf("got %s, want %s as every release before", id, want)
	}
	if again := trade.ClientOrderID("account", "revision", "AAPL", bar.In(time.FixedZone("EST", -5*3600)), trade.Entry, 1); again != id {
		t.Error("the same moment in another zone gives another id")
	}
	seen := map[string]string{id: "itself"}
	for name, other := range map[string]string{
		"account":  trade.ClientOrderID("account2", "revision", "AAPL", bar, trade.Entry, 1),
		"revision": trade.ClientOrderID("account", "revision2", "AAPL", bar, trade.Entry, 1),
		"symbol":   trade.ClientOrderID("account", "revision", "MSFT", bar, trade.Entry, 1),
		"bar":      trade.ClientOrderID("account", "revision", "AAPL", bar.Add(time.Minute), trade.Entry, 1),
		"purpose":  trade.ClientOrderID("account", "revision", "AAPL", bar, trade.Exit, 1),
		"attempt":  trade.ClientOrderID("account", "revision", "AAPL", bar, trade.Entry, 2),
		"shifted":  trade.ClientOrderID("accountr", "evision", "AAPL", bar, trade.Entry, 1),
	} {
		if twin, there := seen[other]; there {
			t.Errorf("another %s gives the id of %s", name, twin)
		}
		seen[other] = name
	}
}

func TestAnOrderFoundUnderTheIDMustBeTheIntents(t *testing.T) {
	t.Parallel()
	amount := func(s string) decimal.NullDecimal { return decimal.NewNullDecimal(decimal.RequireFromString(s)) }
	intent := trade.Intent{ClientOrderID: "at1-x", Symbol: "AAPL", Side: trade.SideBuy, Type: trade.MarketOrder, Notional: amount("100.50")}
	same := trade.BrokerOrder{ClientOrderID: "at1-x", Symbol: "AAPL", Side: trade.SideBuy, Type: "market", Notional: amount("100.5")}
	if !intent.Matches(same) {
		t.Error("the same order does not match")
	}
	filled := same
	filled.Qty = amount("0.5") // the broker may fill in the quantity of a notional order
	if !intent.Matches(filled) {
		t.Error("a filled notional order does not match")
	}
	for name, change := range map[string]func(*trade.BrokerOrder){
		"id":       func(o *trade.BrokerOrder) { o.ClientOrderID = "at1-y" },
		"symbol":   func(o *trade.BrokerOrder) { o.Symbol = "MSFT" },
		"side":     func(o *trade.BrokerOrder) { o.Side = trade.SideSell },
		"type":     func(o *trade.BrokerOrder) { o.Type = "limit" },
		"notional": func(o *trade.BrokerOrder) { o.Notional = amount("100.51") },
		"amount":   func(o *trade.BrokerOrder) { o.Notional = decimal.NullDecimal{}; o.Qty = amount("1") },
	} {
		other := same
		change(&other)
		if intent.Matches(other) {
			t.Errorf("an order with another %s matches", name)
		}
	}
}

func TestSymbolsAreOneToFiveLetters(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"AAPL": "AAPL", "spy": "SPY", "f": "F", "": "", "TOOLONG": "", "BRK.B": "", "A1": "", "<b>": "", " A": ""} {
		got, err := trade.ParseSymbol(given)
		if (err == nil) != (want != "") || (err == nil && got != want) {
			t.Errorf("%q: got %q, %v", given, got, err)
		}
	}
}

func TestSettingsNameTheFieldThatIsWrong(t *testing.T) {
	t.Parallel()
	for _, defaults := range []trade.Settings{trade.DefaultSettings(), trade.DefaultFileSettings()} {
		if err := defaults.Validate(); err != nil {
			t.Errorf("the defaults are refused: %v", err)
		}
	}
	for field, change := range map[string]func(*trade.Settings){
		"data.timeframe":                        func(s *trade.Settings) { s.Timeframe = "2Min" },
		"data.lookback_days":                    func(s *trade.Settings) { s.LookbackDays = 0 },
		"indicators.rsi.period":                 func(s *trade.Settings) { s.RSI.Period = 0 },
		"indicators.rsi.oversold":               func(s *trade.Settings) { s.RSI.Oversold = 80 },
		"indicators.sma_crossover.short_period": func(s *trade.Settings) { s.SMA.ShortPeriod = 200 },
		"indicators.macd.fast_period":           func(s *trade.Settings) { s.MACD.FastPeriod = 30 },
		"indicators.bollinger_bands.std_dev":    func(s *trade.Settings) { s.Bollinger.StdDev = -1 },
		"signal.mode":                           func(s *trade.Settings) { s.SignalMode = "most" },
		"signal.min_agree":                      func(s *trade.Settings) { s.SignalMinAgree = 5 },
		"execution.time_in_force":               func(s *trade.Settings) { s.TimeInForce = "fok" },
		"execution.position_size_pct":           func(s *trade.Settings) { s.PositionSizePct = decimal.NewFromInt(101) },
		"execution.max_positions":               func(s *trade.Settings) { s.MaxPositions = 0 },
		"schedule.interval_minutes":             func(s *trade.Settings) { s.Schedule.IntervalMinutes = 0 },
	} {
		settings := trade.DefaultSettings()
		change(&settings)
		var problem *trade.FieldError
		if err := settings.Validate(); err == nil {
			t.Errorf("%s: accepted", field)
		} else if problem, _ = err.(*trade.FieldError); problem == nil || problem.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}
