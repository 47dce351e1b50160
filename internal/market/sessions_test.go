package market_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
)

// board is a broker's calendar; nil: it cannot be reached.
type board []market.Session

func (b board) Sessions(_ context.Context, from, to time.Time) ([]market.Session, bool) {
	if b == nil {
		return market.Sessions(from, to), false
	}
	return slices.DeleteFunc(slices.Clone(b), func(s market.Session) bool {
		return s.Date.Before(market.Day(from)) || s.Date.After(market.Day(to))
	}), true
}

// A day of mourning and a day that closes early are known as soon as the broker tells of them, and
// stay known while it cannot be reached. Daylight saving is the table's in both.
func TestCalendarLearnsFromTheBroker(t *testing.T) {
	t.Parallel()
	told := board(market.Sessions(day(t, "2026-01-01"), day(t, "2027-12-31")))
	told = slices.DeleteFunc(told, func(s market.Session) bool { return s.Date.Equal(day(t, "2026-11-24")) })
	for i := range told {
		if told[i].Date.Equal(day(t, "2026-11-25")) {
			told[i].Close = at(t, "2026-11-25 11:00").UTC()
		}
	}
	var calendar market.Calendar
	now := at(t, "2026-11-23 12:00")
	if calendar.Refresh(t.Context(), board(nil), now) || !calendar.IsOpen(at(t, "2026-11-24 12:00")) {
		t.Error("without the broker the table does not stand in")
	}
	if !calendar.Refresh(t.Context(), told, now) || calendar.Refresh(t.Context(), board(nil), now) {
		t.Error("who answered is not told")
	}
	for moment, open := range map[string]bool{
		"2026-11-23 12:00": true, "2026-11-24 12:00": false, "2026-11-25 10:59": true, "2026-11-25 11:00": false,
		"2026-11-26 12:00": false, "2026-11-27 12:59": true, "2026-11-27 13:00": false,
		"2026-10-30 09:29": false, "2026-10-30 09:30": true, "2026-11-02 09:29": false, "2026-11-02 09:30": true, // around the end of daylight saving
	} {
		if calendar.IsOpen(at(t, moment)) != open {
			t.Errorf("%s: open %v", moment, !open)
		}
	}
	if next := calendar.Next(now); !next.Date.Equal(day(t, "2026-11-25")) {
		t.Errorf("after the 23rd comes %s", next.Date)
	}
	if previous, latest := calendar.Previous(at(t, "2026-11-25 11:30")), calendar.Latest(at(t, "2026-11-25 09:00")); !previous.Date.Equal(day(t, "2026-11-25")) || !latest.Date.Equal(day(t, "2026-11-23")) {
		t.Errorf("previous %s, latest %s", previous.Date, latest.Date)
	}
	if n := len(calendar.Sessions(day(t, "2026-11-23"), day(t, "2026-11-27"))); n != 3 {
		t.Errorf("%d sessions in the week", n)
	}
	if !market.IsOpen(at(t, "2026-11-24 12:00")) {
		t.Error("one calendar's knowledge has changed the table")
	}
}

func TestNoCalendarIsTheTable(t *testing.T) {
	t.Parallel()
	var none *market.Calendar
	now := at(t, "2026-11-27 13:00")
	if none.IsOpen(now) || !none.Next(now).Date.Equal(day(t, "2026-11-30")) {
		t.Error("half day of the table is not known")
	}
}
