package alpaca

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// withLegs makes Alpaca show the legs inside of their order (RULES 5.6).
const withLegs = "nested=true"

// OrderByClientID finds an order in any state, with its legs.
func (c *Client) OrderByClientID(ctx context.Context, clientOrderID string) (trade.BrokerOrder, error) {
	return c.lookUp(ctx, clientOrderID, func(client *sdk.Client) (*sdk.Order, error) {
		return client.GetOrderByClientOrderID(clientOrderID)
	})
}

// Order finds an order in any state by Alpaca's own id, with its legs.
func (c *Client) Order(ctx context.Context, brokerOrderID string) (trade.BrokerOrder, error) {
	return c.lookUp(ctx, brokerOrderID, func(client *sdk.Client) (*sdk.Order, error) {
		return client.GetOrder(brokerOrderID)
	})
}

func (c *Client) lookUp(ctx context.Context, id string, ask func(*sdk.Client) (*sdk.Order, error)) (trade.BrokerOrder, error) {
	var found *sdk.Order
	seen, err := c.asking(ctx, useRead, withLegs, func(client *sdk.Client) (err error) {
		found, err = ask(client)
		return err
	})
	if err != nil && seen.status == http.StatusNotFound {
		return trade.BrokerOrder{}, fmt.Errorf("%w: %s", trade.ErrOrderNotFound, id)
	}
	if err := tradingError(ctx, seen, err); err != nil {
		return trade.BrokerOrder{}, err
	}
	return order(*found), nil
}

// changing are the activities that alter positions without an execution: transfers, journals of
// shares, mergers, new names, reorganisations, spin-offs and splits.
var changing = []string{"ACATS", "JNLS", "MA", "NC", "REORG", "SPIN", "SPLIT", "FOPT"}

// Changes returns what has altered positions without an execution since the day of after, oldest
// first. Alpaca dates such activities by the day, so those of that whole day are there.
func (c *Client) Changes(ctx context.Context, after time.Time) ([]trade.Change, error) {
	var page []sdk.AccountActivity
	err := c.read(ctx, func(client *sdk.Client) (err error) {
		page, err = client.GetAccountActivities(sdk.GetAccountActivitiesRequest{
			ActivityTypes: changing, After: market.Day(after), Direction: "desc", PageSize: activitiesPage,
		})
		return err
	})
	changes := make([]trade.Change, 0, len(page))
	for _, activity := range slices.Backward(page) {
		changes = append(changes, trade.Change{
			ID: activity.ID, Kind: activity.ActivityType, Symbol: activity.Symbol,
			At: activity.Date.In(market.NewYork).UTC(),
		})
	}
	return changes, err
}
