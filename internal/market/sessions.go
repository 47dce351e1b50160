package market

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// Calendar is the exchange's sessions: as the broker gives them where they have been learnt, by
// the own table of holidays, half days and daylight saving elsewhere. So an unforeseen closure, or
// a day that closes early, is known as soon as the broker knows it, and nothing depends on the
// broker being reachable. The zero value, and a nil pointer, are the own table. It is safe for
// concurrent use.
type Calendar struct {
	years   atomic.Pointer[map[int]*yearOfSessions] // learnt ones; replaced as a whole
	changes atomic.Int64
}

// SessionSource gives the broker's sessions of the New York days from and to, both included, oldest
// first; fromBroker is false when the own table stood in.
type SessionSource interface {
	Sessions(ctx context.Context, from, to time.Time) (sessions []Session, fromBroker bool)
}

// lookAhead is how far ahead a calendar asks: orders, schedules and settlement reach no further.
const lookAhead = 31 * 24 * time.Hour

// Refresh learns the year around now from the source; it reports whether the broker answered. What
// was learnt earlier stays when it did not. The source is expected to remember its answer: calling
// this often costs nothing.
func (c *Calendar) Refresh(ctx context.Context, source SessionSource, now time.Time) bool {
	answered := false
	for year := now.In(NewYork).Year(); year <= now.Add(lookAhead).In(NewYork).Year(); year++ {
		first := time.Date(year, time.January, 1, 0, 0, 0, 0, NewYork)
		sessions, fromBroker := source.Sessions(ctx, first, first.AddDate(1, 0, -1))
		if fromBroker {
			c.learn(year, sessions)
			answered = true
		}
	}
	return answered
}

// Changes is how often something else than what was known has been learnt: what was planned by the
// calendar before is planned again.
func (c *Calendar) Changes() int64 {
	if c == nil {
		return 0
	}
	return c.changes.Load()
}

// learn takes over a whole year's sessions, unless they are those that are known.
func (c *Calendar) learn(year int, sessions []Session) {
	if slices.EqualFunc(c.of(year).sessions, sessions, Session.equal) {
		return
	}
	learnt := &yearOfSessions{sessions: slices.Clone(sessions)}
	for i, session := range learnt.sessions {
		learnt.byDay[session.Date.In(NewYork).YearDay()] = uint16(i + 1)
	}
	for {
		before := c.years.Load()
		after := map[int]*yearOfSessions{year: learnt}
		if before != nil {
			after = maps.Clone(*before)
			after[year] = learnt
		}
		if c.years.CompareAndSwap(before, &after) {
			c.changes.Add(1)
			return
		}
	}
}

func (s Session) equal(other Session) bool {
	return s.Date.Equal(other.Date) && s.Open.Equal(other.Open) && s.Close.Equal(other.Close)
}

// of is one year's sessions.
func (c *Calendar) of(year int) *yearOfSessions {
	if c != nil {
		if learnt := c.years.Load(); learnt != nil {
			if known, ok := (*learnt)[year]; ok {
				return known
			}
		}
	}
	return sessionsOf(year)
}

// On returns the session of t's New York day; ok is false when the exchange is closed all day.
func (c *Calendar) On(t time.Time) (session Session, ok bool) {
	local := t.In(NewYork)
	year := c.of(local.Year())
	index := year.byDay[local.YearDay()]
	if index == 0 {
		return Session{}, false
	}
	return year.sessions[index-1], true
}

// IsOpen reports whether the exchange trades at t.
func (c *Calendar) IsOpen(t time.Time) bool {
	session, ok := c.On(t)
	return ok && session.Contains(t)
}

// Next returns the first session that opens after t.
func (c *Calendar) Next(t time.Time) Session {
	for day := Day(t); ; day = day.AddDate(0, 0, 1) {
		if session, ok := c.On(day); ok && session.Open.After(t) {
			return session
		}
	}
}

// Previous returns the last session that closed at or before t.
func (c *Calendar) Previous(t time.Time) Session {
	for day := Day(t); ; day = day.AddDate(0, 0, -1) {
		if session, ok := c.On(day); ok && !session.Close.After(t) {
			return session
		}
	}
}

// Latest returns the last session that opened at or before t: the one being traded, or the one
// that was traded last.
func (c *Calendar) Latest(t time.Time) Session {
	for day := Day(t); ; day = day.AddDate(0, 0, -1) {
		if session, ok := c.On(day); ok && !session.Open.After(t) {
			return session
		}
	}
}

// Sessions returns the sessions of the New York days from and to, both included, oldest first.
func (c *Calendar) Sessions(from, to time.Time) []Session {
	var found []Session
	last := Day(to)
	for year := from.In(NewYork).Year(); year <= last.Year(); year++ {
		for _, session := range c.of(year).sessions {
			if !session.Date.Before(Day(from)) && !session.Date.After(last) {
				found = append(found, session)
			}
		}
	}
	return found
}
