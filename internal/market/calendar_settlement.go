package market

import "time"

// Trades settle one settlement day later since 2024-05-28, before that two days later, and three
// days before 2017-09-05 (SEC rule 15c6-1).
var (
	settlesNextDay   = dateOf(2024, time.May, 28)
	settlesInTwoDays = dateOf(2017, time.September, 5)
)

// Settlement returns the day (midnight New York) on which trades of the session settle. Days on
// which the exchange trades but banks rest, Columbus Day and Veterans Day, do not count.
func Settlement(session Session) time.Time {
	days := 3
	switch day := dateOf(session.Date.Date()); {
	case !day.Before(settlesNextDay):
		days = 1
	case !day.Before(settlesInTwoDays):
		days = 2
	}
	date := session.Date
	for days > 0 {
		date = date.AddDate(0, 0, 1)
		if _, trades := SessionOn(date); trades && !bankHoliday(dateOf(date.Date())) {
			days--
		}
	}
	return date
}

// bankHoliday reports whether the exchange's trading day is Columbus Day, or Veterans Day, which
// the banks move from Sunday to Monday but not from Saturday.
func bankHoliday(day time.Time) bool {
	veterans := dateOf(day.Year(), time.November, 11)
	if veterans.Weekday() == time.Sunday {
		veterans = veterans.AddDate(0, 0, 1)
	}
	return day.Equal(veterans) || day.Equal(nthWeekday(day.Year(), time.October, time.Monday, 2))
}
