package sim

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
)

func getAccount(c *call) (answer, error) { return ok(c.exchange.accountView(c.account, c.now)) }

func getHistory(c *call) (answer, error) {
	q, refused := parseHistory(c.query, c.now)
	if refused != nil {
		return answer{}, refused
	}
	return ok(c.exchange.history(c.account, q, c.now))
}

// list splits a comma separated parameter.
func (c *call) list(name string) []string {
	var items []string
	for item := range strings.SplitSeq(c.query.Get(name), ",") {
		if item = strings.TrimSpace(item); item != "" && !slices.Contains(items, item) {
			items = append(items, item)
		}
	}
	return items
}

// limit reads a number from 1 on; more than the most counts as the most.
func (c *call) limit(name string, usual, most int) (int, error) {
	text := c.query.Get(name)
	if text == "" {
		return usual, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return 0, invalidParameter("%s must be a number from 1 to %d", name, most)
	}
	return min(number, most), nil
}

// moment reads a time or a day, which stands for its beginning in New York; zero when not given.
func (c *call) moment(name string) (time.Time, error) {
	at, _, refused := momentOf(name, c.query.Get(name))
	if refused != nil {
		return at, refused
	}
	return at, nil
}

// period reads a first and a last moment; a day stands for its beginning.
func (c *call) period(first, last string) (start, end time.Time, err error) {
	if start, err = c.moment(first); err != nil {
		return start, end, err
	}
	end, err = c.moment(last)
	return start, end, err
}

// momentOf reads a time, or a day in New York, and tells which.
func momentOf(name, text string) (at time.Time, isDay bool, refused *refusal) {
	if text == "" {
		return time.Time{}, false, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, false, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, text, market.NewYork)
	if err != nil {
		return time.Time{}, false, invalidParameter("invalid %s: use RFC 3339 or YYYY-MM-DD", name)
	}
	return at, true, nil
}

func (c *call) ascending(name string, usual bool) (bool, error) {
	switch c.query.Get(name) {
	case "":
		return usual, nil
	case "asc":
		return true, nil
	case "desc":
		return false, nil
	default:
		return false, invalidParameter("%s must be asc or desc", name)
	}
}
