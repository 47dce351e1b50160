package app

import (
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// allowStake asks for a fresh factor when a change of the strategy puts more at stake than before: a
// larger part of the equity for one entry, more positions, or short sales. An API token has no factor:
// it may make a strategy more careful, not less.
func (a *App) allowStake(p auth.Principal, before, after trade.Settings) error {
	larger := after.PositionSizePct.GreaterThan(before.PositionSizePct)
	if larger || after.MaxPositions > before.MaxPositions || after.AllowShort && !before.AllowShort {
		return p.RequireFresh(a.Clock.Now())
	}
	return nil
}
