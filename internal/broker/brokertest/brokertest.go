// Package brokertest holds the acceptance tests that every broker passes, whatever is behind it.
package brokertest

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Fixture is one new account at a broker whose market the test controls. The market is synthetic
// or recorded with minute bars, stands an hour into a session, and trades AAPL and MSFT.
type Fixture struct {
	Broker    app.Brokerage
	Stranger  app.Brokerage         // the same key with a wrong secret
	Deposit   decimal.Decimal       // what the account holds; at least $10,000
	AdvanceTo func(time.Time) error // moves the market's time forward
}

// Run runs the suite; open returns a new account at a new market each time.
func Run(t *testing.T, open func(*testing.T) Fixture) {
	t.Helper()
	for name, story := range map[string]func(*testing.T, Fixture){
		"a new account is empty":                   newAccountIsEmpty,
		"wrong keys are refused":                   wrongKeysAreRefused,
		"an ended context ends the call":           endedContext,
		"the clock knows the session":              clockKnowsTheSession,
		"assets":                                   assets,
		"an order is taken once":                   orderIsTakenOnce,
		"an order fills and its money adds up":     orderFills,
		"a notional order buys for its money":      notionalOrder,
		"a position is sold whole":                 positionIsSoldWhole,
		"a closed market queues and cancels":       closedMarketQueues,
		"what the broker refuses is certain":       refusals,
		"bars are whole, ordered and in range":     bars,
		"the portfolio history ends at equity":     portfolioHistory,
		"an unknown order is not found":            unknownOrder,
		"a canceled order cannot be canceled":      cancelTwice,
		"executions are listed once, oldest first": executions,
		"open orders hold their money":             ordersHoldMoney,
		"open orders hold their shares":            ordersHoldShares,
		"opposite orders do not meet":              washTrade,
		"a short sale is covered":                  shortSale,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, open(t))
		})
	}
}

// order is an intent to buy two shares of AAPL with its own client order id.
func order(change ...func(*trade.Intent)) trade.Intent {
	intent := trade.Intent{
		ClientOrderID: "at1-" + uuid.NewString(), Symbol: "AAPL", Side: trade.SideBuy,
		Type: trade.MarketOrder, TimeInForce: trade.TIFDay, Qty: amount("2"),
	}
	for _, c := range change {
		c(&intent)
	}
	return intent
}

func amount(text string) decimal.NullDecimal {
	return decimal.NewNullDecimal(decimal.RequireFromString(text))
}

func sell(i *trade.Intent) { i.Side = trade.SideSell }

func submit(t *testing.T, f Fixture, intent trade.Intent) trade.BrokerOrder {
	t.Helper()
	placed, err := f.Broker.Submit(t.Context(), intent)
	if err != nil {
		t.Fatalf("submit: %v", err)
	}
	return placed
}

// fillOrder submits and moves the market until the order is filled.
func fillOrder(t *testing.T, f Fixture, intent trade.Intent) trade.BrokerOrder {
	t.Helper()
	submit(t, f, intent)
	advance(t, f, 2*time.Minute)
	filled, err := f.Broker.OrderByClientID(t.Context(), intent.ClientOrderID)
	if err != nil || filled.Status != "filled" || filled.Open() {
		t.Fatalf("two minutes later: %+v, %v", filled, err)
	}
	return filled
}

func marketTime(t *testing.T, f Fixture) trade.MarketClock {
	t.Helper()
	clock, err := f.Broker.Clock(t.Context())
	if err != nil {
		t.Fatalf("clock: %v", err)
	}
	return clock
}

func advance(t *testing.T, f Fixture, by time.Duration) {
	t.Helper()
	if err := f.AdvanceTo(marketTime(t, f).Timestamp.Add(by)); err != nil {
		t.Fatal(err)
	}
}

func closeMarket(t *testing.T, f Fixture) {
	t.Helper()
	if err := f.AdvanceTo(marketTime(t, f).NextClose.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
}

func account(t *testing.T, f Fixture) trade.Account {
	t.Helper()
	a, err := f.Broker.Account(t.Context())
	if err != nil {
		t.Fatalf("account: %v", err)
	}
	return a
}

func ended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
