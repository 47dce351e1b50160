package trade

import "time"

// LooksBack reports whether a limit asks for what happened before, and how far back it looks; a
// zero length means all of the past.
func (l RiskLimits) LooksBack() (asked bool, length time.Duration) {
	const day = 24 * time.Hour
	ever := false
	look := func(on bool, back time.Duration) {
		if on {
			asked, ever, length = true, ever || back <= 0, max(length, back)
		}
	}
	look(l.MaxOrdersPerMinute > 0 || l.MaxOrdersPerDay > 0, day)
	look(l.MaxDrawdown.Percent.IsPositive(), time.Duration(l.MaxDrawdown.LookbackDays)*day)
	look(l.ConsecutiveLosses.Trades > 0, 0)
	look(l.CooldownMinutes > 0, minutes(l.CooldownMinutes))
	look(l.StoplossGuard.Trades > 0, minutes(l.StoplossGuard.LookbackMinutes+l.StoplossGuard.PauseMinutes))
	look(l.LowProfitSymbols.Trades > 0, minutes(l.LowProfitSymbols.LookbackMinutes+l.LowProfitSymbols.PauseMinutes))
	if ever {
		length = 0
	}
	return asked, length
}

func minutes(count int) time.Duration { return time.Duration(count) * time.Minute }
