package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func everyFive() trade.Settings {
	settings := trade.DefaultSettings()
	settings.Timeframe = trade.Minutes5
	settings.Schedule = trade.ScheduleSettings{Kind: trade.AtBarClose, MarketHoursOnly: true}
	return settings
}

// TestNoSlotOfAYearIsDoubledOrLost lets a program that is now and then away follow a year of slots:
// each runs once or is named by exactly one record, in and out of daylight saving time, over
// holidays and half days.
func TestNoSlotOfAYearIsDoubledOrLost(t *testing.T) {
	t.Parallel()
	settings := everyFive()
	begin, end := at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")
	next := func(after time.Time) time.Time {
		slot, err := desk.NextRun(nil, settings.Schedule, settings.Timeframe, after)
		if err != nil {
			t.Fatal(err)
		}
		return slot
	}
	due, ran, missed, outside := next(begin), 0, 0, 0
	for step := 0; due.Before(end); step++ {
		now := due.Add(time.Second)
		if step%97 == 0 { // away for 41 minutes, sometimes over a close
			now = due.Add(41 * time.Minute)
		}
		if !market.IsOpen(due.Add(-5*time.Second)) && !market.IsOpen(due.Add(-6*time.Second)) {
			outside++
		}
		after := next(now)
		if app.Late(nil, settings, false, due, now) {
			missed += countNamed(t, app.MissedSentence(nil, settings, due, now, ""), due, now, next)
		} else {
			ran++
		}
		if !after.After(due) || !after.After(now) {
			t.Fatalf("after %s at %s comes %s", due, now, after)
		}
		due = after
	}
	slots := 0
	for slot := next(begin); slot.Before(end); slot = next(slot) {
		slots++
	}
	if ran+missed != slots || missed == 0 || outside != 0 {
		t.Errorf("%d ran and %d were named as missed of %d slots; %d lay outside of sessions", ran, missed, slots, outside)
	}
	if wanted := 251*78 - 2*36; slots != wanted { // 251 sessions of 78 bars; two end at 13:00
		t.Errorf("the year has %d slots, want %d", slots, wanted)
	}
}

// countNamed returns how many slots passed up to now, and checks that the sentence says so.
func countNamed(t *testing.T, sentence string, first, now time.Time, next func(time.Time) time.Time) int {
	t.Helper()
	count, last := 1, first
	for slot := next(first); !slot.After(now); slot = next(slot) {
		count, last = count+1, slot
	}
	for _, named := range []time.Time{first, last} {
		if !strings.Contains(sentence, named.UTC().Format("2006-01-02 15:04 UTC")) {
			t.Errorf("%q does not name %s", sentence, named)
		}
	}
	return count
}

func TestWhenASlotIsLate(t *testing.T) {
	t.Parallel()
	settings := everyFive()
	slot := at("2026-03-02T15:05:05Z")
	daily := trade.DefaultSettings()
	daily.Timeframe, daily.Schedule.Kind = trade.Day, trade.AtBarClose
	for _, one := range []struct {
		name      string
		settings  trade.Settings
		simulated bool
		after     time.Duration
		late      bool
	}{
		{"half the way to the next", settings, false, 150 * time.Second, false},
		{"more than half", settings, false, 151 * time.Second, true},
		{"a market with its own time", settings, true, 5 * time.Minute, false},
		{"but not for ever", settings, true, 301 * time.Second, true},
		{"a day's bar has half an hour", daily, false, 30 * time.Minute, false},
		{"and no more", daily, false, 31 * time.Minute, true},
	} {
		if app.Late(nil, one.settings, one.simulated, slot, slot.Add(one.after)) != one.late {
			t.Errorf("%s: late is %v", one.name, !one.late)
		}
	}
}

func at(text string) time.Time {
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return parsed
}
