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

// Trade is one trade of the Market Data API.
type Trade struct {
	At         time.Time `json:"t"`
	Exchange   string    `json:"x"`
	Price      float64   `json:"p"`
	Size       uint64    `json:"s"`
	Conditions []string  `json:"c"`
	ID         uint64    `json:"i"`
	Tape       string    `json:"z"`
}

// Quote is the best bid and offer of a moment. Sizes are shares.
type Quote struct {
	At          time.Time `json:"t"`
	AskExchange string    `json:"ax"`
	AskPrice    float64   `json:"ap"`
	AskSize     uint64    `json:"as"`
	BidExchange string    `json:"bx"`
	BidPrice    float64   `json:"bp"`
	BidSize     uint64    `json:"bs"`
	Conditions  []string  `json:"c"`
	Tape        string    `json:"z"`
}

// Snapshot is everything that is newest of a symbol; what there is none of is left out.
type Snapshot struct {
	DailyBar     *Bar   `json:"dailyBar,omitempty"`
	LatestQuote  *Quote `json:"latestQuote,omitempty"`
	LatestTrade  *Trade `json:"latestTrade,omitempty"`
	MinuteBar    *Bar   `json:"minuteBar,omitempty"`
	PrevDailyBar *Bar   `json:"prevDailyBar,omitempty"`
}

// SymbolSnapshot is the answer of GET /v2/stocks/{symbol}/snapshot.
type SymbolSnapshot struct {
	Snapshot
	Symbol string `json:"symbol"`
}

// Auction is one print of an opening or closing auction.
type Auction struct {
	At        time.Time `json:"t"`
	Exchange  string    `json:"x"`
	Price     float64   `json:"p"`
	Size      uint64    `json:"s"`
	Condition string    `json:"c"`
}

// DailyAuctions are a day's auctions.
type DailyAuctions struct {
	Day     time.Time `json:"-"` // midnight New York
	Date    string    `json:"d"` // YYYY-MM-DD
	Opening []Auction `json:"o"`
	Closing []Auction `json:"c"`
}

// News is one article.
type News struct {
	ID        int64       `json:"id"`
	Headline  string      `json:"headline"`
	Author    string      `json:"author"`
	CreatedAt time.Time   `json:"created_at"`
	UpdatedAt time.Time   `json:"updated_at"`
	Summary   string      `json:"summary"`
	Content   string      `json:"content"`
	URL       *string     `json:"url"`
	Images    []NewsImage `json:"images"`
	Symbols   []string    `json:"symbols"`
	Source    string      `json:"source"`
}

// NewsImage is one picture of an article.
type NewsImage struct {
	Size string `json:"size"` // thumb, small or large
	URL  string `json:"url"`
}
