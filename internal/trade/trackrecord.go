package trade

import (
	"time"

	"github.com/shopspring/decimal"
)

// ClosedTrade is one position from its first entry to its end, for limits that look back.
type ClosedTrade struct {
	Symbol    string
	Short     bool
	EntryAt   time.Time
	ExitAt    time.Time
	Qty       decimal.Decimal
	Profit    decimal.Decimal // dollars
	ProfitPct decimal.Decimal // percent of what the entry cost
	StopLoss  bool            // a stop ended it
}

// TrackRecord is what limits must know about an account's past.
type TrackRecord struct {
	Trades     []ClosedTrade   // by exit, oldest first
	OrderTimes []time.Time     // when orders were sent, of the last day, oldest first
	Peak       decimal.Decimal // highest equity in the drawdown's lookback; zero: not known
	ResumedAt  time.Time       // when a person last set the account active; limits that wait for a person look at what came after
}

// Quote is the best bid and offer of a symbol and its latest trade.
type Quote struct {
	Bid, Ask decimal.Decimal // zero: nobody asks or bids
	Last     decimal.Decimal
	At       time.Time // of the latest trade
}
