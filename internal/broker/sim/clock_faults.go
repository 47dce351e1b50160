package sim

import (
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// clockShown is the clock with the faults of the market in it: an early close, and a time that is
// off.
func (c *call) clockShown(now time.Time) wire.Clock {
	view := clockView(now)
	if session := market.LatestSession(now); session.Contains(now) {
		closing := c.faults.closing(session)
		view.IsOpen, view.NextClose = now.Before(closing), closing.In(market.NewYork)
		if !view.IsOpen {
			view.NextClose = market.NextSession(now).Close.In(market.NewYork)
		}
	}
	view.Timestamp = view.Timestamp.Add(c.faults.skew(c.key()))
	return view
}
