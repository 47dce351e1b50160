package market_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/sharedtest"
)

func day(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.ParseInLocation(time.DateOnly, text, market.NewYork)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func readJSON(t *testing.T, into any, parts ...string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(append([]string{sharedtest.Dir(t)}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
}

func TestCalendarEqualsTheDerivedCalendarOf2024To2029(t *testing.T) {
	t.Parallel()
	var want []struct {
		Date, Open, Close string
		Settlement        string `json:"settlement_date"`
	}
	readJSON(t, &want, "reference", "alpaca", "calendar-2024-2029.derived.json")
	got := market.Sessions(day(t, "2024-01-01"), day(t, "2029-12-31"))
	if len(got) != len(want) {
		t.Fatalf("%d sessions, want %d", len(got), len(want))
	}
	for i, session := range got {
		date := session.Date.Format(time.DateOnly)
		opening, closing := session.Open.In(market.NewYork).Format("15:04"), session.Close.In(market.NewYork).Format("15:04")
		settles := market.Settlement(session).Format(time.DateOnly)
		if date != want[i].Date || settles != want[i].Settlement || opening != want[i].Open || closing != want[i].Close {
			t.Errorf("session %s %s-%s settles %s, want %+v", date, opening, closing, settles, want[i])
		}
	}
}

func TestHolidaysAndHalfDaysOf2023To2030(t *testing.T) {
	t.Parallel()
	var file map[string]json.RawMessage
	readJSON(t, &file, "reference", "alpaca", "us-holidays-2023-2030.json")
	var closed map[string]string
	if err := json.Unmarshal(file["holidays"], &closed); err != nil {
		t.Fatal(err)
	}
	var halfDays []string
	if err := json.Unmarshal(file["early_closes_1300"], &halfDays); err != nil {
		t.Fatal(err)
	}
	var early []string
	for _, session := range market.Sessions(day(t, "2023-01-01"), day(t, "2030-12-31")) {
		if session.Close.Sub(session.Open) < 6*time.Hour {
			early = append(early, session.Date.Format(time.DateOnly))
		}
	}
	if !slices.Equal(early, halfDays) {
		t.Errorf("half days %v, want %v", early, halfDays)
	}
	for date := day(t, "2023-01-01"); date.Year() <= 2030; date = date.AddDate(0, 0, 1) {
		text := date.Format(time.DateOnly)
		_, holiday := closed[text]
		weekend := date.Weekday() == time.Saturday || date.Weekday() == time.Sunday
		if _, trades := market.SessionOn(date); trades == (holiday || weekend) {
			t.Errorf("%s: session %v, holiday %v, weekend %v", text, trades, holiday, weekend)
		}
	}
}

func TestCalendarHasEveryDayThatSPYTraded(t *testing.T) {
	t.Parallel()
	rows := sharedtest.Table(t, "data", "daily_raw", "SPY.csv")
	traded := map[string]bool{}
	for _, row := range rows {
		traded[row.Text("timestamp")] = true
	}
	for _, session := range market.Sessions(day(t, rows[0].Text("timestamp")), day(t, rows[len(rows)-1].Text("timestamp"))) {
		text := session.Date.Format(time.DateOnly)
		if !traded[text] {
			t.Errorf("session %s has no bar", text)
		}
		delete(traded, text)
	}
	for text := range traded {
		t.Errorf("bar on %s, but no session", text)
	}
}

func TestSessionAroundAnInstant(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		instant, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return instant
	}
	cases := []struct {
		now                    string
		open                   bool
		next, previous, latest string
	}{
		{"2020-06-01T13:29:59Z", false, "2020-06-01", "2020-05-29", "2020-05-29"},
		{"2020-06-01T13:30:00Z", true, "2020-06-02", "2020-05-29", "2020-06-01"},
		{"2020-06-01T19:59:59Z", true, "2020-06-02", "2020-05-29", "2020-06-01"},
		{"2020-06-01T20:00:00Z", false, "2020-06-02", "2020-06-01", "2020-06-01"},
		{"2026-11-27T17:59:00Z", true, "2026-11-30", "2026-11-25", "2026-11-27"},
		{"2026-11-27T18:00:00Z", false, "2026-11-30", "2026-11-27", "2026-11-27"},
		{"2021-12-31T22:00:00Z", false, "2022-01-03", "2021-12-31", "2021-12-31"},
	}
	for _, c := range cases {
		now := at(c.now)
		next, previous, latest := market.NextSession(now), market.PreviousSession(now), market.LatestSession(now)
		if market.IsOpen(now) != c.open || !next.Date.Equal(day(t, c.next)) ||
			!previous.Date.Equal(day(t, c.previous)) || !latest.Date.Equal(day(t, c.latest)) {
			t.Errorf("%s: open %v, next %v, previous %v, latest %v; want %+v", c.now, market.IsOpen(now), next.Date, previous.Date, latest.Date, c)
		}
	}
}

func TestHistoricHalfDays(t *testing.T) {
	t.Parallel()
	for date, closing := range map[string]string{
		"2001-07-03": "13:00", "2002-07-03": "16:00", "2002-07-05": "13:00", "2003-12-26": "13:00",
		"2007-07-03": "13:00", "2013-07-03": "13:00", "2020-11-27": "13:00", "2020-12-24": "13:00", "2021-11-26": "13:00",
	} {
		session, ok := market.SessionOn(day(t, date))
		if got := session.Close.In(market.NewYork).Format("15:04"); !ok || got != closing {
			t.Errorf("%s closes %s, want %s", date, got, closing)
		}
	}
}

func BenchmarkNextSession(b *testing.B) {
	now := time.Date(2026, time.July, 2, 21, 0, 0, 0, time.UTC)
	for b.Loop() {
		market.NextSession(now)
	}
}
