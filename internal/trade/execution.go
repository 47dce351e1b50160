package trade

import (
	"time"

	"github.com/shopspring/decimal"
)

// ExecutionSettings say how an order is made of a decision. The zero value orders by
// PositionSizePct at the market, without protection.
type ExecutionSettings struct {
	SizeBy      SizeBy          // empty means percent
	Dollars     decimal.Decimal // SizeBy dollars: of one entry
	Shares      decimal.Decimal // SizeBy shares: of one entry
	RiskPct     decimal.Decimal // SizeBy volatility: percent of equity that is lost when the price moves ATRMultiple average true ranges
	ATRPeriod   int             // bars
	ATRMultiple float64
	WholeShares bool // never a fraction of a share

	LimitOffsetPct decimal.Decimal // limit orders: limit = last close + this percent for a buy, - for a sell; below 0 waits for a better price
	MaxSlippagePct decimal.Decimal // market orders: sent as limit orders so far beyond the last close; 0: off
	ExtendedHours  bool            // limit orders with time in force day only (RULES 5)

	StopLossPct     decimal.Decimal // percent from the entry; orders at the broker; 0: off
	TakeProfitPct   decimal.Decimal
	TrailingStopPct decimal.Decimal

	Foreign ForeignPolicy // empty means adopt
}

// SizeBy says how an entry's size is found.
type SizeBy string

// The ways.
const (
	SizePercent    SizeBy = "percent" // of equity: Settings.PositionSizePct
	SizeDollars    SizeBy = "dollars"
	SizeShares     SizeBy = "shares"
	SizeVolatility SizeBy = "volatility" // by average true range
)

// ForeignPolicy says what becomes of positions and orders that this program did not make.
type ForeignPolicy string

// The policies.
const (
	AdoptForeign  ForeignPolicy = "adopt"  // they are treated like our own
	IgnoreForeign ForeignPolicy = "ignore" // they are left alone: their symbols are not traded
)

// RiskLimits keep a strategy from what it should not do, for an account or for the whole
// installation. Zero values switch a limit off. Percentages are of equity unless said otherwise.
type RiskLimits struct {
	MaxExposurePct decimal.Decimal   // all positions and planned entries together, long and short added
	MaxSymbolPct   decimal.Decimal   // one symbol
	MaxSectorPct   decimal.Decimal   // the symbols of one sector together
	Sectors        map[string]string // symbol -> sector, as the user names them

	MaxOrdersPerMinute int
	MaxOrdersPerDay    int // of New York

	DailyLossPct decimal.Decimal // below the previous session's close: no entries until the next session

	MaxDrawdown       DrawdownLimit
	ConsecutiveLosses LossStreakLimit
	CooldownMinutes   int // after an exit, no entry in that symbol
	StoplossGuard     StoplossGuard
	LowProfitSymbols  LowProfitLimit

	MaxBarAgeMinutes int             // the last closed bar is older: stale
	MaxPriceGapPct   decimal.Decimal // between the bar's close and the latest price, in percent of the close
	MaxSpreadPct     decimal.Decimal // between bid and ask, in percent of their middle
	MinPrice         decimal.Decimal // dollars
	MinVolume        float64         // shares of the last closed bar
}

// DrawdownLimit stops entries while equity is Percent or more below its peak in the lookback
// (freqtrade's MaxDrawdown).
type DrawdownLimit struct {
	Percent      decimal.Decimal
	LookbackDays int // 0: ever
	PauseMinutes int // 0: as long as it holds
}

// LossStreakLimit stops entries after so many closed trades in a row that lost.
type LossStreakLimit struct {
	Trades       int
	PauseMinutes int // 0: until a person resumes
}

// StoplossGuard stops entries after so many stop losses in the lookback (freqtrade's StoplossGuard).
type StoplossGuard struct {
	Trades          int
	LookbackMinutes int
	PauseMinutes    int
	PerSymbol       bool // only the symbol that was stopped out
}

// LowProfitLimit stops entries in a symbol whose closed trades of the lookback made less than
// RequiredPct together (freqtrade's LowProfitPairs).
type LowProfitLimit struct {
	Trades          int
	LookbackMinutes int
	PauseMinutes    int
	RequiredPct     decimal.Decimal
}

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
