package daemon

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// herald is a broker that knows of an early close on Tuesday, 24 November 2026, at 14:00 New York,
// and of a day without trading after it, which are in nobody's table.
type herald struct {
	app.Brokerage

	now time.Time
}

func (h herald) Open(context.Context, trade.BrokerageAccount) (app.Brokerage, error) { return h, nil }

func (h herald) Clock(context.Context) (trade.MarketClock, error) {
	return trade.MarketClock{Timestamp: h.now}, nil
}

func (h herald) Sessions(_ context.Context, from, to time.Time) ([]market.Session, bool) {
	sessions := slices.Clone(market.Sessions(from, to))
	for i := range sessions {
		if sessions[i].Date.Month() == time.November && sessions[i].Date.Day() == 24 {
			sessions[i].Close = sessions[i].Date.Add(14 * time.Hour).UTC()
		}
	}
	return slices.DeleteFunc(sessions, func(s market.Session) bool { return s.Date.Month() == time.November && s.Date.Day() == 25 }), true
}

// TestSlotsFollowTheBrokersCalendar: a slot that was planned by the own table moves to where the
// broker's calendar has it.
func TestSlotsFollowTheBrokersCalendar(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s, settings := storetest.Open(t, address(t), store.Options{}), trade.DefaultSettings()
		settings.Timeframe = trade.Hour
		settings.Schedule = trade.ScheduleSettings{Kind: trade.AtBarClose, MarketHoursOnly: true}
		now := time.Date(2026, time.November, 24, 14, 10, 0, 0, market.NewYork)
		planned, err := desk.NextRun(nil, settings.Schedule, settings.Timeframe, now)
		if err != nil || !planned.Equal(time.Date(2026, time.November, 24, 15, 0, 5, 0, market.NewYork)) {
			t.Fatalf("by the own table it runs at %s, %v", planned, err)
		}
		user := auth.User{ID: uuid.NewString(), Username: "ada", Email: "ada@example.org", PasswordHash: "$argon2id$"}
		if _, err := s.CreateUser(t.Context(), user, []byte("key"), settings, audit.Entry{Action: audit.Register}); err != nil {
			t.Fatal(err)
		}
		account := trade.BrokerageAccount{
			ID: uuid.NewString(), UserID: user.ID, Name: "Paper", Paper: true, Automated: true, NextRunAt: planned, CreatedAt: now,
			SealedKey: []byte("key"), SealedSecret: []byte("secret"),
		}
		if _, err := s.CreateAccount(t.Context(), account, audit.Entry{Action: audit.AccountCreated, Target: "account:" + account.ID}); err != nil {
			t.Fatal(err)
		}
		automation := app.NewAutomation(app.AutomationConfig{
			Store: s, Brokerages: herald{now: now}, Clock: clock.System(), Log: slog.New(slog.DiscardHandler), Calendars: app.NewCalendars(clock.System()),
			SimulatedTime: func(trade.BrokerageAccount) bool { return true },
		})
		if due, err := automation.Tick(t.Context()); err != nil || len(due) != 0 {
			t.Fatalf("due are %v, %v", due, err)
		}
		moved, err := s.AutomatedAccount(t.Context(), account.ID)
		// Wednesday is closed, Thursday is Thanksgiving; Friday's first hour ends at ten.
		if want := time.Date(2026, time.November, 27, 10, 0, 5, 0, market.NewYork); err != nil || !moved.NextRunAt.Equal(want) {
			t.Errorf("it runs at %s, want %s, %v", moved.NextRunAt, want, err)
		}
	})
}
