package sim

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/market"
)

// happening is the next thing that time brings to an open order.
type happening struct {
	at    time.Time
	rank  uint8 // of the point, among those at one moment
	order *order
	kind  happeningKind
	price decimal.Decimal // of a trade
	point point           // at which a trade is made
}

type happeningKind int

const (
	startsWorking happeningKind = iota
	trades
	runsOut // its time in force is over
)

func (h happening) before(other happening) bool {
	if !h.at.Equal(other.at) {
		return h.at.Before(other.at)
	}
	return h.rank < other.rank
}

// next returns what happens first to the open order until now. It moves the order's From on, so
// that no point is met twice.
func (e *exchange) next(o *order, now time.Time) (happening, bool) {
	if o.Waits || o.Working.After(now) || o.FromRank == rankAll && o.From.Equal(now) {
		return happening{}, false
	}
	if o.Status == statusAccepted && o.TimeInForce != tifCLS || o.Status == statusPendingNew {
		return happening{at: o.Working, order: o, kind: startsWorking}, true
	}
	if o.TimeInForce == tifCLS {
		return e.nextAtClose(o, now)
	}
	until := e.until(o)
	for !o.From.After(now) {
		window := e.windowAt(o.From, o.ExtendedHours)
		if window.Open.After(o.From) {
			o.From, o.FromRank = window.Open, rankFirstExtreme
		}
		stop := earlier(earlier(window.Close, now), until)
		if found, ok := e.search(o, window, stop); ok {
			return found, true
		}
		if !now.Before(until) {
			return happening{at: until, rank: rankAll, order: o, kind: runsOut}, true
		}
		if now.Before(window.Close) {
			break
		}
	}
	return happening{}, false
}

const firstSearch = 2 * time.Minute // an order that does not trade soon is searched in larger steps

// search meets the points from the order's From until stop, within one session.
func (e *exchange) search(o *order, window market.Session, stop time.Time) (happening, bool) {
	for step := firstSearch; o.From.Before(stop) || o.From.Equal(stop) && o.FromRank < rankAll; step *= 4 {
		to := earlier(o.From.Add(step), stop)
		e.points = pathOf(e.market, e.points[:0], o.Symbol, o.From, to)
		for _, p := range e.points {
			if !o.meetsNow(p, window) {
				continue
			}
			o.From, o.FromRank = p.at, p.rank+1
			if price, ok := o.meet(p, e.terms); ok {
				return happening{at: p.at, rank: p.rank, order: o, kind: trades, price: price, point: p}, true
			}
			if o.immediate() || o.TimeInForce == tifOPG {
				return happening{at: p.at, rank: p.rank, order: o, kind: runsOut}, true
			}
		}
		o.From, o.FromRank = to, rankAll
	}
	return happening{}, false
}

// meetsNow reports whether the point is the order's to meet: not met before, in its session, and,
// inside a bar, only when the order was there when the bar began.
func (o *order) meetsNow(p point, window market.Session) bool {
	if p.at.Equal(o.From) && p.rank < o.FromRank || p.begin.Before(window.Open) || !p.begin.Before(window.Close) {
		return false
	}
	return !p.inside || !o.Working.After(p.begin) && o.Type != typeMarket && !o.immediate()
}

// nextAtClose is the closing auction: the last print of the session, at its close.
func (e *exchange) nextAtClose(o *order, now time.Time) (happening, bool) {
	until := e.until(o)
	if now.Before(until) {
		return happening{}, false
	}
	session := market.LatestSession(until)
	found := happening{at: until, rank: rankAll, order: o, kind: runsOut}
	last, ok := e.market.LastPrint(o.Symbol, until)
	if !ok || last.At.Before(session.Open) {
		return found, true
	}
	found.point = point{at: until, begin: last.At, price: last.Price, gap: true}
	if price, ok := o.meet(found.point, e.terms); ok {
		found.kind, found.price = trades, price
	}
	return found, true
}

// apply lets it happen.
func (e *exchange) apply(a *account, h happening) {
	switch o := h.order; h.kind {
	case startsWorking:
		if o.Status != statusHeld {
			o.Status, o.UpdatedAt = statusNew, h.at
			a.record(eventNew, o, h.at)
		}
	case trades:
		e.trade(a, h)
	default:
		e.endGroup(a, o, o.endStatus(), h.at)
	}
}

// endStatus is what becomes of an order that its time in force ends: a day order and one that is
// too old expire; one for a moment that has passed is canceled (RULES 5.4).
func (o *order) endStatus() string {
	if o.immediate() || o.auction() {
		return statusCanceled
	}
	return statusExpired
}

// trade executes what the order can take at the point.
func (e *exchange) trade(a *account, h happening) {
	o := h.order
	qty, thenCancel := e.takes(a, o, h.price, h.point)
	if qty.IsPositive() {
		a.execute(o, qty, h.price, h.at, e.fees)
		e.afterFill(a, o, h)
	}
	if thenCancel && o.isOpen() {
		status := statusCanceled
		if o.FilledQty.IsZero() && !o.immediate() {
			status = statusRejected
		}
		e.endGroup(a, o, status, h.at)
	}
}

// takes says how much the order trades at the point, and whether what is left of it is canceled.
// With a participation set, an order takes no more than that share of the volume, in whole shares;
// less than one share always fits. Closing orders end at nothing held.
func (e *exchange) takes(a *account, o *order, price decimal.Decimal, p point) (qty decimal.Decimal, thenCancel bool) {
	qty = o.remaining(price)
	if o.closes() {
		held := a.held(o.Symbol)
		if intentOf(o.Side, held) != o.PositionIntent {
			return decimal.Zero, true
		}
		qty = decimal.Min(qty, held.Abs())
	}
	if !qty.IsPositive() {
		return decimal.Zero, true
	}
	if fraction, strikes := e.faults.partial(a.key, o.Symbol); strikes {
		part := qty.Mul(decimal.NewFromFloat(fraction)).Truncate(0)
		if part.IsZero() {
			part = qty.Mul(decimal.NewFromFloat(fraction)).Truncate(quantityDecimals)
		}
		return part, true
	}
	thenCancel = o.immediate() || o.auction()
	if e.participation > 0 && qty.GreaterThan(decimal.NewFromInt(1)) {
		room := decimal.NewFromFloat(p.volume * e.participation).Floor()
		if qty.GreaterThan(room) && !o.auction() {
			if o.TimeInForce == tifFOK {
				return decimal.Zero, true
			}
			return room, thenCancel
		}
	}
	return qty, thenCancel || o.remaining(price).GreaterThan(qty) // nothing is left to close
}
