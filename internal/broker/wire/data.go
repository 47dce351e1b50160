package wire

import "time"

// Bar is one bar of the Market Data API. A daily bar starts at midnight New York.
type Bar struct {
	Start  time.Time `json:"t"`
	Open   float64   `json:"o"`
	High   float64   `json:"h"`
	Low    float64   `json:"l"`
	Close  float64   `json:"c"`
	Volume uint64    `json:"v"`
	Trades uint64    `json:"n"`
	VWAP   float64   `json:"vw"`
}

// Bars is one page of GET /v2/stocks/bars. Symbols without data are left out.
type Bars struct {
	Bars          map[string][]Bar `json:"bars"`
	NextPageToken *string          `json:"next_page_token"`
}

// SymbolBars is one page of GET /v2/stocks/{symbol}/bars.
type SymbolBars struct {
	Bars          []Bar   `json:"bars"`
	Symbol        string  `json:"symbol"`
	NextPageToken *string `json:"next_page_token"`
}

// LatestBars is the answer of GET /v2/stocks/bars/latest.
type LatestBars struct {
	Bars map[string]Bar `json:"bars"`
}

// LatestBar is the answer of GET /v2/stocks/{symbol}/bars/latest.
type LatestBar struct {
	Bar    Bar    `json:"bar"`
	Symbol string `json:"symbol"`
}
