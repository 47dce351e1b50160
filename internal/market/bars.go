package market

import (
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// BarEnd returns the first instant at which a bar that starts at start is closed. A daily bar
// counts as closed from its session's close on, 13:00 New York on a half day; a day without a
// session closes at its end.
func BarEnd(start time.Time, timeframe trade.Timeframe) time.Time {
	if timeframe != trade.Day {
		return start.Add(timeframe.Duration())
	}
	if session, ok := SessionOn(start); ok {
		return session.Close
	}
	return Day(start).AddDate(0, 0, 1).UTC()
}

// regularSession is the length of a full session, 09:30 to 16:00.
const regularSession = 6*time.Hour + 30*time.Minute

// HistoryStart returns a time before now since which at least need bars of the timeframe should
// have closed in regular sessions, half days and days without a trade allowed for.
func HistoryStart(timeframe trade.Timeframe, need int, now time.Time) time.Time {
	sessions := need + 2
	if timeframe != trade.Day {
		sessions = need/int(regularSession/timeframe.Duration()) + 1
	}
	sessions += sessions / 20
	const few = 60
	if sessions > few {
		const calendarDaysIn252Sessions = 366
		return Day(now.AddDate(0, 0, -sessions*calendarDaysIn252Sessions/252-5)).UTC()
	}
	session := LatestSession(now)
	for range sessions {
		session = PreviousSession(session.Open)
	}
	return session.Date.UTC()
}

// lastBoundary is the latest moment up to now at which a bar of the timeframe may have closed.
func lastBoundary(timeframe trade.Timeframe, now time.Time) time.Time {
	if timeframe == trade.Day {
		return PreviousSession(now).Close
	}
	return now.Truncate(timeframe.Duration())
}

// lastExpected is the end of the bar that a symbol traded in regular hours should have at now.
func lastExpected(timeframe trade.Timeframe, now time.Time) time.Time {
	boundary := lastBoundary(timeframe, now)
	session := LatestSession(now)
	if end := session.Close; boundary.After(end) {
		return end
	}
	if boundary.Before(session.Open) || boundary.Equal(session.Open) {
		return PreviousSession(now).Close
	}
	return boundary
}
