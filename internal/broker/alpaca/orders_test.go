package alpaca_test

import (
	"errors"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// trader is a client of a simulated account that holds forty shares of AAPL.
type trader struct {
	*alpaca.Client
	simulator *sim.Simulator
	price     decimal.Decimal
}

func newTrader(t *testing.T) trader {
	t.Helper()
	simulator := newMarket(t)
	address, transport := ways["in process"](t, spectest.Checked(t, simulator.Handler()))
	client := keyed(t, "secret", address, transport)
	quotes, err := client.Quotes(t.Context(), []string{"AAPL"})
	if err != nil || !quotes["AAPL"].Last.IsPositive() {
		t.Fatalf("quotes %v, %v", quotes, err)
	}
	trader := trader{client, simulator, quotes["AAPL"].Last}
	trader.place(t, trade.Intent{ClientOrderID: "first", Type: trade.MarketOrder, Side: trade.SideBuy, TimeInForce: trade.TIFDay, Qty: shares("40")})
	trader.pass(t)
	return trader
}

func shares(text string) decimal.NullDecimal {
	return decimal.NewNullDecimal(decimal.RequireFromString(text))
}

// times is the price times a factor, in cents.
func (b trader) times(factor string) decimal.NullDecimal {
	return decimal.NewNullDecimal(b.price.Mul(decimal.RequireFromString(factor)).Round(2))
}

func (b trader) place(t *testing.T, intent trade.Intent) trade.BrokerOrder {
	t.Helper()
	intent.Symbol = "AAPL"
	placed, err := b.Submit(t.Context(), intent)
	if err != nil {
		t.Fatalf("%s: %v", intent.ClientOrderID, err)
	}
	if !intent.Matches(placed) {
		t.Fatalf("asked for %+v, placed %+v", intent, placed)
	}
	return placed
}

func (b trader) pass(t *testing.T) {
	t.Helper()
	clock, err := b.Clock(t.Context())
	if err == nil {
		err = b.simulator.Advance(clock.Timestamp.Add(2 * time.Minute))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestEachKindOfOrder: what an intent asks for is what the broker has, and asking again places
// nothing.
func TestEachKindOfOrder(t *testing.T) {
	t.Parallel()
	market := newTrader(t)
	buy, sell, day, gtc := trade.SideBuy, trade.SideSell, trade.TIFDay, trade.TIFGTC
	for name, c := range map[string]struct {
		intent trade.Intent
		legs   []trade.OrderType
	}{
		"limit for the day":        {trade.Intent{Type: trade.LimitOrder, Side: buy, TimeInForce: day, Qty: shares("1.5"), LimitPrice: market.times("0.5")}, nil},
		"limit good till canceled": {trade.Intent{Type: trade.LimitOrder, Side: buy, TimeInForce: gtc, Qty: shares("3"), LimitPrice: market.times("0.5")}, nil},
		"limit in extended hours":  {trade.Intent{Type: trade.LimitOrder, Side: buy, TimeInForce: day, Qty: shares("3"), LimitPrice: market.times("0.5"), ExtendedHours: true}, nil},
		"stop":                     {trade.Intent{Type: trade.StopOrder, Side: sell, TimeInForce: gtc, Qty: shares("5"), StopPrice: market.times("0.5")}, nil},
		"trailing stop":            {trade.Intent{Type: trade.TrailingStopOrder, Side: sell, TimeInForce: gtc, Qty: shares("5"), TrailPercent: shares("20")}, nil},
		"one cancels the other":    {trade.Intent{Type: trade.LimitOrder, Class: trade.OCOOrder, Side: sell, TimeInForce: gtc, Qty: shares("5"), TakeProfit: market.times("2"), StopLoss: market.times("0.5")}, []trade.OrderType{trade.StopOrder}},
		"bracket":                  {trade.Intent{Type: trade.LimitOrder, Class: trade.BracketOrder, Side: buy, TimeInForce: gtc, Qty: shares("2"), LimitPrice: market.times("0.5"), TakeProfit: market.times("0.6"), StopLoss: market.times("0.4")}, []trade.OrderType{trade.LimitOrder, trade.StopOrder}},
		"one triggers a stop":      {trade.Intent{Type: trade.LimitOrder, Class: trade.OTOOrder, Side: buy, TimeInForce: day, Qty: shares("2"), LimitPrice: market.times("0.5"), StopLoss: market.times("0.4")}, []trade.OrderType{trade.StopOrder}},
		"one triggers a profit":    {trade.Intent{Type: trade.LimitOrder, Class: trade.OTOOrder, Side: buy, TimeInForce: day, Qty: shares("2"), LimitPrice: market.times("0.5"), TakeProfit: market.times("0.6")}, []trade.OrderType{trade.LimitOrder}},
	} {
		c.intent.ClientOrderID, c.intent.Symbol = name, "AAPL"
		placed := market.place(t, c.intent)
		if _, err := market.Submit(t.Context(), c.intent); !errors.Is(err, trade.ErrOrderExists) {
			t.Errorf("%s, again: %v", name, err)
		}
		found, err := market.OrderByClientID(t.Context(), name)
		if err != nil || !c.intent.Matches(found) || found.ID != placed.ID || !found.Open() || found.TimeInForce != string(c.intent.TimeInForce) {
			t.Errorf("%s: found %+v, %v", name, found, err)
		}
		for i, kind := range c.legs {
			if len(found.Legs) != len(c.legs) || found.Legs[i].Type != string(kind) {
				t.Errorf("%s: legs %+v, want %v", name, found.Legs, c.legs)
			}
		}
		for _, leg := range found.Legs {
			if leg.StopPrice.Valid && !leg.StopPrice.Decimal.Equal(c.intent.StopLoss.Decimal) || leg.LimitPrice.Valid && !leg.LimitPrice.Decimal.Equal(c.intent.TakeProfit.Decimal) {
				t.Errorf("%s: leg %+v, asked for %+v", name, leg, c.intent)
			}
		}
		if err := market.Cancel(t.Context(), placed.ID); err != nil {
			t.Errorf("%s: cancel: %v", name, err)
		}
		market.pass(t)
	}
	open, err := market.OpenOrders(t.Context())
	if err != nil || len(open) != 0 {
		t.Errorf("still open: %+v, %v", open, err)
	}
}

// TestAnotherOrderUnderTheIDDoesNotMatch: every part of an order that was asked for counts.
func TestAnotherOrderUnderTheIDDoesNotMatch(t *testing.T) {
	t.Parallel()
	market := newTrader(t)
	intent := trade.Intent{
		ClientOrderID: "mine", Symbol: "AAPL", Type: trade.LimitOrder, Class: trade.BracketOrder, Side: trade.SideBuy, TimeInForce: trade.TIFGTC,
		Qty: shares("2"), LimitPrice: market.times("0.5"), TakeProfit: market.times("0.6"), StopLoss: market.times("0.4"),
	}
	placed := market.place(t, intent)
	for name, change := range map[string]func(*trade.Intent){
		"id":     func(i *trade.Intent) { i.ClientOrderID = "other" },
		"symbol": func(i *trade.Intent) { i.Symbol = "MSFT" },
		"side":   func(i *trade.Intent) { i.Side = trade.SideSell },
		"type":   func(i *trade.Intent) { i.Type = trade.MarketOrder },
		"qty":    func(i *trade.Intent) { i.Qty = shares("3") },
		"limit":  func(i *trade.Intent) { i.LimitPrice = market.times("0.51") },
		"class":  func(i *trade.Intent) { i.Class = "" },
	} {
		other := intent
		change(&other)
		if other.Matches(placed) {
			t.Errorf("another %s matches", name)
		}
	}
}

func TestQuotesLeaveOutWhatIsUnknown(t *testing.T) {
	t.Parallel()
	market := newTrader(t)
	quotes, err := market.Quotes(t.Context(), []string{"AAPL", "MSFT", "ZZZZZ"})
	if err != nil || len(quotes) != 2 {
		t.Fatalf("quotes %v, %v", quotes, err)
	}
	for symbol, quote := range quotes {
		if !quote.Bid.IsPositive() || quote.Ask.LessThan(quote.Bid) || !quote.Last.IsPositive() || quote.At.IsZero() {
			t.Errorf("%s: %+v", symbol, quote)
		}
	}
}
