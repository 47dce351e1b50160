package sim

import (
	"fmt"
	"math"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// The kinds of faults that change what the market's past looks like from a moment on: From is when
// the exchange tells, At when the trade was. Fills that have happened stay as they are.
const (
	faultLateTrade  = "late_trade"       // a trade of Symbol at At for Price is told late
	faultCorrection = "trade_correction" // the trade of Symbol at or before At was for Price
	faultCancel     = "trade_cancel"     // the trade of Symbol at or before At was none
)

const revisionKinds = faultLateTrade + " " + faultCorrection + " " + faultCancel

// prepareRevision checks what the exchange tells later.
func (f *Fault) prepareRevision() error {
	session, ok := market.SessionOn(f.At)
	switch {
	case f.Symbol == "":
		return fmt.Errorf("%s needs a symbol", f.Kind)
	case !ok || !session.Contains(f.At) || f.At.After(f.From):
		return fmt.Errorf("%s needs at: a moment of a session that lies not after the one at which it is told", f.Kind)
	case f.Kind != faultCancel && !(f.Price > 0 && !math.IsInf(f.Price, 0)):
		return fmt.Errorf("%s needs a price above 0", f.Kind)
	case f.Size < 0:
		return fmt.Errorf("size must be at least 0")
	}
	if f.Size == 0 {
		f.Size = 100
	}
	return nil
}

// revision is what the exchange tells about a trade later: the trade that was, or is new.
type revision struct {
	kind  string
	told  time.Time
	trade Print   // as it was told at first; of a late one as it is told now
	price float64 // that it has after all; of a canceled one the price before it
	size  float64 // shares that come or go
}

// revisions are those of the symbol that are told in the interval.
func (v venue) revisions(symbol string, during interval) (found []revision) {
	if v.faults.markets.Load() == 0 {
		return nil
	}
	told := func(f *Fault) bool { return f.Symbol == symbol && during.has(f, f.From) }
	for _, f := range v.faults.strike(revisionKinds, told) {
		if r, known := v.revise(f); known {
			found = append(found, r)
		}
	}
	return found
}

func (v venue) revise(f Fault) (r revision, known bool) {
	r = revision{kind: f.Kind, told: f.From, trade: Print{f.At, f.Price}, price: f.Price, size: float64(f.Size)}
	if f.Kind == faultLateTrade {
		return r, true
	}
	r.size = 0
	if r.trade, known = v.Market.LastPrint(f.Symbol, f.At); !known || f.Kind == faultCorrection {
		return r, known
	}
	before, known := v.Market.LastPrint(f.Symbol, r.trade.At.Add(-time.Nanosecond))
	r.price, r.size = before.Price, -float64(tradeOf(r.trade, "", "").Size)
	return r, known
}

// apply changes a bar as known at now whose trades were in [from, to).
func (v venue) apply(bar *trade.Bar, symbol string, from, to, now time.Time) {
	for _, r := range v.revisions(symbol, interval{until: now, last: math.MaxInt}) {
		if !r.trade.At.Before(from) && r.trade.At.Before(to) {
			r.change(bar, v.Market, symbol, from, to)
		}
	}
}

// change puts the trade into the bar, in place of what it was. What the others of the bar were, a
// recorded bar does not tell: where the trade made an extreme, the bar's open, close and the new
// price are what is left.
func (r revision) change(bar *trade.Bar, source Market, symbol string, from, to time.Time) {
	bar.Volume = math.Max(0, bar.Volume+r.size)
	if r.kind != faultLateTrade {
		if first, ok := source.FirstPrint(symbol, from, to.Add(-time.Nanosecond)); ok && first.At.Equal(r.trade.At) {
			bar.Open = r.price
		}
		if last, ok := source.LastPrint(symbol, to.Add(-time.Nanosecond)); ok && last.At.Equal(r.trade.At) {
			bar.Close = r.price
		}
		if bar.High == r.trade.Price {
			bar.High = math.Max(bar.Open, bar.Close)
		}
		if bar.Low == r.trade.Price {
			bar.Low = math.Min(bar.Open, bar.Close)
		}
	}
	bar.High, bar.Low = math.Max(bar.High, r.price), math.Min(bar.Low, r.price)
}

// Daily is the market's, with what was told later.
func (v venue) Daily(symbol string, t, now time.Time) (trade.Bar, bool) {
	bar, ok := v.Market.Daily(symbol, t, now)
	if session, is := market.SessionOn(t); ok && is && v.faults.markets.Load() > 0 {
		v.apply(&bar, symbol, session.Open, session.Close, now)
	}
	return bar, ok
}

// revisionMessages tell of late, corrected and canceled trades, and of the bars that they change.
func (s subscriptions) revisionMessages(t ticker, symbol string, untold interval) (found []dated) {
	letter, tape := t.exchange(symbol)
	for _, r := range t.revisions(symbol, untold) {
		if wantsSymbol(s.Trades, symbol) {
			found = append(found, dated{r.told, r.message(symbol, letter, tape)})
		}
		if minute, ok := minuteOf(t, symbol, r); ok && wantsSymbol(s.UpdatedBars, symbol) {
			found = append(found, dated{r.told, barMessage("u", symbol, minute)})
		}
		if day, ok := t.daily(symbol, r.told); ok && wantsSymbol(s.DailyBars, symbol) {
			found = append(found, dated{r.told, barMessage("d", symbol, day)})
		}
	}
	return found
}

// minuteOf is the closed bar that the revision changes, as it is then.
func minuteOf(t ticker, symbol string, r revision) (bar trade.Bar, ok bool) {
	begin := r.trade.At.Truncate(time.Minute)
	closed := t.closedMinutes(symbol, begin, r.told)
	if len(closed) == 0 || !closed[0].Start.Equal(begin) {
		return trade.Bar{}, false
	}
	return closed[0], true
}

// message is the trade, its correction, or its cancellation (action C: by the participant).
func (r revision) message(symbol, letter, tape string) message {
	was, is := tradeOf(r.trade, letter, tape), tradeOf(Print{r.trade.At, r.price}, letter, tape)
	switch r.kind {
	case faultLateTrade:
		return message{
			{"T", "t"}, {"S", symbol}, {"i", is.ID}, {"x", letter}, {"p", is.Price}, {"s", uint64(r.size)},
			{"c", []string{"@", "Z"}}, {"z", tape}, {"t", is.At}, // Z: sold out of sequence
		}
	case faultCorrection:
		return message{
			{"T", "c"}, {"S", symbol}, {"x", letter}, {"oi", was.ID}, {"op", was.Price}, {"os", was.Size}, {"oc", was.Conditions},
			{"ci", is.ID}, {"cp", is.Price}, {"cs", is.Size}, {"cc", is.Conditions}, {"z", tape}, {"t", r.told},
		}
	default:
		return message{
			{"T", "x"}, {"S", symbol}, {"i", was.ID}, {"x", letter}, {"p", was.Price}, {"s", was.Size}, {"a", "C"}, {"z", tape}, {"t", r.told},
		}
	}
}
