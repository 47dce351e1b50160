package trade

import (
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"
)

// RiskLimits keep a strategy from what it should not do, for an account or for the whole
// installation. Zero values switch a limit off. Percentages are of equity unless said otherwise.
// Its JSON is kept in the database: what is zero is left out, and what is left out is zero.
type RiskLimits struct {
	MaxExposurePct decimal.Decimal   `json:"max_exposure_pct,omitzero"` // all positions and planned entries together, long and short added
	MaxSymbolPct   decimal.Decimal   `json:"max_symbol_pct,omitzero"`   // one symbol
	MaxSectorPct   decimal.Decimal   `json:"max_sector_pct,omitzero"`   // the symbols of one sector together
	Sectors        map[string]string `json:"sectors,omitempty"`         // symbol -> sector, as the user names them

	MaxOrdersPerMinute int `json:"max_orders_per_minute,omitzero"`
	MaxOrdersPerDay    int `json:"max_orders_per_day,omitzero"` // of New York

	DailyLossPct decimal.Decimal `json:"daily_loss_pct,omitzero"` // below the previous session's close: no entries until the next session

	MaxDrawdown       DrawdownLimit   `json:"max_drawdown,omitzero"`
	ConsecutiveLosses LossStreakLimit `json:"consecutive_losses,omitzero"`
	CooldownMinutes   int             `json:"cooldown_minutes,omitzero"` // after an exit, no entry in that symbol
	StoplossGuard     StoplossGuard   `json:"stoploss_guard,omitzero"`
	LowProfitSymbols  LowProfitLimit  `json:"low_profit_symbols,omitzero"`

	MaxBarAgeMinutes int             `json:"max_bar_age_minutes,omitzero"` // the last closed bar is older: stale
	MaxPriceGapPct   decimal.Decimal `json:"max_price_gap_pct,omitzero"`   // between the bar's close and the latest price, in percent of the close
	MaxSpreadPct     decimal.Decimal `json:"max_spread_pct,omitzero"`      // between bid and ask, in percent of their middle
	MinPrice         decimal.Decimal `json:"min_price,omitzero"`           // dollars
	MinVolume        float64         `json:"min_volume,omitzero"`          // shares of the last closed bar
}

// DrawdownLimit stops entries while equity is Percent or more below its peak in the lookback
// (freqtrade's MaxDrawdown).
type DrawdownLimit struct {
	Percent      decimal.Decimal `json:"percent,omitzero"`
	LookbackDays int             `json:"lookback_days,omitzero"` // 0: ever
	PauseMinutes int             `json:"pause_minutes,omitzero"` // 0: as long as it holds
}

// IsZero reports whether nothing is set, however its zeros were made: then its JSON is left out.
func (l DrawdownLimit) IsZero() bool {
	return l.Percent.IsZero() && l.LookbackDays == 0 && l.PauseMinutes == 0
}

// LossStreakLimit stops entries after so many closed trades in a row that lost.
type LossStreakLimit struct {
	Trades       int `json:"trades,omitzero"`
	PauseMinutes int `json:"pause_minutes,omitzero"` // 0: until a person resumes
}

// StoplossGuard stops entries after so many stop losses in the lookback (freqtrade's StoplossGuard).
type StoplossGuard struct {
	Trades          int  `json:"trades,omitzero"`
	LookbackMinutes int  `json:"lookback_minutes,omitzero"`
	PauseMinutes    int  `json:"pause_minutes,omitzero"`
	PerSymbol       bool `json:"per_symbol,omitzero"` // only the symbol that was stopped out
}

// LowProfitLimit stops entries in a symbol whose closed trades of the lookback made less than
// RequiredPct together (freqtrade's LowProfitPairs).
type LowProfitLimit struct {
	Trades          int             `json:"trades,omitzero"`
	LookbackMinutes int             `json:"lookback_minutes,omitzero"`
	PauseMinutes    int             `json:"pause_minutes,omitzero"`
	RequiredPct     decimal.Decimal `json:"required_pct,omitzero"`
}

// IsZero reports whether nothing is set, however its zeros were made: then its JSON is left out.
func (l LowProfitLimit) IsZero() bool {
	return l.Trades == 0 && l.LookbackMinutes == 0 && l.PauseMinutes == 0 && l.RequiredPct.IsZero()
}

const (
	mostSectors   = 500           // symbols
	longestSector = 40            // characters
	longestPause  = 366 * 24 * 60 // minutes
	pauseWanted   = "must be between 0 and 527040"
)

// Validate returns the first limit that makes no sense, as a *FieldError.
func (l RiskLimits) Validate() error { return firstBroken(l.rules()) }

func (l RiskLimits) rules() []settingRule {
	minutes := func(n int) bool { return n >= 0 && n <= longestPause }
	count := func(n int) bool { return n >= 0 && n <= 10000 }
	const counted = "must be between 0 and 10000"
	sectors := l.sectorProblem()
	guard, low := l.StoplossGuard, l.LowProfitSymbols
	return []settingRule{
		{"risk.max_exposure_pct", within(l.MaxExposurePct, 0, 1000), "must be between 0 and 1000"},
		{"risk.max_symbol_pct", within(l.MaxSymbolPct, 0, 1000), "must be between 0 and 1000"},
		{"risk.max_sector_pct", within(l.MaxSectorPct, 0, 1000), "must be between 0 and 1000"},
		{"risk.sectors", sectors == "", sectors},
		{"risk.max_orders_per_minute", count(l.MaxOrdersPerMinute), counted},
		{"risk.max_orders_per_day", count(l.MaxOrdersPerDay), counted},
		{"risk.daily_loss_pct", within(l.DailyLossPct, 0, 100), "must be between 0 and 100"},
		{"risk.max_drawdown.percent", within(l.MaxDrawdown.Percent, 0, 100), "must be between 0 and 100"},
		{"risk.max_drawdown.lookback_days", l.MaxDrawdown.LookbackDays >= 0 && l.MaxDrawdown.LookbackDays <= 3650, "must be between 0 and 3650"},
		{"risk.max_drawdown.pause_minutes", minutes(l.MaxDrawdown.PauseMinutes), pauseWanted},
		{"risk.consecutive_losses.trades", count(l.ConsecutiveLosses.Trades), counted},
		{"risk.consecutive_losses.pause_minutes", minutes(l.ConsecutiveLosses.PauseMinutes), pauseWanted},
		{"risk.cooldown_minutes", minutes(l.CooldownMinutes), pauseWanted},
		{"risk.stoploss_guard.trades", count(guard.Trades), counted},
		{"risk.stoploss_guard.lookback_minutes", minutes(guard.LookbackMinutes) && (guard.Trades == 0 || guard.LookbackMinutes > 0), "must be between 1 and 527040"},
		{"risk.stoploss_guard.pause_minutes", minutes(guard.PauseMinutes) && (guard.Trades == 0 || guard.PauseMinutes > 0), "must be between 1 and 527040"},
		{"risk.low_profit_symbols.trades", count(low.Trades), counted},
		{"risk.low_profit_symbols.lookback_minutes", minutes(low.LookbackMinutes) && (low.Trades == 0 || low.LookbackMinutes > 0), "must be between 1 and 527040"},
		{"risk.low_profit_symbols.pause_minutes", minutes(low.PauseMinutes) && (low.Trades == 0 || low.PauseMinutes > 0), "must be between 1 and 527040"},
		{"risk.low_profit_symbols.required_pct", within(low.RequiredPct, -100, 1000), "must be between -100 and 1000"},
		{"risk.max_bar_age_minutes", minutes(l.MaxBarAgeMinutes), pauseWanted},
		{"risk.max_price_gap_pct", within(l.MaxPriceGapPct, 0, 100), "must be between 0 and 100"},
		{"risk.max_spread_pct", within(l.MaxSpreadPct, 0, 100), "must be between 0 and 100"},
		{"risk.min_price", within(l.MinPrice, 0, 1e6), "must be between 0 and 1000000"},
		{"risk.min_volume", l.MinVolume >= 0 && l.MinVolume <= 1e12, "must be between 0 and 1000000000000"},
	}
}

// sectorProblem says what is wrong with the sectors, empty when nothing is.
func (l RiskLimits) sectorProblem() string {
	if len(l.Sectors) > mostSectors {
		return fmt.Sprintf("must not name more than %d symbols", mostSectors)
	}
	for _, symbol := range slices.Sorted(maps.Keys(l.Sectors)) {
		if parsed, err := ParseSymbol(symbol); err != nil || parsed != symbol {
			return "must name symbols of one to five capital letters"
		}
		if sector := []rune(l.Sectors[symbol]); len(sector) == 0 || len(sector) > longestSector {
			return fmt.Sprintf("must have names of 1 to %d characters", longestSector)
		}
	}
	return ""
}
