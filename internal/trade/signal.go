package trade

import "time"

// Action is what a signal or a vote asks for.
type Action string

// The actions. A vote is Buy, Sell or None; a signal is Buy, Sell or Hold.
const (
	Buy  Action = "buy"
	Sell Action = "sell"
	Hold Action = "hold"
	None Action = ""
)

// Value is one number behind a vote, such as {"rsi", 27.4}.
type Value struct {
	Name   string  `json:"name"`
	Number float64 `json:"number"`
}

// Vote is what one indicator says about the last closed bar.
type Vote struct {
	Indicator string  `json:"indicator"` // rsi, sma, macd, bollinger
	Action    Action  `json:"action"`
	Values    []Value `json:"values"`            // those that the bars seen so far give
	Problem   string  `json:"problem,omitempty"` // why it could not vote: "sma needs 200 bars, has 143"
	Reason    string  `json:"reason,omitempty"`  // the sentence behind the vote: "RSI 27.4 < 30"
}

// Signal is the decision of all votes on one symbol.
type Signal struct {
	Symbol   string    `json:"symbol"`
	Action   Action    `json:"action"`
	Strength float64   `json:"strength"` // 0-100: max(buy votes, sell votes) / enabled indicators
	Votes    []Vote    `json:"votes"`
	BarStart time.Time `json:"bar_start"` // the bar it was decided on; zero when there was none
	BarEnd   time.Time `json:"bar_end"`
	Price    float64   `json:"price"`            // that bar's close
	Volume   float64   `json:"volume,omitempty"` // shares of that bar
	ATR      float64   `json:"atr,omitempty"`    // average true range in dollars; zero: not asked for, or too few bars
}
