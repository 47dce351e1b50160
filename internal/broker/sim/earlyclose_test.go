package sim_test

import (
	"strings"
	"testing"
	"time"
)

// A session that ends early ends for orders, clocks and calendars.
func TestEarlyClose(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:02Z")
	resting := b.place(t, "symbol=KO type=limit limit_price=1")
	atClose := b.place(t, "symbol=KO time_in_force=cls")
	lasting := b.place(t, "symbol=KO type=limit limit_price=1 time_in_force=gtc")
	if status, body, _ := b.ask(t, "POST", "/_simulator/faults", `{"kind":"early_close","close":"12:30"}`); status != 200 {
		t.Fatal(body)
	}
	b.advance(t, "2026-11-20T18:00:00Z")
	if o := b.order(t, resting.ID); o.Status != "expired" || o.ExpiredAt.Format(time.TimeOnly) != "17:30:00" {
		t.Errorf("a day order is %s at %v", o.Status, o.ExpiredAt)
	}
	if o := b.order(t, atClose.ID); o.Status != "filled" || o.FilledAt.Format(time.TimeOnly) != "17:30:00" {
		t.Errorf("an order for the close is %s at %v", o.Status, o.FilledAt)
	}
	if o := b.order(t, lasting.ID); o.Status != "new" {
		t.Errorf("an order that lasts is %s", o.Status)
	}
	if o := b.place(t, "symbol=KO"); o.Status != "accepted" {
		t.Errorf("after the close an order is %s", o.Status)
	}
	for path, want := range map[string]string{
		"/v2/clock": `"is_open":false`, "/v2/calendar?start=2026-11-20&end=2026-11-20": `"close":"12:30"`,
		"/v3/clock": `"phase":"post"`, "/v3/calendar/NYSE?start=2026-11-20&end=2026-11-20": `"core_end":"2026-11-20T12:30:00-05:00"`,
	} {
		if _, body, _ := b.ask(t, "GET", path, ""); !strings.Contains(body, want) {
			t.Errorf("%s: %s", path, body)
		}
	}
}
