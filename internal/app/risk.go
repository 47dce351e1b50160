package app

import (
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// allowRaise asks for a fresh factor when a change of risk limits lets more happen than before.
func (a *App) allowRaise(p auth.Principal, before, after trade.RiskLimits) error {
	if !raises(before, after) {
		return nil
	}
	return p.RequireFresh(a.Clock.Now())
}

// raises reports whether any limit of after allows what before forbade. Changed sectors count: a
// symbol may leave the sector that was full.
func raises(before, after trade.RiskLimits) bool {
	return ceilingsRaised(before, after) || protectionsRaised(before, after) || pricesRaised(before, after) || sectorsChanged(before, after)
}

func ceilingsRaised(before, after trade.RiskLimits) bool {
	return higher(before.MaxExposurePct, after.MaxExposurePct) || higher(before.MaxSymbolPct, after.MaxSymbolPct) ||
		higher(before.MaxSectorPct, after.MaxSectorPct) || higher(before.DailyLossPct, after.DailyLossPct) ||
		more(before.MaxOrdersPerMinute, after.MaxOrdersPerMinute) || more(before.MaxOrdersPerDay, after.MaxOrdersPerDay)
}

// protectionsRaised compares the limits that look back: any change of one that was on counts, since
// its parts only mean something together. A longer pause alone does not.
func protectionsRaised(before, after trade.RiskLimits) bool {
	b, c := before.MaxDrawdown, after.MaxDrawdown
	drawdown := b.Percent.IsPositive() && (!b.Percent.Equal(c.Percent) || b.LookbackDays != c.LookbackDays || shorter(b.PauseMinutes, c.PauseMinutes))
	streak := before.ConsecutiveLosses.Trades > 0 && (more(before.ConsecutiveLosses.Trades, after.ConsecutiveLosses.Trades) ||
		shorter(before.ConsecutiveLosses.PauseMinutes, after.ConsecutiveLosses.PauseMinutes))
	return drawdown || streak || after.CooldownMinutes < before.CooldownMinutes ||
		before.StoplossGuard.Trades > 0 && before.StoplossGuard != after.StoplossGuard ||
		before.LowProfitSymbols.Trades > 0 && lowProfitChanged(before.LowProfitSymbols, after.LowProfitSymbols)
}

func lowProfitChanged(before, after trade.LowProfitLimit) bool {
	same := before.RequiredPct.Equal(after.RequiredPct)
	before.RequiredPct, after.RequiredPct = decimal.Zero, decimal.Zero
	return !same || before.Trades != after.Trades || before.LookbackMinutes != after.LookbackMinutes || before.PauseMinutes != after.PauseMinutes
}

func pricesRaised(before, after trade.RiskLimits) bool {
	return more(before.MaxBarAgeMinutes, after.MaxBarAgeMinutes) || higher(before.MaxPriceGapPct, after.MaxPriceGapPct) ||
		higher(before.MaxSpreadPct, after.MaxSpreadPct) || after.MinPrice.LessThan(before.MinPrice) || after.MinVolume < before.MinVolume
}

func sectorsChanged(before, after trade.RiskLimits) bool {
	if !before.MaxSectorPct.IsPositive() {
		return false
	}
	for symbol, sector := range before.Sectors {
		if after.Sectors[symbol] != sector {
			return true
		}
	}
	return false
}

// higher compares two ceilings of which zero is none.
func higher(before, after decimal.Decimal) bool {
	return before.IsPositive() && (!after.IsPositive() || after.GreaterThan(before))
}

func more(before, after int) bool { return before > 0 && (after <= 0 || after > before) }

// shorter compares two pauses of which zero is the longest.
func shorter(before, after int) bool { return after > 0 && (before == 0 || after < before) }
