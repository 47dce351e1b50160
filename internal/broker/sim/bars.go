package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// frame is a bar's length: a number of minutes within a day, or a day (minutes 0).
type frame struct{ minutes int }

// parseFrame reads Alpaca's spelling: 1-59 Min or T, 1-23 Hour or H, 1 Day or D.
func parseFrame(text string) (frame, error) {
	digits := strings.TrimRight(text, "DHMTWadehiknortuy") // the letters of all units
	count, err := strconv.Atoi(digits)
	if err != nil || count < 1 {
		return frame{}, fmt.Errorf("invalid timeframe: %q", text)
	}
	switch unit := text[len(digits):]; {
	case (unit == "Min" || unit == "T") && count <= 59:
		return frame{minutes: count}, nil
	case (unit == "Hour" || unit == "H") && count <= 23:
		return frame{minutes: 60 * count}, nil
	case (unit == "Day" || unit == "D") && count == 1:
		return frame{}, nil
	case strings.HasPrefix(unit, "W") || strings.HasPrefix(unit, "M"):
		return frame{}, fmt.Errorf("timeframe %q is not served by the simulator: use 1Min to 59Min, 1Hour to 23Hour or 1Day", text)
	default:
		return frame{}, fmt.Errorf("invalid timeframe: %q", text)
	}
}

// barRange asks for the bars that start in [from, to], as known at now. At most limit come back.
type barRange struct {
	frame      frame
	from, to   time.Time
	now        time.Time
	limit      int
	descending bool
}

// readBars returns a symbol's bars of the range, oldest first or newest first.
func readBars(source Market, symbol string, r barRange) []trade.Bar {
	first, last := source.Span(symbol)
	first = later(first, market.Day(r.from))
	last = earlier(last, earlier(market.Day(r.to), market.Day(r.now)))
	var found, minutes []trade.Bar
	day, step := first, 1
	if r.descending {
		day, step = last, -1
	}
	for ; !day.Before(first) && !day.After(last) && len(found) < r.limit; day = day.AddDate(0, 0, step) {
		session, ok := market.SessionOn(day)
		if !ok {
			continue
		}
		var ofDay []trade.Bar
		ofDay, minutes = dayBars(source, symbol, session, r, minutes)
		if r.descending {
			slices.Reverse(ofDay)
		}
		found = append(found, ofDay...)
	}
	return found[:min(len(found), r.limit)]
}

// dayBars returns one session day's bars of the range, and the scratch space for the next call.
func dayBars(source Market, symbol string, session market.Session, r barRange, scratch []trade.Bar) (bars, reuse []trade.Bar) {
	if r.frame.minutes == 0 {
		bar, ok := source.Daily(symbol, session.Date, r.now)
		if !ok || bar.Start.Before(r.from) || bar.Start.After(r.to) {
			return nil, scratch
		}
		return []trade.Bar{bar}, scratch
	}
	scratch = source.AppendMinutes(scratch[:0], symbol, session.Date, r.now)
	for _, bar := range aggregate(scratch, session.Date, r.frame) {
		if !bar.Start.Before(r.from) && !bar.Start.After(r.to) {
			bars = append(bars, bar)
		}
	}
	return bars, scratch
}

// aggregate joins one day's minute bars into bars of the frame, aligned to the New York clock
// (an hour bar starts at a full hour, so that the first one of a session holds half an hour).
func aggregate(minutes []trade.Bar, midnight time.Time, f frame) []trade.Bar {
	length := time.Duration(f.minutes) * time.Minute
	joined := make([]trade.Bar, 0, len(minutes)/f.minutes+2)
	for _, minute := range minutes {
		start := midnight.Add(minute.Start.Sub(midnight) / length * length).UTC()
		if n := len(joined); n > 0 && joined[n-1].Start.Equal(start) {
			joined[n-1] = join(joined[n-1], minute)
			continue
		}
		minute.Start, minute.End = start, start.Add(length)
		joined = append(joined, minute)
	}
	return joined
}

// join extends bar by the minute that follows it.
func join(bar, minute trade.Bar) trade.Bar {
	bar.High = max(bar.High, minute.High)
	bar.Low = min(bar.Low, minute.Low)
	bar.Close = minute.Close
	bar.Volume += minute.Volume
	return bar
}

// joinSession makes a daily bar of the minutes in the regular session.
func joinSession(minutes []trade.Bar, session market.Session) (day trade.Bar, ok bool) {
	for _, minute := range minutes {
		switch {
		case !session.Contains(minute.Start):
		case !ok:
			day, ok = minute, true
			day.Start, day.End = session.Date.UTC(), session.Close
		default:
			day = join(day, minute)
		}
	}
	return day, ok
}

// latestMinute returns the newest minute bar at now, forming or not. Where a market has daily
// bars only, it is a bar without volume at the newest print.
func latestMinute(source Market, symbol string, now time.Time) (bar trade.Bar, ok bool) {
	last, ok := source.LastPrint(symbol, now)
	if !ok {
		return trade.Bar{}, false
	}
	if minutes := source.AppendMinutes(nil, symbol, last.At, now); len(minutes) > 0 {
		return minutes[len(minutes)-1], true
	}
	start := last.At.Truncate(time.Minute)
	return trade.Bar{
		Start: start, End: start.Add(time.Minute),
		Open: last.Price, High: last.Price, Low: last.Price, Close: last.Price,
	}, true
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
