package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Account is one account of the exchange for a caller in the same process: the rules, fills and
// figures that HTTP serves, in the words of package trade and without JSON. Faults of requests and
// limits of their number do not reach it. It is safe for concurrent use.
type Account struct {
	simulator *Simulator
	account   *account
}

// Account returns the account of the key pair, opened at its first use; a fault of kind
// BrokerRefused when the simulator does not take the keys.
func (s *Simulator) Account(key, secret string) (*Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, opened, refused := s.exchange.authenticate(key, secret, s.clock.now())
	if refused != nil {
		return nil, fault.New(fault.BrokerRefused, "The simulator refused the keys: %s.", refused.message)
	}
	if opened {
		return &Account{s, found}, s.record()
	}
	return &Account{s, found}, nil
}

// look lets the account be looked at, brought up to date.
func (a *Account) look(ctx context.Context, at func(e *exchange, now time.Time)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.simulator.mu.Lock()
	defer a.simulator.mu.Unlock()
	now, err := a.simulator.settled(a.account)
	if err == nil {
		at(a.simulator.exchange, now)
	}
	return err
}

// change lets the account be changed; a refusal has changed nothing.
func (a *Account) change(ctx context.Context, do func(e *exchange, now time.Time) *refusal) error {
	var refused *refusal
	var failed error
	err := a.look(ctx, func(e *exchange, now time.Time) {
		if refused = do(e, now); refused == nil {
			e.touch(a.account)
			e.settleAccount(a.account, now)
			failed = a.simulator.record()
		}
	})
	switch {
	case err != nil:
		return err
	case refused != nil:
		return refused
	default:
		return failed
	}
}

// Submit places the intent's order and returns it as it was taken. An error wraps
// trade.ErrOrderExists or trade.ErrOrderRejected: nothing is lost on the way.
func (a *Account) Submit(ctx context.Context, intent trade.Intent) (placed trade.BrokerOrder, err error) {
	err = a.change(ctx, func(e *exchange, now time.Time) *refusal {
		o, refused := e.place(a.account, requestOf(intent), now)
		if refused == nil {
			placed = orderOf(a.account.view(o, true))
		}
		return refused
	})
	var refused *refusal
	if errors.As(err, &refused) {
		if refused.code == codeParameter && strings.Contains(refused.message, "must be unique") {
			return placed, fmt.Errorf("%w: %w", trade.ErrOrderExists, refused)
		}
		return placed, fmt.Errorf("%w: %w", trade.ErrOrderRejected, refused)
	}
	return placed, err
}

// Cancel ends an open order and what belongs to it. A fault of kind NotFound or BrokerRefused says
// that there is none that is open.
func (a *Account) Cancel(ctx context.Context, brokerOrderID string) error {
	err := a.change(ctx, func(e *exchange, now time.Time) *refusal { return e.cancel(a.account, brokerOrderID, now) })
	var refused *refusal
	if errors.As(err, &refused) {
		kind := fault.BrokerRefused
		if refused.status == http.StatusNotFound {
			kind = fault.NotFound
		}
		return fault.Because(refused, kind, "The order cannot be canceled: %s.", refused.message)
	}
	return err
}

// OrderByClientID finds an order in any state with its legs, or returns an error that wraps
// trade.ErrOrderNotFound.
func (a *Account) OrderByClientID(ctx context.Context, clientOrderID string) (trade.BrokerOrder, error) {
	return a.find(ctx, func() *order { return a.account.byClientID[clientOrderID] })
}

// Order is OrderByClientID by the broker's own id.
func (a *Account) Order(ctx context.Context, brokerOrderID string) (trade.BrokerOrder, error) {
	return a.find(ctx, func() *order { return a.account.byID[brokerOrderID] })
}

func (a *Account) find(ctx context.Context, known func() *order) (found trade.BrokerOrder, err error) {
	err = a.look(ctx, func(*exchange, time.Time) {
		if o := known(); o != nil {
			found = orderOf(a.account.view(o, true))
		}
	})
	if err == nil && found.ID == "" {
		err = trade.ErrOrderNotFound
	}
	return found, err
}

// OpenOrders returns all orders that may still fill, legs too, newest first.
func (a *Account) OpenOrders(ctx context.Context) (open []trade.BrokerOrder, err error) {
	err = a.look(ctx, func(*exchange, time.Time) {
		for _, o := range newestFirst(a.account.open) {
			open = append(open, orderOf(a.account.view(o, false)))
		}
	})
	return open, err
}

// ClosedOrders returns up to limit orders in a terminal state, legs too, newest first.
func (a *Account) ClosedOrders(ctx context.Context, limit int) (closed []trade.BrokerOrder, err error) {
	err = a.look(ctx, func(*exchange, time.Time) {
		for _, o := range newestFirst(a.account.Orders) {
			if found := orderOf(a.account.view(o, false)); !found.Open() && len(closed) < limit {
				closed = append(closed, found)
			}
		}
	})
	return closed, err
}

// Fills returns the executions since after, that moment included, oldest first.
func (a *Account) Fills(ctx context.Context, after time.Time) (fills []trade.Fill, err error) {
	err = a.look(ctx, func(*exchange, time.Time) {
		all := a.account.Fills
		first := len(all) // they are few since the last look
		for first > 0 && !all[first-1].At.Before(after) {
			first--
		}
		for _, f := range all[first:] {
			if f.execution() {
				fills = append(fills, fillOf(f))
			}
		}
	})
	return fills, err
}

// Changes returns what has altered positions without an execution since the day of after, oldest
// first: splits and spin-offs.
func (a *Account) Changes(ctx context.Context, after time.Time) (changes []trade.Change, err error) {
	err = a.look(ctx, func(*exchange, time.Time) { changes = changesOf(a.account.Fills, after) })
	return changes, err
}

// Account returns the account's figures.
func (a *Account) Account(ctx context.Context) (view trade.Account, err error) {
	err = a.look(ctx, func(e *exchange, now time.Time) {
		f, closed := e.figures(a.account, now), lastClose(now)
		view = trade.Account{
			ID: a.account.ID, AccountNumber: a.account.Number, Status: "ACTIVE",
			Equity: f.equity, LastEquity: e.closing(a.account, closed).equityAt(closed), Cash: a.account.Cash,
			BuyingPower: f.buyingPower, PortfolioValue: f.equity,
			ShortingEnabled: f.shortingEnabled() && !a.account.Settings.NoShorting, Multiplier: f.multiplier,
			TradingBlocked: a.account.Settings.SuspendTrade,
		}
	})
	return view, err
}

// Fees are the dollars that trading has cost so far.
func (a *Account) Fees(ctx context.Context) (paid decimal.Decimal, err error) {
	err = a.look(ctx, func(*exchange, time.Time) { paid = a.account.Fees })
	return paid, err
}

// Positions returns what the account holds, by symbol.
func (a *Account) Positions(ctx context.Context) (positions []trade.Position, err error) {
	err = a.look(ctx, func(e *exchange, now time.Time) {
		for _, symbol := range a.account.symbols() {
			if view, held := e.positionView(a.account, symbol, now); held {
				positions = append(positions, positionOf(view))
			}
		}
	})
	return positions, err
}

// Asset describes a symbol; an unknown one is a fault of kind NotFound.
func (a *Account) Asset(_ context.Context, symbol string) (trade.Asset, error) {
	asset, known := a.simulator.exchange.assets[symbol] // never changes
	if !known {
		return trade.Asset{}, fault.New(fault.NotFound, "The simulator does not know %.10s.", symbol)
	}
	return assetOf(asset), nil
}

// Quotes returns the present bid, ask and last price; symbols without any are absent.
func (a *Account) Quotes(ctx context.Context, symbols []string) (map[string]trade.Quote, error) {
	quotes := make(map[string]trade.Quote, len(symbols))
	err := a.look(ctx, func(e *exchange, now time.Time) {
		for _, symbol := range symbols {
			if last, ok := e.market.LastPrint(symbol, now); ok {
				quotes[symbol] = quoteAround(last)
			}
		}
	})
	return quotes, err
}

// Clock returns the market's time and the exchange's state.
func (a *Account) Clock(ctx context.Context) (trade.MarketClock, error) {
	shown := clockView(a.simulator.Now())
	return trade.MarketClock{
		Timestamp: shown.Timestamp.UTC(), IsOpen: shown.IsOpen, NextOpen: shown.NextOpen.UTC(), NextClose: shown.NextClose.UTC(),
	}, ctx.Err()
}
