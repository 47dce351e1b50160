package alpaca

import (
	"context"

	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Quotes returns the best bid and offer and the latest trade of each symbol, one request for a
// hundred symbols; symbols that the feed knows nothing of are absent.
func (c *Client) Quotes(ctx context.Context, symbols []string) (map[string]trade.Quote, error) {
	quotes := make(map[string]trade.Quote, len(symbols))
	for _, some := range chunks(symbols, symbolsRequest) {
		err := c.data(ctx, func(client *marketdata.Client) error {
			answer, err := client.GetSnapshots(some, marketdata.GetSnapshotRequest{})
			for symbol, snapshot := range answer {
				if snapshot != nil {
					quotes[symbol] = quote(*snapshot)
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return quotes, nil
}

func quote(snapshot marketdata.Snapshot) trade.Quote {
	var quoted trade.Quote
	if best := snapshot.LatestQuote; best != nil {
		quoted.Bid, quoted.Ask = decimal.NewFromFloat(best.BidPrice), decimal.NewFromFloat(best.AskPrice)
	}
	if last := snapshot.LatestTrade; last != nil {
		quoted.Last, quoted.At = decimal.NewFromFloat(last.Price), last.Timestamp.UTC()
	}
	return quoted
}
