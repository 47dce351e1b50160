package sim

import (
	"slices"
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// venue is a market on which trading may rest, and which may tell of trades later. While trading
// rests, there are no prints. Bars of a minute that began during the rest are left out; daily bars
// are as recorded.
type venue struct {
	Market
	faults *faults
}

// Actions are the market's.
func (v venue) Actions(symbol string) []Action {
	if known, ok := v.Market.(actor); ok {
		return known.Actions(symbol)
	}
	return nil
}

func (v venue) AppendMinutes(bars []trade.Bar, symbol string, t, now time.Time) []trade.Bar {
	first := len(bars)
	bars = v.Market.AppendMinutes(bars, symbol, t, now)
	if v.faults.markets.Load() == 0 {
		return bars
	}
	traded := slices.DeleteFunc(bars[first:], func(bar trade.Bar) bool {
		_, _, halted := v.faults.halted(symbol, bar.Start)
		return halted
	})
	for i := range traded {
		v.apply(&traded[i], symbol, traded[i].Start, traded[i].End, now)
	}
	return bars[:first+len(traded)]
}

// appendPath leaves out the points of bars that began, or ended, during a rest.
func (v venue) appendPath(points []point, symbol string, from, to time.Time) []point {
	first := len(points)
	points = pathOf(v.Market, points, symbol, from, to)
	if v.faults.markets.Load() == 0 {
		return points
	}
	traded := slices.DeleteFunc(points[first:], func(p point) bool {
		_, _, began := v.faults.halted(symbol, p.begin)
		_, _, ended := v.faults.halted(symbol, p.at)
		return began && p.at.Equal(p.begin) || ended
	})
	return points[:first+len(traded)]
}

func (v venue) FirstPrint(symbol string, from, to time.Time) (Print, bool) {
	for !from.After(to) {
		print, ok := v.Market.FirstPrint(symbol, from, to)
		if !ok {
			break
		}
		_, until, halted := v.faults.halted(symbol, print.At)
		if !halted {
			return print, true
		}
		if until.IsZero() {
			break
		}
		from = until
	}
	return Print{}, false
}

func (v venue) LastPrint(symbol string, at time.Time) (Print, bool) {
	for {
		print, ok := v.Market.LastPrint(symbol, at)
		if !ok {
			return Print{}, false
		}
		from, _, halted := v.faults.halted(symbol, print.At)
		if !halted {
			return print, true
		}
		at = from.Add(-time.Nanosecond)
	}
}
