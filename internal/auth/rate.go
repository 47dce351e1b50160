package auth

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Rate is how many requests are allowed in a window.
type Rate struct {
	Count  int           // 1 or more
	Window time.Duration // a second, a minute, an hour or a day
}

// Rates are limits that hold together: a request must fit into each. Never empty once parsed.
type Rates []Rate

// windows are the words for a window, longest first.
var windows = []struct {
	word   string
	length time.Duration
}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}

const (
	mostRates    = 4       // of one text
	highestCount = 1000000 // of one rate
)

// ParseRates reads text such as "200/day;50/hour", or "200 per day, 50 per hour" as the older system
// wrote it; a fault of kind Invalid says how it is written.
func ParseRates(text string) (Rates, error) {
	parts := strings.Split(strings.ReplaceAll(text, ",", ";"), ";")
	if len(parts) > mostRates {
		return nil, errRates
	}
	rates := make(Rates, 0, len(parts))
	for _, part := range parts {
		rate, ok := parseRate(strings.TrimSpace(part))
		if !ok || slices.ContainsFunc(rates, func(r Rate) bool { return r.Window == rate.Window }) {
			return nil, errRates
		}
		rates = append(rates, rate)
	}
	return rates, nil
}

var errRates = fault.New(fault.Invalid, `A rate limit is written like "200/day;50/hour": one to four counts from 1 to 1000000, each for another one of second, minute, hour and day.`)

func parseRate(text string) (Rate, bool) {
	count, word, found := strings.Cut(strings.Replace(text, " per ", "/", 1), "/")
	number, err := strconv.ParseUint(strings.TrimSpace(count), 10, 32)
	if !found || err != nil || number < 1 || number > highestCount {
		return Rate{}, false
	}
	for _, window := range windows {
		if strings.TrimSpace(word) == window.word {
			return Rate{int(number), window.length}, true
		}
	}
	return Rate{}, false
}

// Within returns the rates with the ceiling among them: what they allow beyond it is cut.
func (r Rates) Within(ceiling Rate) Rates {
	within := slices.Clone(r)
	for i, rate := range within {
		if rate.Window == ceiling.Window {
			within[i].Count = min(rate.Count, ceiling.Count)
			return within
		}
	}
	return append(within, ceiling)
}

// String writes the rates as ParseRates reads them.
func (r Rates) String() string {
	parts := make([]string, len(r))
	for i, rate := range r {
		parts[i] = rate.String()
	}
	return strings.Join(parts, ";")
}

// String writes one rate; a window without a word is written in its own length.
func (r Rate) String() string {
	for _, window := range windows {
		if r.Window == window.length {
			return fmt.Sprintf("%d/%s", r.Count, window.word)
		}
	}
	return fmt.Sprintf("%d/%s", r.Count, r.Window)
}
