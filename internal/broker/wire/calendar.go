package wire

import "time"

// Market describes an exchange in the answers of version 3.
type Market struct {
	Acronym  string `json:"acronym"`
	MIC      string `json:"mic,omitempty"`
	Name     string `json:"name"`
	Timezone string `json:"timezone"`
}

// MarketDay is one day of GET /v3/calendar/{market}. Its times carry the market's offset.
type MarketDay struct {
	Date           string    `json:"date"`
	PreStart       time.Time `json:"pre_start"`
	PreEnd         time.Time `json:"pre_end"`
	CoreStart      time.Time `json:"core_start"`
	CoreEnd        time.Time `json:"core_end"`
	PostStart      time.Time `json:"post_start"`
	PostEnd        time.Time `json:"post_end"`
	SettlementDate string    `json:"settlement_date"`
}

// MarketCalendar is the answer of GET /v3/calendar/{market}.
type MarketCalendar struct {
	Calendar []MarketDay `json:"calendar"`
	Market   Market      `json:"market"`
}

// MarketClock is the state of one market in the answer of GET /v3/clock.
type MarketClock struct {
	IsMarketDay     bool      `json:"is_market_day"`
	Market          Market    `json:"market"`
	NextMarketClose time.Time `json:"next_market_close"`
	NextMarketOpen  time.Time `json:"next_market_open"`
	Phase           string    `json:"phase"` // closed, pre, core or post
	PhaseUntil      time.Time `json:"phase_until"`
	Timestamp       time.Time `json:"timestamp"`
}

// MarketClocks is the answer of GET /v3/clock.
type MarketClocks struct {
	Clocks []MarketClock `json:"clocks"`
}
