package market

import "time"

// dateOf is a calendar day for computing; it is midnight UTC, so that days can be map keys.
func dateOf(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func isWeekend(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}

// exceptionalClosures are days on which the exchange stayed closed outside its rules.
var exceptionalClosures = []time.Time{
	dateOf(2001, time.September, 11), dateOf(2001, time.September, 12), // attacks
	dateOf(2001, time.September, 13), dateOf(2001, time.September, 14),
	dateOf(2004, time.June, 11),                                    // mourning, Reagan
	dateOf(2007, time.January, 2),                                  // mourning, Ford
	dateOf(2012, time.October, 29), dateOf(2012, time.October, 30), // hurricane Sandy
	dateOf(2018, time.December, 5), // mourning, Bush
	dateOf(2025, time.January, 9),  // mourning, Carter
}

// exceptionalEarlyCloses are half days outside the rules of earlyCloses: until 2012 a Thursday
// July 4 was followed, not preceded, by a half day (2002 is the only such year since 1998).
var exceptionalEarlyCloses = []time.Time{
	dateOf(2002, time.July, 5), dateOf(2003, time.December, 26),
}

// holidays returns the weekdays of the year on which the exchange is closed, by the rules of
// NYSE: a holiday on Saturday is kept on Friday (but New Year's Day is not), one on Sunday on
// Monday; Martin Luther King's day since 1998, Juneteenth since 2022.
func holidays(year int) map[time.Time]bool {
	closed := map[time.Time]bool{
		nthWeekday(year, time.February, time.Monday, 3):   true, // Washington's Birthday
		easter(year).AddDate(0, 0, -2):                    true, // Good Friday
		lastMondayOfMay(year):                             true, // Memorial Day
		observed(dateOf(year, time.July, 4)):              true,
		nthWeekday(year, time.September, time.Monday, 1):  true, // Labor Day
		nthWeekday(year, time.November, time.Thursday, 4): true, // Thanksgiving
		observed(dateOf(year, time.December, 25)):         true,
	}
	if newYear := dateOf(year, time.January, 1); newYear.Weekday() != time.Saturday {
		closed[observed(newYear)] = true
	}
	if year >= 1998 {
		closed[nthWeekday(year, time.January, time.Monday, 3)] = true
	}
	if year >= 2022 {
		closed[observed(dateOf(year, time.June, 19))] = true
	}
	for _, day := range exceptionalClosures {
		closed[day] = true
	}
	return closed
}

// earlyCloses returns the days that close at 13:00 if they are trading days: July 3 when July 4
// is Tuesday to Friday, the day after Thanksgiving, December 24.
func earlyCloses(year int) map[time.Time]bool {
	early := map[time.Time]bool{
		nthWeekday(year, time.November, time.Thursday, 4).AddDate(0, 0, 1): true,
		dateOf(year, time.December, 24):                                    true,
	}
	independence := dateOf(year, time.July, 4).Weekday()
	if independence >= time.Tuesday && independence <= time.Friday && year != 2002 {
		early[dateOf(year, time.July, 3)] = true
	}
	for _, day := range exceptionalEarlyCloses {
		early[day] = true
	}
	return early
}

func observed(day time.Time) time.Time {
	switch day.Weekday() {
	case time.Saturday:
		return day.AddDate(0, 0, -1)
	case time.Sunday:
		return day.AddDate(0, 0, 1)
	default:
		return day
	}
}

func nthWeekday(year int, month time.Month, weekday time.Weekday, n int) time.Time {
	first := dateOf(year, month, 1)
	ahead := (int(weekday) - int(first.Weekday()) + 7) % 7
	return first.AddDate(0, 0, ahead+7*(n-1))
}

func lastMondayOfMay(year int) time.Time {
	last := dateOf(year, time.May, 31)
	back := (int(last.Weekday()) - int(time.Monday) + 7) % 7
	return last.AddDate(0, 0, -back)
}

// easter returns Easter Sunday of the Gregorian calendar: the anonymous algorithm in Meeus,
// Astronomical Algorithms (1991), chapter 8.
func easter(year int) time.Time {
	golden, century, inCentury := year%19, year/100, year%100
	epact := (19*golden + century - century/4 - (century-(century+8)/25+1)/3 + 15) % 30
	weekday := (32 + 2*(century%4) + 2*(inCentury/4) - epact - inCentury%4) % 7
	correction := (golden + 11*epact + 22*weekday) / 451
	month := (epact + weekday - 7*correction + 114) / 31
	day := (epact+weekday-7*correction+114)%31 + 1
	return dateOf(year, time.Month(month), day)
}
