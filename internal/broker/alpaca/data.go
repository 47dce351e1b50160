package alpaca

import (
	"context"
	"fmt"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const (
	dataTimeout    = 60 * time.Second // a request for bars may take many pages
	barsPage       = 10000            // Alpaca's maximum, over all symbols of the request
	symbolsRequest = 200              // keeps the address under 2 kB; the API documents no limit
)

var timeframes = map[trade.Timeframe]marketdata.TimeFrame{
	trade.Minute:    marketdata.OneMin,
	trade.Minutes5:  marketdata.NewTimeFrame(5, marketdata.Min),
	trade.Minutes15: marketdata.NewTimeFrame(15, marketdata.Min),
	trade.Hour:      marketdata.OneHour,
	trade.Day:       marketdata.OneDay,
}

// Bars returns split-adjusted bars, oldest first; symbols without data are absent.
func (c *Client) Bars(ctx context.Context, query trade.BarQuery) (map[string][]trade.Bar, error) {
	timeframe, ok := timeframes[query.Timeframe]
	if !ok {
		return nil, fmt.Errorf("bars: timeframe %q is unknown", query.Timeframe)
	}
	bars := make(map[string][]trade.Bar, len(query.Symbols))
	for _, symbols := range chunks(query.Symbols, symbolsRequest) {
		err := c.data(ctx, func(client *marketdata.Client) error {
			answer, err := client.GetMultiBars(symbols, marketdata.GetBarsRequest{
				TimeFrame: timeframe, Adjustment: marketdata.AdjustmentSplit,
				Start: query.Start, End: query.End, PageLimit: barsPage,
			})
			for symbol, received := range answer {
				bars[symbol] = convertBars(received, query.Timeframe)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return bars, nil
}

// LatestPrices returns the close of each symbol's latest minute bar.
func (c *Client) LatestPrices(ctx context.Context, symbols []string) (map[string]float64, error) {
	prices := make(map[string]float64, len(symbols))
	for _, some := range chunks(symbols, symbolsRequest) {
		err := c.data(ctx, func(client *marketdata.Client) error {
			answer, err := client.GetLatestBars(some, marketdata.GetLatestBarRequest{})
			for symbol, bar := range answer {
				if bar.Close > 0 { // the API may send an empty bar for a symbol without data
					prices[symbol] = bar.Close
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return prices, nil
}

func convertBars(received []marketdata.Bar, timeframe trade.Timeframe) []trade.Bar {
	bars := make([]trade.Bar, len(received))
	for i, b := range received {
		start := b.Timestamp.UTC()
		bars[i] = trade.Bar{
			Start: start, End: market.BarEnd(start, timeframe),
			Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: float64(b.Volume),
		}
	}
	return bars
}

func chunks(symbols []string, size int) [][]string {
	var parts [][]string
	for len(symbols) > size {
		parts, symbols = append(parts, symbols[:size]), symbols[size:]
	}
	if len(symbols) > 0 {
		parts = append(parts, symbols)
	}
	return parts
}
