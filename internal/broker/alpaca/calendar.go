package alpaca

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"github.com/jcap24/alpaca-trader/internal/market"
)

// calendarAge is how long the broker's calendar is believed: a closure may be announced any day.
const calendarAge = 12 * time.Hour

// Sessions returns the sessions of the New York days from and to, both included, oldest first, by
// the broker's calendar. Where the broker cannot be asked the own table stands in, and
// fromBroker is false.
func (c *Client) Sessions(ctx context.Context, from, to time.Time) (sessions []market.Session, fromBroker bool) {
	fromBroker = true
	for year := from.In(market.NewYork).Year(); year <= to.In(market.NewYork).Year(); year++ {
		ofYear, err := c.year(ctx, year)
		if err != nil {
			ofYear, fromBroker = market.Sessions(firstDay(year), firstDay(year+1).AddDate(0, 0, -1)), false
		}
		for _, session := range ofYear {
			if !session.Date.Before(market.Day(from)) && !session.Date.After(market.Day(to)) {
				sessions = append(sessions, session)
			}
		}
	}
	return sessions, fromBroker
}

func firstDay(year int) time.Time {
	return time.Date(year, time.January, 1, 0, 0, 0, 0, market.NewYork)
}

// year is one year of the broker's calendar, remembered for all clients of the address.
func (c *Client) year(ctx context.Context, year int) ([]market.Session, error) {
	key, shared := calendarKey{c.config.TradingURL, year}, c.config.Accounts
	shared.mu.Lock()
	known, ok := shared.calendar[key]
	shared.mu.Unlock()
	if ok && c.config.Clock.Now().Sub(known.asked) < calendarAge {
		return known.sessions, nil
	}
	var days []sdk.CalendarDay
	err := c.read(ctx, func(client *sdk.Client) (err error) {
		days, err = client.GetCalendar(sdk.GetCalendarRequest{Start: firstDay(year), End: firstDay(year+1).AddDate(0, 0, -1)})
		return err
	})
	if err != nil {
		return nil, err
	}
	sessions, err := sessionsOf(days)
	if err != nil {
		return nil, err
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.calendar[key] = cachedYear{c.config.Clock.Now(), sessions}
	return sessions, nil
}

// sessionsOf reads the broker's days; their times are New York's.
func sessionsOf(days []sdk.CalendarDay) ([]market.Session, error) {
	if len(days) == 0 {
		return nil, errors.New("read calendar: no days")
	}
	sessions := make([]market.Session, len(days))
	for i, day := range days {
		date, err := time.ParseInLocation(time.DateOnly, day.Date, market.NewYork)
		if err != nil {
			return nil, fmt.Errorf("read calendar: %w", err)
		}
		sessions[i].Date = date
		for _, moment := range []struct {
			text string
			into *time.Time
		}{{day.Open, &sessions[i].Open}, {day.Close, &sessions[i].Close}} {
			at, err := time.ParseInLocation("2006-01-02 15:04", day.Date+" "+moment.text, market.NewYork)
			if err != nil {
				return nil, fmt.Errorf("read calendar: %w", err)
			}
			*moment.into = at.UTC()
		}
		if !sessions[i].Open.Before(sessions[i].Close) {
			return nil, fmt.Errorf("read calendar: %s closes before it opens", day.Date)
		}
	}
	return sessions, nil
}
