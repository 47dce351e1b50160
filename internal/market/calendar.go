package market

import (
	"sync"
	"time"
	_ "time/tzdata" // the session times need New York's rules wherever the binary runs
)

// NewYork is the exchange's time zone.
var NewYork = mustLoad("America/New_York")

func mustLoad(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // time/tzdata is compiled in, so the zone is always there
	}
	return location
}

// Session is one regular trading session of NYSE and NASDAQ.
type Session struct {
	Date  time.Time // midnight New York of the day
	Open  time.Time // UTC, first instant of trading
	Close time.Time // UTC, first instant after trading
}

// Contains reports whether the exchange trades at t in this session: from Open until before Close.
func (s Session) Contains(t time.Time) bool { return !t.Before(s.Open) && t.Before(s.Close) }

// Day returns midnight New York of t's New York day.
func Day(t time.Time) time.Time {
	year, month, day := t.In(NewYork).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, NewYork)
}

// exchangeTable is the own table of holidays and half days.
var exchangeTable *Calendar

// SessionOn returns the session of t's New York day by the own table; ok is false when the exchange
// is closed all day. It knows 1998 to 2030 exactly; other years follow today's rules.
func SessionOn(t time.Time) (session Session, ok bool) { return exchangeTable.On(t) }

// IsOpen reports whether the exchange trades at t by the own table.
func IsOpen(t time.Time) bool { return exchangeTable.IsOpen(t) }

// NextSession returns the first session of the own table that opens after t.
func NextSession(t time.Time) Session { return exchangeTable.Next(t) }

// PreviousSession returns the last session of the own table that closed at or before t.
func PreviousSession(t time.Time) Session { return exchangeTable.Previous(t) }

// LatestSession returns the last session of the own table that opened at or before t: the one being
// traded, or the one that was traded last.
func LatestSession(t time.Time) Session { return exchangeTable.Latest(t) }

// Sessions returns the own table's sessions of the New York days from and to, both included, oldest
// first.
func Sessions(from, to time.Time) []Session { return exchangeTable.Sessions(from, to) }

// yearOfSessions is one year's calendar; byDay holds 1 + the index in sessions, 0 for no session.
type yearOfSessions struct {
	sessions []Session
	byDay    [367]uint16
}

var years sync.Map // int -> *yearOfSessions

func sessionsOf(year int) *yearOfSessions {
	if known, ok := years.Load(year); ok {
		return known.(*yearOfSessions)
	}
	known, _ := years.LoadOrStore(year, computeYear(year))
	return known.(*yearOfSessions)
}

func computeYear(year int) *yearOfSessions {
	result := &yearOfSessions{}
	closed, early := holidays(year), earlyCloses(year)
	for day := dateOf(year, time.January, 1); day.Year() == year; day = day.AddDate(0, 0, 1) {
		if isWeekend(day) || closed[day] {
			continue
		}
		closing := 16
		if early[day] {
			closing = 13
		}
		result.sessions = append(result.sessions, Session{
			Date:  time.Date(year, day.Month(), day.Day(), 0, 0, 0, 0, NewYork),
			Open:  time.Date(year, day.Month(), day.Day(), 9, 30, 0, 0, NewYork).UTC(),
			Close: time.Date(year, day.Month(), day.Day(), closing, 0, 0, 0, NewYork).UTC(),
		})
		result.byDay[day.YearDay()] = uint16(len(result.sessions))
	}
	return result
}
