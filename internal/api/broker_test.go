package api_test

import (
	"context"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// fakeBroker is every brokerage account and the signals, answering what the test sets.
type fakeBroker struct {
	mu        sync.Mutex
	err       error // every call fails with it
	opened    []trade.BrokerageAccount
	account   trade.Account
	clock     trade.MarketClock
	positions []trade.Position
	open      []trade.BrokerOrder
	closed    []trade.BrokerOrder
	history   trade.PortfolioHistory
	signals   map[string]trade.Signal
	prices    map[string]float64
	panics    bool // signals panic
}

func newFakeBroker() *fakeBroker {
	return &fakeBroker{
		account: trade.Account{
			ID: "1", Status: "ACTIVE", Equity: dollars("100250.5"), LastEquity: dollars("100000"), Cash: dollars("90000"),
			BuyingPower: dollars("180000"), PortfolioValue: dollars("100250.5"),
		},
		clock: trade.MarketClock{Timestamp: at("2026-03-02T15:00:00Z"), IsOpen: true, NextOpen: at("2026-03-03T14:30:00Z"), NextClose: at("2026-03-02T21:00:00Z")},
	}
}

func dollars(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func some(s string) decimal.NullDecimal { return decimal.NewNullDecimal(dollars(s)) }

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// set changes what the broker answers.
func (f *fakeBroker) set(change func(*fakeBroker)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func read[T any](f *fakeBroker, value func() T) (T, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		var nothing T
		return nothing, f.err
	}
	return value(), nil
}

func (f *fakeBroker) Open(_ context.Context, account trade.BrokerageAccount) (app.Brokerage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened = append(f.opened, account)
	return f, nil
}

func (f *fakeBroker) lastOpened() trade.BrokerageAccount {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opened[len(f.opened)-1]
}

func (f *fakeBroker) Account(context.Context) (trade.Account, error) {
	return read(f, func() trade.Account { return f.account })
}

func (f *fakeBroker) Clock(context.Context) (trade.MarketClock, error) {
	return read(f, func() trade.MarketClock { return f.clock })
}

func (f *fakeBroker) Positions(context.Context) ([]trade.Position, error) {
	return read(f, func() []trade.Position { return f.positions })
}

func (f *fakeBroker) OpenOrders(context.Context) ([]trade.BrokerOrder, error) {
	return read(f, func() []trade.BrokerOrder { return f.open })
}

func (f *fakeBroker) ClosedOrders(context.Context, int) ([]trade.BrokerOrder, error) {
	return read(f, func() []trade.BrokerOrder { return f.closed })
}

func (f *fakeBroker) PortfolioHistory(_ context.Context, _, timeframe string) (trade.PortfolioHistory, error) {
	return read(f, func() trade.PortfolioHistory {
		history := f.history
		history.Timeframe = timeframe
		return history
	})
}

func (f *fakeBroker) Asset(_ context.Context, symbol string) (trade.Asset, error) {
	names := map[string]string{"AAPL": "Apple Inc. Common Stock", "MSFT": "Microsoft Corporation", "SPY": "SPDR S&P 500"}
	name, known := names[symbol]
	if !known {
		return trade.Asset{}, fault.New(fault.NotFound, "Alpaca does not know it: %s.", symbol)
	}
	return read(f, func() trade.Asset { return trade.Asset{Symbol: symbol, Name: name, Tradable: true} })
}

func (f *fakeBroker) Signals(_ context.Context, _ trade.BrokerageAccount, _ trade.Settings, symbols []string) ([]trade.Signal, map[string]float64, error) {
	signals, err := read(f, func() []trade.Signal {
		if f.panics {
			panic("signals broke")
		}
		signals := make([]trade.Signal, len(symbols))
		for i, symbol := range symbols {
			signals[i] = f.signals[symbol]
			signals[i].Symbol = symbol
			if signals[i].Action == "" {
				signals[i].Action = trade.Hold
			}
		}
		return signals
	})
	if err != nil {
		return nil, nil, err
	}
	prices, err := read(f, func() map[string]float64 { return f.prices })
	return signals, prices, err
}

func (f *fakeBroker) Submit(context.Context, trade.Intent) (trade.BrokerOrder, error) {
	panic("a page never orders")
}
func (f *fakeBroker) Cancel(context.Context, string) error { panic("a page never cancels") }
func (f *fakeBroker) OrderByClientID(context.Context, string) (trade.BrokerOrder, error) {
	panic("a page never asks for one order")
}
func (f *fakeBroker) Order(context.Context, string) (trade.BrokerOrder, error) {
	panic("a page never asks for one order")
}
func (f *fakeBroker) Changes(context.Context, time.Time) ([]trade.Change, error) {
	panic("a page never asks for changes")
}
func (f *fakeBroker) Quotes(context.Context, []string) (map[string]trade.Quote, error) {
	panic("a page never asks for quotes")
}
func (f *fakeBroker) Fills(context.Context, time.Time) ([]trade.Fill, error) {
	panic("a page never asks for fills")
}
func (f *fakeBroker) Bars(context.Context, trade.BarQuery) (map[string][]trade.Bar, error) {
	panic("a page never asks for bars")
}
func (f *fakeBroker) LatestPrices(context.Context, []string) (map[string]float64, error) {
	panic("a page never asks for prices")
}
