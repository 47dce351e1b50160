package trade

import "github.com/shopspring/decimal"

// ExecutionSettings say how an order is made of a decision. The zero value orders by
// PositionSizePct at the market, without protection. Its JSON is kept in the database: what is
// zero is left out, and what is left out is zero.
type ExecutionSettings struct {
	SizeBy      SizeBy          `json:"size_by,omitzero"`    // empty means percent
	Dollars     decimal.Decimal `json:"dollars,omitzero"`    // SizeBy dollars: of one entry
	Shares      decimal.Decimal `json:"shares,omitzero"`     // SizeBy shares: of one entry
	RiskPct     decimal.Decimal `json:"risk_pct,omitzero"`   // SizeBy volatility: percent of equity that is lost when the price moves ATRMultiple average true ranges
	ATRPeriod   int             `json:"atr_period,omitzero"` // bars
	ATRMultiple float64         `json:"atr_multiple,omitzero"`
	WholeShares bool            `json:"whole_shares,omitzero"` // never a fraction of a share

	LimitOffsetPct decimal.Decimal `json:"limit_offset_pct,omitzero"` // limit orders: limit = last close + this percent for a buy, - for a sell; below 0 waits for a better price
	MaxSlippagePct decimal.Decimal `json:"max_slippage_pct,omitzero"` // market orders: sent as limit orders so far beyond the last close; 0: off
	ExtendedHours  bool            `json:"extended_hours,omitzero"`   // limit orders with time in force day only (RULES 5.5)

	StopLossPct     decimal.Decimal `json:"stop_loss_pct,omitzero"` // percent from the entry; orders at the broker; 0: off
	TakeProfitPct   decimal.Decimal `json:"take_profit_pct,omitzero"`
	TrailingStopPct decimal.Decimal `json:"trailing_stop_pct,omitzero"`

	Foreign ForeignPolicy `json:"foreign,omitzero"` // empty means adopt
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

// Protects reports whether positions get orders at the broker that end them on a condition.
func (e ExecutionSettings) Protects() bool {
	return e.StopLossPct.IsPositive() || e.TakeProfitPct.IsPositive() || e.TrailingStopPct.IsPositive()
}

func (e ExecutionSettings) rules(orderType OrderType, force TimeInForce) []settingRule {
	size := e.SizeBy
	if size == "" {
		size = SizePercent
	}
	limit := orderType == LimitOrder || e.MaxSlippagePct.IsPositive()
	legs := e.StopLossPct.IsPositive() || e.TakeProfitPct.IsPositive()
	return []settingRule{
		{"execution.size_by", oneOf(size, SizePercent, SizeDollars, SizeShares, SizeVolatility), "must be percent, dollars, shares or volatility"},
		{"execution.dollars", size != SizeDollars || e.Dollars.GreaterThanOrEqual(decimal.NewFromInt(1)), "must be at least 1: no broker takes a smaller order"},
		{"execution.dollars", within(e.Dollars, 0, 1e9), "must be between 0 and 1000000000"},
		{"execution.shares", size != SizeShares || e.Shares.IsPositive(), "must be above 0"},
		{"execution.shares", within(e.Shares, 0, 1e9), "must be between 0 and 1000000000"},
		{"execution.shares", !e.WholeShares || e.Shares.IsInteger(), "must be a whole number with whole_shares"},
		{"execution.risk_pct", size != SizeVolatility || e.RiskPct.IsPositive(), "must be above 0"},
		{"execution.risk_pct", within(e.RiskPct, 0, 100), "must be between 0 and 100"},
		{"execution.atr_period", size != SizeVolatility || e.ATRPeriod >= 1, "must be at least 1"},
		{"execution.atr_period", e.ATRPeriod >= 0 && e.ATRPeriod <= longestPeriod, periodWanted},
		{"execution.atr_multiple", size != SizeVolatility || e.ATRMultiple > 0, "must be above 0"},
		{"execution.atr_multiple", e.ATRMultiple >= 0 && e.ATRMultiple <= 100, "must be between 0 and 100"},
		{"execution.limit_offset_pct", within(e.LimitOffsetPct, -50, 50), "must be between -50 and 50"},
		{"execution.max_slippage_pct", within(e.MaxSlippagePct, 0, 50), "must be between 0 and 50"},
		{"execution.extended_hours", !e.ExtendedHours || limit, "needs order_type limit, or a max_slippage_pct: market orders wait for regular hours"},
		{"execution.extended_hours", !e.ExtendedHours || force == TIFDay, "needs time_in_force day"},
		{"execution.extended_hours", !e.ExtendedHours || !legs, "cannot be combined with stop_loss_pct or take_profit_pct: the broker refuses such orders"},
		{"execution.stop_loss_pct", within(e.StopLossPct, 0, 99), "must be between 0 and 99"},
		{"execution.take_profit_pct", within(e.TakeProfitPct, 0, 1000), "must be between 0 and 1000"},
		{"execution.stop_loss_pct", !legs || force != TIFIOC, "and take_profit_pct need time_in_force day or gtc"},
		{"execution.trailing_stop_pct", e.TrailingStopPct.IsZero() || !e.TrailingStopPct.LessThan(leastTrail), "must be at least 0.1"},
		{"execution.trailing_stop_pct", within(e.TrailingStopPct, 0, 99), "must be between 0 and 99"},
		{"execution.trailing_stop_pct", e.TrailingStopPct.IsZero() || !legs, "cannot be combined with stop_loss_pct or take_profit_pct: only one order can hold the shares"},
		{"execution.foreign", oneOf(e.Foreign, "", AdoptForeign, IgnoreForeign), "must be adopt or ignore"},
	}
}

// leastTrail is the broker's smallest trail in percent (RULES 5.6).
var leastTrail = decimal.New(1, -1)
