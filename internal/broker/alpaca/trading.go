package alpaca

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Alpaca's page sizes: at most 500 orders and 100 activities in one answer, without a next token
// for orders (RULES 3).
const (
	ordersPage     = 500
	activitiesPage = 100
	maxPages       = 50
)

// Submit sends the order once. See engine.Broker for the meaning of its errors.
func (c *Client) Submit(ctx context.Context, intent trade.Intent) (trade.BrokerOrder, error) {
	var placed *sdk.Order
	seen, err := c.trading(ctx, useOrder, func(client *sdk.Client) (err error) {
		placed, err = client.PlaceOrder(request(intent))
		return err
	})
	if err != nil {
		return trade.BrokerOrder{}, submitError(seen, err)
	}
	if placed.ID == "" || placed.ClientOrderID != intent.ClientOrderID {
		return trade.BrokerOrder{}, fmt.Errorf("%w: the answer does not describe the order", trade.ErrUnknownOutcome)
	}
	made := order(*placed)
	made.RequestID = seen.requestID
	return made, nil
}

// Cancel asks for the cancellation of an order. nil means it was asked for, not that it happened.
func (c *Client) Cancel(ctx context.Context, brokerOrderID string) error {
	seen, err := c.trading(ctx, useOrder, func(client *sdk.Client) error { return client.CancelOrder(brokerOrderID) })
	if err != nil && seen.status == http.StatusUnauthorized {
		return tradingError(ctx, seen, err)
	}
	return readError(ctx, seen, err)
}

// OpenOrders returns all orders that may still fill, newest first.
func (c *Client) OpenOrders(ctx context.Context) ([]trade.BrokerOrder, error) {
	var all []trade.BrokerOrder
	until := time.Time{}
	for range maxPages {
		page, err := c.orders(ctx, sdk.GetOrdersRequest{Status: "open", Limit: ordersPage, Until: until})
		if err != nil {
			return nil, err
		}
		fresh := withoutKnown(all, page)
		all = append(all, fresh...)
		if len(page) < ordersPage || len(fresh) == 0 {
			return all, nil
		}
		// until is exclusive and sent in whole seconds: the last second is asked again, and
		// what is known already is left out.
		until = page[len(page)-1].SubmittedAt.Truncate(time.Second).Add(time.Second)
	}
	return nil, errors.New("list open orders: too many pages")
}

// withoutKnown returns the orders of page that are not in all.
func withoutKnown(all, page []trade.BrokerOrder) []trade.BrokerOrder {
	known := make(map[string]bool, len(all))
	for _, o := range all {
		known[o.ID] = true
	}
	var fresh []trade.BrokerOrder
	for _, o := range page {
		if !known[o.ID] {
			fresh = append(fresh, o)
		}
	}
	return fresh
}

// ClosedOrders returns up to limit orders in a terminal state, newest first.
func (c *Client) ClosedOrders(ctx context.Context, limit int) ([]trade.BrokerOrder, error) {
	return c.orders(ctx, sdk.GetOrdersRequest{Status: "closed", Limit: min(limit, ordersPage)})
}

func (c *Client) orders(ctx context.Context, request sdk.GetOrdersRequest) ([]trade.BrokerOrder, error) {
	request.Direction = "desc"
	var listed []sdk.Order
	err := c.read(ctx, func(client *sdk.Client) (err error) {
		listed, err = client.GetOrders(request)
		return err
	})
	orders := make([]trade.BrokerOrder, len(listed))
	for i := range listed {
		orders[i] = order(listed[i])
	}
	return orders, err
}

// Fills returns the executions since after, oldest first.
func (c *Client) Fills(ctx context.Context, after time.Time) ([]trade.Fill, error) {
	var fills []trade.Fill
	token := ""
	for range maxPages {
		var page []sdk.AccountActivity
		err := c.read(ctx, func(client *sdk.Client) (err error) {
			page, err = client.GetAccountActivities(sdk.GetAccountActivitiesRequest{
				ActivityTypes: []string{"FILL"}, After: after, Direction: "asc",
				PageSize: activitiesPage, PageToken: token,
			})
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, activity := range page {
			fills = append(fills, fill(activity))
		}
		if len(page) < activitiesPage {
			sort.SliceStable(fills, func(i, j int) bool { return fills[i].At.Before(fills[j].At) })
			return fills, nil
		}
		token = page[len(page)-1].ID
	}
	return nil, errors.New("list fills: too many pages")
}

// Account returns the account's figures.
func (c *Client) Account(ctx context.Context) (trade.Account, error) {
	var a *sdk.Account
	err := c.read(ctx, func(client *sdk.Client) (err error) {
		a, err = client.GetAccount()
		return err
	})
	if err != nil {
		return trade.Account{}, err
	}
	return trade.Account{
		ID: a.ID, AccountNumber: a.AccountNumber, Status: a.Status,
		Equity: a.Equity, LastEquity: a.LastEquity, Cash: a.Cash,
		BuyingPower: a.BuyingPower, PortfolioValue: portfolioValue(a),
		ShortingEnabled: a.ShortingEnabled, Multiplier: a.Multiplier,
		TradingBlocked: a.TradingBlocked || a.AccountBlocked || a.TradeSuspendedByUser,
	}, nil
}

// portfolioValue is the deprecated field, or equity, its successor, where it is left out.
func portfolioValue(a *sdk.Account) decimal.Decimal {
	if a.PortfolioValue.IsZero() {
		return a.Equity
	}
	return a.PortfolioValue
}

// Positions returns what the account holds.
func (c *Client) Positions(ctx context.Context) ([]trade.Position, error) {
	var listed []sdk.Position
	err := c.read(ctx, func(client *sdk.Client) (err error) {
		listed, err = client.GetPositions()
		return err
	})
	positions := make([]trade.Position, len(listed))
	for i := range listed {
		positions[i] = position(listed[i])
	}
	return positions, err
}

// Clock returns the broker's time and the exchange's state.
func (c *Client) Clock(ctx context.Context) (trade.MarketClock, error) {
	var k *sdk.Clock
	err := c.read(ctx, func(client *sdk.Client) (err error) {
		k, err = client.GetClock()
		return err
	})
	if err != nil {
		return trade.MarketClock{}, err
	}
	return trade.MarketClock{
		Timestamp: k.Timestamp.UTC(), IsOpen: k.IsOpen,
		NextOpen: k.NextOpen.UTC(), NextClose: k.NextClose.UTC(),
	}, nil
}

// PortfolioHistory returns the equity curve of a period (1D, 1W, 1M, 3M, 6M, 1A) in intervals of
// timeframe (15Min, 1H, 1D).
func (c *Client) PortfolioHistory(ctx context.Context, period, timeframe string) (trade.PortfolioHistory, error) {
	var h *sdk.PortfolioHistory
	err := c.read(ctx, func(client *sdk.Client) (err error) {
		h, err = client.GetPortfolioHistory(sdk.GetPortfolioHistoryRequest{Period: period, TimeFrame: sdk.TimeFrame(timeframe)})
		return err
	})
	if err != nil {
		return trade.PortfolioHistory{}, err
	}
	return trade.PortfolioHistory{
		Timestamp: h.Timestamp, Equity: floats(h.Equity), ProfitLoss: floats(h.ProfitLoss),
		ProfitLossPct: floats(h.ProfitLossPct), BaseValue: h.BaseValue.InexactFloat64(),
		Timeframe: string(h.Timeframe),
	}, nil
}
