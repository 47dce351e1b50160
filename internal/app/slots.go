package app

import (
	"fmt"
	"time"

	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// nextRun is the first slot of the settings' schedule after the market time, by the calendar.
func nextRun(calendar *market.Calendar, settings trade.Settings, after time.Time) (time.Time, error) {
	return desk.NextRun(calendar, settings.Schedule, settings.Timeframe, after)
}

const (
	leastPatience = 2 * time.Minute // a slot is never late before that
	mostMissed    = 1000            // slots that are counted one by one
)

// Late reports whether the slot is so long ago that it must not run any more: by half the time to
// the slot after it, and by two minutes at least. A market whose time runs faster than this
// machine's is given the whole time to the next slot: a moment of work is minutes there.
func Late(calendar *market.Calendar, settings trade.Settings, simulated bool, slot, now time.Time) bool {
	patience := leastPatience
	if next, err := nextRun(calendar, settings, slot); err == nil && next.After(slot) {
		distance := next.Sub(slot)
		if !simulated {
			distance /= 2
		}
		patience = max(patience, min(distance, longestPatience))
	}
	return now.Sub(slot) > patience
}

// longestPatience bounds how late a slot of a rare schedule may run: its bars are hours old then.
const longestPatience = 30 * time.Minute

// MissedSentence says which slots passed while nothing ran, from the first up to now, and the reason
// in a sentence, where it is known.
func MissedSentence(calendar *market.Calendar, settings trade.Settings, first, now time.Time, reason string) string {
	if reason != "" {
		reason = " The reason: " + reason
	}
	count, last := 1, first
	for count < mostMissed {
		next, err := nextRun(calendar, settings, last)
		if err != nil || next.After(now) || !next.After(last) {
			break
		}
		count, last = count+1, next
	}
	const form = "2006-01-02 15:04 UTC"
	switch {
	case count == 1:
		return fmt.Sprintf("Missed: nothing ran at %s. It is not made up for.%s", first.UTC().Format(form), reason)
	case count == mostMissed:
		return fmt.Sprintf("Missed: nothing ran in more than %d slots since %s. They are not made up for.%s", count, first.UTC().Format(form), reason)
	default:
		return fmt.Sprintf("Missed: nothing ran in %d slots from %s to %s. They are not made up for.%s", count, first.UTC().Format(form), last.UTC().Format(form), reason)
	}
}

// busySentence says that the slot passed while the account was in use.
func busySentence(slot time.Time) string {
	return fmt.Sprintf("Missed: at %s another process was busy with the account. It is not made up for.", slot.UTC().Format("2006-01-02 15:04 UTC"))
}
