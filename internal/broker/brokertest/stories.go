package brokertest

import (
	"errors"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func newAccountIsEmpty(t *testing.T, f Fixture) {
	a := account(t, f)
	if a.ID == "" || a.Status != "ACTIVE" || a.TradingBlocked || !a.Cash.Equal(f.Deposit) || !a.Equity.Equal(f.Deposit) ||
		!a.LastEquity.Equal(f.Deposit) || !a.PortfolioValue.Equal(f.Deposit) || a.BuyingPower.LessThan(f.Deposit) {
		t.Errorf("account %+v", a)
	}
	positions, err := f.Broker.Positions(t.Context())
	open, openErr := f.Broker.OpenOrders(t.Context())
	closed, closedErr := f.Broker.ClosedOrders(t.Context(), 50)
	if err := errors.Join(err, openErr, closedErr); err != nil || len(positions)+len(open)+len(closed) != 0 {
		t.Errorf("positions %v, open %v, closed %v, error %v", positions, open, closed, err)
	}
}

func wrongKeysAreRefused(t *testing.T, f Fixture) {
	account(t, f) // the broker knows the key from now on
	_, err := f.Stranger.Account(t.Context())
	if !fault.Is(err, fault.BrokerRefused) {
		t.Errorf("account with a wrong secret: %v", err)
	}
	if _, err := f.Stranger.Submit(t.Context(), order()); !errors.Is(err, engine.ErrOrderRejected) {
		t.Errorf("order with a wrong secret: %v", err)
	}
}

func endedContext(t *testing.T, f Fixture) {
	if _, err := f.Broker.Account(ended(t)); err == nil {
		t.Error("an account without a request")
	}
}

func clockKnowsTheSession(t *testing.T, f Fixture) {
	clock := marketTime(t, f)
	if !clock.IsOpen || !clock.NextClose.After(clock.Timestamp) || !clock.NextOpen.After(clock.NextClose) {
		t.Errorf("in the session: %+v", clock)
	}
	closeMarket(t, f)
	later := marketTime(t, f)
	if later.IsOpen || !later.NextOpen.Equal(clock.NextOpen) || !later.NextClose.After(later.NextOpen) {
		t.Errorf("after the session: %+v", later)
	}
}

func assets(t *testing.T, f Fixture) {
	asset, err := f.Broker.Asset(t.Context(), "AAPL")
	if err != nil || asset.Symbol != "AAPL" || !asset.Tradable || !asset.Fractionable || asset.Class != "us_equity" {
		t.Errorf("asset %+v, error %v", asset, err)
	}
	if _, err := f.Broker.Asset(t.Context(), "NOSUCH"); !fault.Is(err, fault.NotFound) {
		t.Errorf("unknown asset: %v", err)
	}
}

func orderIsTakenOnce(t *testing.T, f Fixture) {
	intent := order()
	placed := submit(t, f, intent)
	if !intent.Matches(placed) || placed.ID == "" || !placed.Open() || !placed.SubmittedAt.Equal(marketTime(t, f).Timestamp) {
		t.Errorf("placed %+v", placed)
	}
	if _, err := f.Broker.Submit(t.Context(), intent); !errors.Is(err, engine.ErrOrderExists) {
		t.Errorf("the same id again: %v", err)
	}
	advance(t, f, 2*time.Minute)
	if _, err := f.Broker.Submit(t.Context(), intent); !errors.Is(err, engine.ErrOrderExists) {
		t.Errorf("the same id after the fill: %v", err)
	}
	closed, err := f.Broker.ClosedOrders(t.Context(), 50)
	if err != nil || len(closed) != 1 || !intent.Matches(closed[0]) {
		t.Errorf("orders %+v, error %v", closed, err)
	}
}

func orderFills(t *testing.T, f Fixture) {
	filled := fillOrder(t, f, order())
	if !filled.FilledQty.Equal(decimal.NewFromInt(2)) || !filled.FilledAvgPrice.Valid || filled.FilledAt.Before(filled.SubmittedAt) {
		t.Errorf("filled %+v", filled)
	}
	positions, err := f.Broker.Positions(t.Context())
	if err != nil || len(positions) != 1 {
		t.Fatalf("positions %+v, error %v", positions, err)
	}
	p, a := positions[0], account(t, f)
	paid := filled.FilledQty.Mul(filled.FilledAvgPrice.Decimal).Round(2)
	if p.Symbol != "AAPL" || !p.Qty.Equal(filled.FilledQty) || !p.QtyAvailable.Equal(p.Qty) || !p.CurrentPrice.IsPositive() ||
		!p.UnrealizedPL.Equal(p.MarketValue.Sub(paid)) {
		t.Errorf("position %+v, paid %s", p, paid)
	}
	if !a.Cash.Equal(f.Deposit.Sub(paid)) || !a.Equity.Equal(a.Cash.Add(p.MarketValue)) {
		t.Errorf("account %+v, paid %s, worth %s", a, paid, p.MarketValue)
	}
}

func notionalOrder(t *testing.T, f Fixture) {
	filled := fillOrder(t, f, order(func(i *trade.Intent) {
		i.Qty, i.Notional = decimal.NullDecimal{}, amount("1000")
	}))
	spent := f.Deposit.Sub(account(t, f).Cash)
	if spent.Sub(decimal.NewFromInt(1000)).Abs().GreaterThan(decimal.RequireFromString("0.01")) || !filled.Notional.Valid {
		t.Errorf("spent %s for %+v", spent, filled)
	}
}

func positionIsSoldWhole(t *testing.T, f Fixture) {
	fillOrder(t, f, order())
	fillOrder(t, f, order(sell))
	positions, err := f.Broker.Positions(t.Context())
	a := account(t, f)
	if err != nil || len(positions) != 0 || !a.Cash.Equal(a.Equity) {
		t.Errorf("positions %+v, account %+v, error %v", positions, a, err)
	}
}

func closedMarketQueues(t *testing.T, f Fixture) {
	closeMarket(t, f)
	stays, goes := order(), order(func(i *trade.Intent) { i.Symbol = "MSFT" })
	submit(t, f, stays)
	canceled := submit(t, f, goes)
	if err := f.Broker.Cancel(t.Context(), canceled.ID); err != nil {
		t.Fatalf("cancel: %v", err)
	}
	open, err := f.Broker.OpenOrders(t.Context())
	if err != nil || len(open) != 1 || !stays.Matches(open[0]) {
		t.Errorf("open %+v, error %v", open, err)
	}
	next := marketTime(t, f).NextOpen
	if err := f.AdvanceTo(next.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	filled, err := f.Broker.OrderByClientID(t.Context(), stays.ClientOrderID)
	if err != nil || filled.Status != "filled" || filled.FilledAt.Before(next) {
		t.Errorf("at the open: %+v, %v", filled, err)
	}
	ended, err := f.Broker.OrderByClientID(t.Context(), goes.ClientOrderID)
	if err != nil || ended.Status != "canceled" || !ended.FilledQty.IsZero() {
		t.Errorf("canceled: %+v, %v", ended, err)
	}
}

func refusals(t *testing.T, f Fixture) {
	for name, change := range map[string]func(*trade.Intent){
		"unknown symbol":    func(i *trade.Intent) { i.Symbol = "NOSUCH" },
		"too dear":          func(i *trade.Intent) { i.Qty = amount("1000000") },
		"no amount":         func(i *trade.Intent) { i.Qty = decimal.NullDecimal{} },
		"tiny":              func(i *trade.Intent) { i.Qty, i.Notional = decimal.NullDecimal{}, amount("0.5") },
		"a fraction, short": func(i *trade.Intent) { i.Side, i.Qty = trade.SideSell, amount("0.5") },
	} {
		if _, err := f.Broker.Submit(t.Context(), order(change)); !errors.Is(err, engine.ErrOrderRejected) {
			t.Errorf("%s: %v", name, err)
		}
	}
	open, err := f.Broker.OpenOrders(t.Context())
	if err != nil || len(open) != 0 || !account(t, f).Cash.Equal(f.Deposit) {
		t.Errorf("open %+v, error %v", open, err)
	}
}

func bars(t *testing.T, f Fixture) {
	now := marketTime(t, f).Timestamp
	for _, timeframe := range trade.Timeframes {
		query := trade.BarQuery{Symbols: []string{"MSFT", "AAPL", "NOSUCH"}, Timeframe: timeframe, Start: now.AddDate(0, 0, -7), End: now}
		found, err := f.Broker.Bars(t.Context(), query)
		if err != nil || len(found) != 2 || len(found["AAPL"]) < 4 {
			t.Fatalf("%s: %d symbols, %d bars, error %v", timeframe, len(found), len(found["AAPL"]), err)
		}
		for symbol, list := range found {
			for i, b := range list {
				if b.Start.Before(query.Start) || b.Start.After(now) || !b.End.After(b.Start) || i > 0 && !list[i-1].Start.Before(b.Start) ||
					b.High < max(b.Open, b.Close, b.Low) || b.Low > min(b.Open, b.Close) || b.Low <= 0 {
					t.Fatalf("%s %s bar %d: %+v", symbol, timeframe, i, b)
				}
			}
		}
	}
	prices, err := f.Broker.LatestPrices(t.Context(), []string{"AAPL", "NOSUCH"})
	if err != nil || len(prices) != 1 || prices["AAPL"] <= 0 {
		t.Errorf("prices %v, error %v", prices, err)
	}
}

func portfolioHistory(t *testing.T, f Fixture) {
	fillOrder(t, f, order())
	equity := account(t, f).Equity.InexactFloat64()
	for period, timeframe := range map[string]string{"1D": "15Min", "1W": "1H", "1M": "1D", "3M": "1D", "6M": "1D", "1A": "1D"} {
		h, err := f.Broker.PortfolioHistory(t.Context(), period, timeframe)
		n := len(h.Equity)
		if err != nil || n == 0 || len(h.Timestamp) != n || len(h.ProfitLoss) != n || len(h.ProfitLossPct) != n || h.Timeframe != timeframe {
			t.Errorf("%s: %d points, error %v", period, n, err)
			continue
		}
		if h.Equity[n-1] != equity || h.BaseValue != f.Deposit.InexactFloat64() {
			t.Errorf("%s: ends at %v from %v, equity %v", period, h.Equity[n-1], h.BaseValue, equity)
		}
	}
}

func unknownOrder(t *testing.T, f Fixture) {
	if _, err := f.Broker.OrderByClientID(t.Context(), "nobody's"); !errors.Is(err, engine.ErrOrderNotFound) {
		t.Errorf("unknown order: %v", err)
	}
}

func cancelTwice(t *testing.T, f Fixture) {
	closeMarket(t, f)
	placed := submit(t, f, order())
	if err := f.Broker.Cancel(t.Context(), placed.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.Broker.Cancel(t.Context(), placed.ID); err == nil {
		t.Error("canceled twice")
	}
}

func executions(t *testing.T, f Fixture) {
	start := marketTime(t, f).Timestamp
	first, second := fillOrder(t, f, order()), fillOrder(t, f, order(sell))
	fills, err := f.Broker.Fills(t.Context(), start)
	if err != nil || len(fills) != 2 {
		t.Fatalf("fills %+v, error %v", fills, err)
	}
	for i, o := range []trade.BrokerOrder{first, second} {
		if fills[i].OrderID != o.ID || fills[i].Side != o.Side || !fills[i].Qty.Equal(o.FilledQty) || !fills[i].Price.Equal(o.FilledAvgPrice.Decimal) {
			t.Errorf("fill %+v of %+v", fills[i], o)
		}
	}
	if fills[0].ExecutionID == fills[1].ExecutionID || fills[1].At.Before(fills[0].At) {
		t.Errorf("fills %+v", fills)
	}
	if later, err := f.Broker.Fills(t.Context(), second.FilledAt.Add(time.Second)); err != nil || len(later) != 0 {
		t.Errorf("later fills %+v, error %v", later, err)
	}
}

func ordersHoldMoney(t *testing.T, f Fixture) {
	closeMarket(t, f)
	before := account(t, f).BuyingPower
	placed := submit(t, f, order(func(i *trade.Intent) { i.Qty, i.Notional = decimal.NullDecimal{}, amount("1000") }))
	if held := before.Sub(account(t, f).BuyingPower); held.LessThan(decimal.NewFromInt(1000)) {
		t.Errorf("an order for $1,000 holds %s", held)
	}
	if err := f.Broker.Cancel(t.Context(), placed.ID); err != nil {
		t.Fatal(err)
	}
	if after := account(t, f).BuyingPower; !after.Equal(before) {
		t.Errorf("buying power %s after the cancellation, %s before the order", after, before)
	}
}

func ordersHoldShares(t *testing.T, f Fixture) {
	fillOrder(t, f, order())
	closeMarket(t, f)
	submit(t, f, order(sell))
	positions, err := f.Broker.Positions(t.Context())
	if err != nil || len(positions) != 1 || !positions[0].QtyAvailable.IsZero() {
		t.Errorf("positions %+v, error %v", positions, err)
	}
	if _, err := f.Broker.Submit(t.Context(), order(sell)); !errors.Is(err, engine.ErrOrderRejected) {
		t.Errorf("the same shares sold twice: %v", err)
	}
	if _, err := f.Broker.Submit(t.Context(), order(sell, func(i *trade.Intent) { i.Qty = amount("3") })); !errors.Is(err, engine.ErrOrderRejected) {
		t.Errorf("more than is held: %v", err)
	}
}

func washTrade(t *testing.T, f Fixture) {
	fillOrder(t, f, order())
	closeMarket(t, f)
	submit(t, f, order(sell))
	if _, err := f.Broker.Submit(t.Context(), order()); !errors.Is(err, engine.ErrOrderRejected) {
		t.Errorf("a purchase beside a sale: %v", err)
	}
}

func shortSale(t *testing.T, f Fixture) {
	fillOrder(t, f, order(sell))
	positions, err := f.Broker.Positions(t.Context())
	if err != nil || len(positions) != 1 || !positions[0].Qty.Equal(decimal.NewFromInt(-2)) || !positions[0].MarketValue.IsNegative() {
		t.Errorf("positions %+v, error %v", positions, err)
	}
	fillOrder(t, f, order())
	if positions, err := f.Broker.Positions(t.Context()); err != nil || len(positions) != 0 {
		t.Errorf("covered: %+v, %v", positions, err)
	}
}
