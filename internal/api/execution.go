package api

import (
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// execution is how an order is made of a decision. Absent fields of a change stay as they are.
type execution struct {
	SizeBy          *trade.SizeBy        `json:"size_by,omitempty" enum:"percent,dollars,shares,volatility" doc:"percent: position_size_pct of equity"`
	Dollars         *float64             `json:"dollars,omitempty" doc:"size_by dollars: of one entry"`
	Shares          *float64             `json:"shares,omitempty" doc:"size_by shares: of one entry"`
	RiskPct         *float64             `json:"risk_pct,omitempty" doc:"size_by volatility: percent of equity lost when the price moves atr_multiple average true ranges"`
	ATRPeriod       *int                 `json:"atr_period,omitempty" doc:"Bars"`
	ATRMultiple     *float64             `json:"atr_multiple,omitempty"`
	WholeShares     *bool                `json:"whole_shares,omitempty" doc:"Never a fraction of a share"`
	LimitOffsetPct  *float64             `json:"limit_offset_pct,omitempty" doc:"Limit orders: percent above the last close for a buy, below it for a sell; negative waits for a better price"`
	MaxSlippagePct  *float64             `json:"max_slippage_pct,omitempty" doc:"Market orders are sent as limit orders so far beyond the last close; 0: off"`
	ExtendedHours   *bool                `json:"extended_hours,omitempty" doc:"Limit orders for the day only"`
	StopLossPct     *float64             `json:"stop_loss_pct,omitempty" doc:"An order at the broker; 0: off"`
	TakeProfitPct   *float64             `json:"take_profit_pct,omitempty" doc:"An order at the broker; 0: off"`
	TrailingStopPct *float64             `json:"trailing_stop_pct,omitempty" doc:"An order at the broker; 0: off"`
	Foreign         *trade.ForeignPolicy `json:"foreign,omitempty" enum:"adopt,ignore" doc:"Positions and orders that were made elsewhere"`
}

func viewExecution(e trade.ExecutionSettings) *execution {
	sizeBy, foreign := orElse(e.SizeBy, trade.SizePercent), orElse(e.Foreign, trade.AdoptForeign)
	return &execution{
		SizeBy: &sizeBy, Dollars: float(e.Dollars), Shares: float(e.Shares), RiskPct: float(e.RiskPct),
		ATRPeriod: &e.ATRPeriod, ATRMultiple: &e.ATRMultiple, WholeShares: &e.WholeShares,
		LimitOffsetPct: float(e.LimitOffsetPct), MaxSlippagePct: float(e.MaxSlippagePct), ExtendedHours: &e.ExtendedHours,
		StopLossPct: float(e.StopLossPct), TakeProfitPct: float(e.TakeProfitPct), TrailingStopPct: float(e.TrailingStopPct),
		Foreign: &foreign,
	}
}

func (c execution) apply(e *trade.ExecutionSettings) {
	set(&e.SizeBy, c.SizeBy)
	setExact(&e.Dollars, c.Dollars)
	setExact(&e.Shares, c.Shares)
	setExact(&e.RiskPct, c.RiskPct)
	set(&e.ATRPeriod, c.ATRPeriod)
	set(&e.ATRMultiple, c.ATRMultiple)
	set(&e.WholeShares, c.WholeShares)
	setExact(&e.LimitOffsetPct, c.LimitOffsetPct)
	setExact(&e.MaxSlippagePct, c.MaxSlippagePct)
	set(&e.ExtendedHours, c.ExtendedHours)
	setExact(&e.StopLossPct, c.StopLossPct)
	setExact(&e.TakeProfitPct, c.TakeProfitPct)
	setExact(&e.TrailingStopPct, c.TrailingStopPct)
	set(&e.Foreign, c.Foreign)
}

// riskLimits are trade.RiskLimits. Absent fields of a change stay as they are; sectors are
// replaced as a whole. Zero switches a limit off.
type riskLimits struct {
	MaxExposurePct     *float64           `json:"max_exposure_pct,omitempty" doc:"Percent of equity: all positions together, long and short added"`
	MaxSymbolPct       *float64           `json:"max_symbol_pct,omitempty" doc:"Percent of equity"`
	MaxSectorPct       *float64           `json:"max_sector_pct,omitempty" doc:"Percent of equity"`
	Sectors            *map[string]string `json:"sectors,omitempty" doc:"The sector of each symbol"`
	MaxOrdersPerMinute *int               `json:"max_orders_per_minute,omitempty"`
	MaxOrdersPerDay    *int               `json:"max_orders_per_day,omitempty" doc:"Of New York"`
	DailyLossPct       *float64           `json:"daily_loss_pct,omitempty" doc:"Percent of equity at the previous session's close"`
	MaxDrawdown        *drawdownLimit     `json:"max_drawdown,omitempty"`
	ConsecutiveLosses  *lossStreakLimit   `json:"consecutive_losses,omitempty"`
	CooldownMinutes    *int               `json:"cooldown_minutes,omitempty" doc:"After an exit, no entry in that symbol"`
	StoplossGuard      *stoplossGuard     `json:"stoploss_guard,omitempty"`
	LowProfitSymbols   *lowProfitLimit    `json:"low_profit_symbols,omitempty"`
	MaxBarAgeMinutes   *int               `json:"max_bar_age_minutes,omitempty"`
	MaxPriceGapPct     *float64           `json:"max_price_gap_pct,omitempty" doc:"Between the last bar's close and the latest price, percent of the close"`
	MaxSpreadPct       *float64           `json:"max_spread_pct,omitempty" doc:"Between bid and ask, percent of their middle"`
	MinPrice           *float64           `json:"min_price,omitempty" doc:"Dollars"`
	MinVolume          *float64           `json:"min_volume,omitempty" doc:"Shares of the last bar"`
}

type drawdownLimit struct {
	Percent      *float64 `json:"percent,omitempty"`
	LookbackDays *int     `json:"lookback_days,omitempty" doc:"0: ever"`
	PauseMinutes *int     `json:"pause_minutes,omitempty" doc:"0: as long as it holds"`
}

type lossStreakLimit struct {
	Trades       *int `json:"trades,omitempty" doc:"Closed trades in a row that lost"`
	PauseMinutes *int `json:"pause_minutes,omitempty" doc:"0: until somebody resumes"`
}

type stoplossGuard struct {
	Trades          *int  `json:"trades,omitempty" doc:"Stop losses within the lookback"`
	LookbackMinutes *int  `json:"lookback_minutes,omitempty"`
	PauseMinutes    *int  `json:"pause_minutes,omitempty"`
	PerSymbol       *bool `json:"per_symbol,omitempty"`
}

type lowProfitLimit struct {
	Trades          *int     `json:"trades,omitempty" doc:"A symbol's closed trades within the lookback, at least"`
	LookbackMinutes *int     `json:"lookback_minutes,omitempty"`
	PauseMinutes    *int     `json:"pause_minutes,omitempty"`
	RequiredPct     *float64 `json:"required_pct,omitempty" doc:"What they must have made together"`
}

func viewRisk(l trade.RiskLimits) *riskLimits {
	sectors := l.Sectors
	if sectors == nil {
		sectors = map[string]string{}
	}
	drawdown, losses, guard, low := l.MaxDrawdown, l.ConsecutiveLosses, l.StoplossGuard, l.LowProfitSymbols
	return &riskLimits{
		MaxExposurePct: float(l.MaxExposurePct), MaxSymbolPct: float(l.MaxSymbolPct), MaxSectorPct: float(l.MaxSectorPct), Sectors: &sectors,
		MaxOrdersPerMinute: &l.MaxOrdersPerMinute, MaxOrdersPerDay: &l.MaxOrdersPerDay, DailyLossPct: float(l.DailyLossPct),
		MaxDrawdown:       &drawdownLimit{float(drawdown.Percent), &drawdown.LookbackDays, &drawdown.PauseMinutes},
		ConsecutiveLosses: &lossStreakLimit{&losses.Trades, &losses.PauseMinutes},
		CooldownMinutes:   &l.CooldownMinutes,
		StoplossGuard:     &stoplossGuard{&guard.Trades, &guard.LookbackMinutes, &guard.PauseMinutes, &guard.PerSymbol},
		LowProfitSymbols:  &lowProfitLimit{&low.Trades, &low.LookbackMinutes, &low.PauseMinutes, float(low.RequiredPct)},
		MaxBarAgeMinutes:  &l.MaxBarAgeMinutes, MaxPriceGapPct: float(l.MaxPriceGapPct), MaxSpreadPct: float(l.MaxSpreadPct),
		MinPrice: float(l.MinPrice), MinVolume: &l.MinVolume,
	}
}

func (c riskLimits) apply(l *trade.RiskLimits) {
	setExact(&l.MaxExposurePct, c.MaxExposurePct)
	setExact(&l.MaxSymbolPct, c.MaxSymbolPct)
	setExact(&l.MaxSectorPct, c.MaxSectorPct)
	set(&l.Sectors, c.Sectors)
	set(&l.MaxOrdersPerMinute, c.MaxOrdersPerMinute)
	set(&l.MaxOrdersPerDay, c.MaxOrdersPerDay)
	setExact(&l.DailyLossPct, c.DailyLossPct)
	set(&l.CooldownMinutes, c.CooldownMinutes)
	set(&l.MaxBarAgeMinutes, c.MaxBarAgeMinutes)
	setExact(&l.MaxPriceGapPct, c.MaxPriceGapPct)
	setExact(&l.MaxSpreadPct, c.MaxSpreadPct)
	setExact(&l.MinPrice, c.MinPrice)
	set(&l.MinVolume, c.MinVolume)
	c.applyLookbacks(l)
}

func (c riskLimits) applyLookbacks(l *trade.RiskLimits) {
	if limit := c.MaxDrawdown; limit != nil {
		setExact(&l.MaxDrawdown.Percent, limit.Percent)
		set(&l.MaxDrawdown.LookbackDays, limit.LookbackDays)
		set(&l.MaxDrawdown.PauseMinutes, limit.PauseMinutes)
	}
	if limit := c.ConsecutiveLosses; limit != nil {
		set(&l.ConsecutiveLosses.Trades, limit.Trades)
		set(&l.ConsecutiveLosses.PauseMinutes, limit.PauseMinutes)
	}
	if limit := c.StoplossGuard; limit != nil {
		set(&l.StoplossGuard.Trades, limit.Trades)
		set(&l.StoplossGuard.LookbackMinutes, limit.LookbackMinutes)
		set(&l.StoplossGuard.PauseMinutes, limit.PauseMinutes)
		set(&l.StoplossGuard.PerSymbol, limit.PerSymbol)
	}
	if limit := c.LowProfitSymbols; limit != nil {
		set(&l.LowProfitSymbols.Trades, limit.Trades)
		set(&l.LowProfitSymbols.LookbackMinutes, limit.LookbackMinutes)
		set(&l.LowProfitSymbols.PauseMinutes, limit.PauseMinutes)
		setExact(&l.LowProfitSymbols.RequiredPct, limit.RequiredPct)
	}
}

// float shows a decimal as a JSON number.
func float(number decimal.Decimal) *float64 {
	value := number.InexactFloat64()
	return &value
}

// setExact takes the shortest decimal that reads as the number.
func setExact(target *decimal.Decimal, value *float64) {
	if value != nil {
		*target = decimal.NewFromFloat(*value)
	}
}

func orElse[T ~string](value, otherwise T) T {
	if value == "" {
		return otherwise
	}
	return value
}
