package sim

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// frame is a bar's length: a number of minutes within a day, or of days, weeks or months.
type frame struct {
	unit  frameUnit
	count int
}

type frameUnit int

const (
	frameMinute frameUnit = iota
	frameDay
	frameWeek
	frameMonth
)

// frameUnits is Alpaca's grammar: what may stand behind the number, and which numbers there are.
var frameUnits = []struct {
	words  string
	unit   frameUnit
	times  int // the unit's length in those of the frame's
	counts string
	most   int
}{
	{"Min T", frameMinute, 1, "", 59},
	{"Hour H", frameMinute, 60, "", 23},
	{"Day D", frameDay, 1, "", 1},
	{"Week W", frameWeek, 1, "", 1},
	{"Month M", frameMonth, 1, "1 2 3 4 6 12", 12},
}

// parseFrame reads Alpaca's spelling: 1-59 Min or T, 1-23 Hour or H, 1 Day or D, 1 Week or W, and
// 1, 2, 3, 4, 6 or 12 Month or M.
func parseFrame(text string) (frame, error) {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	count, err := strconv.Atoi(text[:digits])
	for _, u := range frameUnits {
		if err == nil && oneOf(text[digits:], u.words) && count >= 1 && count <= u.most && (u.counts == "" || oneOf(text[:digits], u.counts)) {
			return frame{u.unit, count * u.times}, nil
		}
	}
	return frame{}, fmt.Errorf("invalid timeframe: %.40q", text)
}

// period is the beginning of the week or the months that the day lies in.
func (f frame) period(day time.Time) time.Time {
	if f.unit == frameWeek {
		return day.AddDate(0, 0, -(int(day.Weekday())+6)%7) // Monday
	}
	month := (int(day.Month())-1)/f.count*f.count + 1
	return time.Date(day.Year(), time.Month(month), 1, 0, 0, 0, 0, market.NewYork)
}

// next is the beginning of the period after the one that begins at the day.
func (f frame) next(day time.Time) time.Time {
	if f.unit == frameWeek {
		return day.AddDate(0, 0, 7)
	}
	return day.AddDate(0, f.count, 0)
}

// barRange asks for the bars that start in [from, to], as known at now. At most limit come back.
type barRange struct {
	frame      frame
	adjustment adjustment
	from, to   time.Time
	now        time.Time
	limit      int
	descending bool
}

// readBars returns a symbol's bars of the range, oldest first or newest first.
func readBars(source Market, symbol string, r barRange) []trade.Bar {
	if r.frame.unit == frameWeek || r.frame.unit == frameMonth {
		return readPeriods(source, symbol, r)
	}
	first, last := source.Span(symbol)
	first = later(first, market.Day(r.from))
	last = earlier(last, earlier(market.Day(r.to), market.Day(r.now)))
	reader := barReader{source: source, symbol: symbol, barRange: r, steps: stepsOf(source, symbol, r.adjustment, r.now)}
	reader.found = slices.Grow((*barBuffers.Get().(*[]trade.Bar))[:0], r.mostBars(first, last))
	day, step := first, 1
	if r.descending {
		day, step = last, -1
	}
	for ; !day.Before(first) && !day.After(last) && len(reader.found) < r.limit; day = day.AddDate(0, 0, step) {
		if session, ok := market.SessionOn(day); ok {
			reader.add(session)
		}
	}
	return reader.found[:min(len(reader.found), r.limit)]
}

// barBuffers are what pages were read into that have been sent, for the next ones.
var barBuffers = sync.Pool{New: func() any { return new([]trade.Bar) }}

// recycle lets the next page use the memory of the bars. Nothing may read them afterwards.
func recycle(bars []trade.Bar) { barBuffers.Put(&bars) }

// mostBars is about how many bars the days from first to last can give.
func (r barRange) mostBars(first, last time.Time) int {
	days, each := int(last.Sub(first).Hours()/24)+1, 1
	if r.frame.unit == frameMinute {
		each = 24*60/r.frame.count + 1
	}
	return max(0, min(r.limit, days*each))
}

// barReader collects the bars of days.
type barReader struct {
	barRange
	source  Market
	symbol  string
	steps   steps
	found   []trade.Bar
	minutes []trade.Bar // room for a day's
}

// add appends one session day's bars of the range.
func (b *barReader) add(session market.Session) {
	before := len(b.found)
	if b.frame.unit == frameDay {
		if bar, ok := b.source.Daily(b.symbol, session.Date, b.now); ok && b.covers(bar) {
			b.found = append(b.found, bar)
		}
	} else {
		b.addMinutes(session)
	}
	b.steps.adjust(b.found[before:], session.Date)
	if b.descending {
		slices.Reverse(b.found[before:])
	}
}

// addMinutes appends those of the day's bars that the range covers; they come in the order of time.
func (b *barReader) addMinutes(session market.Session) {
	before := len(b.found)
	if b.frame.count == 1 {
		b.found = b.source.AppendMinutes(b.found, b.symbol, session.Date, b.now)
	} else {
		b.minutes = b.source.AppendMinutes(b.minutes[:0], b.symbol, session.Date, b.now)
		b.found = aggregate(b.found, b.minutes, session.Date, b.frame.count)
	}
	first, end := before, len(b.found)
	for first < end && b.found[first].Start.Before(b.from) {
		first++
	}
	for end > first && b.found[end-1].Start.After(b.to) {
		end--
	}
	b.found = slices.Delete(b.found[:end], before, first)
}

// covers reports whether the bar starts in the range; one of the market's future is not shown.
func (b *barReader) covers(bar trade.Bar) bool {
	return !bar.Start.Before(b.from) && !bar.Start.After(b.to)
}

// readPeriods joins daily bars to bars of weeks or months. A bar is labelled with its period's
// first midnight in New York.
func readPeriods(source Market, symbol string, r barRange) []trade.Bar {
	days := r
	days.frame, days.descending, days.limit = frame{frameDay, 1}, false, math.MaxInt
	days.from, days.to = r.frame.period(market.Day(r.from)), r.frame.next(r.frame.period(market.Day(r.to))).Add(-time.Second)
	var found []trade.Bar
	for _, day := range readBars(source, symbol, days) {
		begin := r.frame.period(day.Start.In(market.NewYork))
		if begin.Before(r.from) || begin.After(r.to) {
			continue
		}
		if n := len(found); n > 0 && found[n-1].Start.Equal(begin) {
			found[n-1] = join(found[n-1], day)
			continue
		}
		day.Start, day.End = begin.UTC(), r.frame.next(begin).UTC()
		found = append(found, day)
	}
	if r.descending {
		slices.Reverse(found)
	}
	return found[:min(len(found), r.limit)]
}

// aggregate appends to bars one day's minute bars joined into bars of count minutes, aligned to the New York clock
// (an hour bar starts at a full hour, so that the first one of a session holds half an hour).
func aggregate(bars, minutes []trade.Bar, midnight time.Time, count int) []trade.Bar {
	length := time.Duration(count) * time.Minute
	before := len(bars)
	for _, minute := range minutes {
		start := midnight.Add(minute.Start.Sub(midnight) / length * length).UTC()
		if n := len(bars); n > before && bars[n-1].Start.Equal(start) {
			bars[n-1] = join(bars[n-1], minute)
			continue
		}
		minute.Start, minute.End = start, start.Add(length)
		bars = append(bars, minute)
	}
	return bars
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
