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

// SessionOn returns the session of t's New York day; ok is false when the exchange is closed
// all day. It knows 1998 to 2030 exactly; other years follow today's rules.
func SessionOn(t time.Time) (session Session, ok bool) {
	local := t.In(NewYork)
	year := sessionsOf(local.Year())
	index := year.byDay[local.YearDay()]
	if index == 0 {
		return Session{}, false
	}
	return year.sessions[index-1], true
}

// IsOpen reports whether the exchange trades at t.
func IsOpen(t time.Time) bool {
	session, ok := SessionOn(t)
	return ok && session.Contains(t)
}

// NextSession returns the first session that opens after t.
func NextSession(t time.Time) Session {
	for day := Day(t); ; day = day.AddDate(0, 0, 1) {
		if session, ok := SessionOn(day); ok && session.Open.After(t) {
			return session
		}
	}
}

// PreviousSession returns the last session that closed at or before t.
func PreviousSession(t time.Time) Session {
	for day := Day(t); ; day = day.AddDate(0, 0, -1) {
		if session, ok := SessionOn(day); ok && !session.Close.After(t) {
			return session
		}
	}
}

// LatestSession returns the last session that opened at or before t: the one being traded, or
// the one that was traded last.
func LatestSession(t time.Time) Session {
	for day := Day(t); ; day = day.AddDate(0, 0, -1) {
		if session, ok := SessionOn(day); ok && !session.Open.After(t) {
			return session
		}
	}
}

// Sessions returns the sessions of the New York days from and to, both included, oldest first.
func Sessions(from, to time.Time) []Session {
	var found []Session
	last := Day(to)
	for year := from.In(NewYork).Year(); year <= last.Year(); year++ {
		for _, session := range sessionsOf(year).sessions {
			if !session.Date.Before(Day(from)) && !session.Date.After(last) {
				found = append(found, session)
			}
		}
	}
	return found
}

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
