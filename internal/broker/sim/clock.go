package sim

import (
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// Pace says how the market's time passes.
type Pace struct {
	kind  paceKind
	times float64
}

type paceKind int

const (
	paceHeld paceKind = iota
	paceReal
	paceTimes
)

// Held stands still until Advance moves it. It is the zero Pace.
func Held() Pace { return Pace{} }

// RealTime passes as fast as the machine's clock, closed hours included.
func RealTime() Pace { return Pace{kind: paceReal, times: 1} }

// Times passes n times as fast as the machine's clock while the exchange is open, and jumps over
// closed hours. n is above 0.
func Times(n float64) Pace { return Pace{kind: paceTimes, times: n} }

// String is held, real, or the factor.
func (p Pace) String() string {
	switch p.kind {
	case paceHeld:
		return "held"
	case paceReal:
		return "real"
	default:
		return strconv.FormatFloat(p.times, 'f', -1, 64)
	}
}

// marketClock is the market's time, computed from the machine's.
type marketClock struct {
	machine clock.Clock
	pace    Pace

	mu       sync.Mutex
	market   time.Time // the market's time ...
	measured time.Time // ... when the machine's clock said this
}

func newMarketClock(machine clock.Clock, pace Pace, start time.Time) *marketClock {
	return &marketClock{machine: machine, pace: pace, market: start.UTC(), measured: machine.Now()}
}

// now is the market's time. It never goes back, even when the machine's clock does.
func (c *marketClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pace.kind == paceHeld {
		return c.market
	}
	machine := c.machine.Now()
	elapsed := machine.Sub(c.measured)
	if elapsed <= 0 {
		return c.market
	}
	if c.pace.kind == paceReal {
		c.market = c.market.Add(elapsed)
	} else {
		c.market = skipClosed(c.market, scale(elapsed, c.pace.times))
	}
	c.measured = machine
	return c.market
}

// moveTo sets the market's time if that is not back in time, and reports whether it did.
func (c *marketClock) moveTo(to time.Time) bool {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if to.Before(now) {
		return false
	}
	c.market, c.measured = to.UTC(), c.machine.Now()
	return true
}

// scale multiplies without overflow.
func scale(d time.Duration, times float64) time.Duration {
	return time.Duration(math.Min(float64(d)*times, float64(math.MaxInt64/4)))
}

// skipClosed returns the moment at which the exchange has been open for d since from.
func skipClosed(from time.Time, d time.Duration) time.Time {
	for d > 0 {
		session, ok := market.SessionOn(from)
		if !ok || !session.Contains(from) {
			session = market.NextSession(from)
			from = session.Open
		}
		left := session.Close.Sub(from)
		if d < left {
			return from.Add(d)
		}
		d -= left
		from = session.Close
	}
	return from
}
