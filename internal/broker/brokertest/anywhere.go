package brokertest

import (
	"errors"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// RunAnywhere runs the part of the suite that needs no market of its own: it passes at any hour, on
// an account with any history, at Alpaca itself too. It leaves no position; the one order that it
// sends cannot fill, and is canceled.
func RunAnywhere(t *testing.T, broker, stranger app.Brokerage) {
	t.Helper()
	f := Fixture{Broker: broker, Stranger: stranger}
	for name, story := range map[string]func(*testing.T, Fixture){
		"wrong keys are refused":               wrongKeysAreRefused,
		"an ended context ends the call":       endedContext,
		"assets":                               assets,
		"an unknown order is not found":        unknownOrder,
		"the clock is a market's":              clockIsAMarkets,
		"an order is taken once, and canceled": orderIsTakenOnceAndCanceled,
		"daily bars are closed sessions":       dailyBars,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, f)
		})
	}
}

func clockIsAMarkets(t *testing.T, f Fixture) {
	clock := marketTime(t, f)
	if !clock.NextOpen.After(clock.Timestamp) || !clock.NextClose.After(clock.Timestamp) || clock.IsOpen != clock.NextClose.Before(clock.NextOpen) {
		t.Errorf("clock %+v", clock)
	}
}

// orderIsTakenOnceAndCanceled bids a dollar for a share of AAPL.
func orderIsTakenOnceAndCanceled(t *testing.T, f Fixture) {
	intent := order(func(i *trade.Intent) {
		i.Type, i.LimitPrice, i.Qty = trade.LimitOrder, amount("1"), amount("1")
	})
	placed := submit(t, f, intent)
	if !intent.Matches(placed) || !placed.Open() {
		t.Errorf("placed %+v", placed)
	}
	if _, err := f.Broker.Submit(t.Context(), intent); !errors.Is(err, engine.ErrOrderExists) {
		t.Errorf("the same id again: %v", err)
	}
	if err := f.Broker.Cancel(t.Context(), placed.ID); err != nil {
		t.Fatalf("cancel: %v", err)
	}
	patience := time.After(30 * time.Second)
	for {
		found, err := f.Broker.OrderByClientID(t.Context(), intent.ClientOrderID)
		if err != nil {
			t.Fatal(err)
		}
		if !found.Open() {
			if found.Status != "canceled" || !found.FilledQty.IsZero() {
				t.Errorf("ended as %+v", found)
			}
			return
		}
		select {
		case <-time.After(time.Second):
		case <-patience:
			t.Fatalf("still %s half a minute after it was canceled", found.Status)
		}
	}
}

func dailyBars(t *testing.T, f Fixture) {
	now := marketTime(t, f).Timestamp
	found, err := f.Broker.Bars(t.Context(), trade.BarQuery{
		Symbols: []string{"AAPL", "MSFT"}, Timeframe: trade.Day, Start: now.AddDate(0, 0, -30), End: now.Add(-time.Hour),
	})
	if err != nil || len(found["AAPL"]) < 15 || len(found["AAPL"]) != len(found["MSFT"]) {
		t.Fatalf("%d and %d bars, %v", len(found["AAPL"]), len(found["MSFT"]), err)
	}
	for i, bar := range found["AAPL"] {
		if bar.High < bar.Low || bar.Close <= 0 || !bar.Start.Before(bar.End) || i > 0 && !bar.Start.After(found["AAPL"][i-1].Start) {
			t.Errorf("bar %+v", bar)
		}
	}
	if _, err := f.Broker.Asset(t.Context(), "AAPL"); err != nil && !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	if a := account(t, f); a.Equity.LessThan(decimal.Zero) || a.ID == "" {
		t.Errorf("account %+v", a)
	}
}
