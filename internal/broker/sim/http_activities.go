package sim

import (
	"slices"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
)

// activityFilter is what a list of activities is asked for.
type activityFilter struct {
	kinds        []string // empty: all
	category     string
	order        string
	after, until time.Time // zero: open
	day          time.Time // midnight New York; zero: any
	limit        int
	ascending    bool
}

// listActivities serves executions, fees, dividends and splits. after includes its own moment: here
// an order may fill at the moment of its submission.
func listActivities(c *call) (answer, error) {
	filter, err := c.activityFilter()
	if err != nil {
		return answer{}, err
	}
	var taken []fill
	for _, f := range c.account.Fills {
		if filter.takes(f) {
			taken = append(taken, f)
		}
	}
	if !filter.ascending {
		slices.Reverse(taken)
	}
	taken = afterToken(taken, c.query.Get("page_token"))
	page := []any{}
	for _, f := range taken[:min(filter.limit, len(taken))] {
		page = append(page, activityView(f))
	}
	return ok(page)
}

func (c *call) activityFilter() (f activityFilter, err error) {
	f = activityFilter{kinds: c.list("activity_types"), category: c.query.Get("category"), order: c.query.Get("order_id")}
	switch kind, inPath := c.path["type"]; {
	case inPath:
		f.kinds = []string{kind}
	case len(f.kinds) > 0 && f.category != "":
		return f, invalidParameter("only one of activity_types or category is accepted")
	}
	if f.category != "" && !oneOf(f.category, "trade_activity non_trade_activity") {
		return f, invalidParameter("category must be trade_activity or non_trade_activity")
	}
	if f.limit, err = c.limit("page_size", 100, 100); err != nil {
		return f, err
	}
	if f.ascending, err = c.ascending("direction", false); err != nil {
		return f, err
	}
	if f.after, f.until, err = c.period("after", "until"); err != nil {
		return f, err
	}
	if f.day, err = c.moment("date"); err == nil && !f.day.IsZero() {
		f.day = market.Day(f.day)
	}
	return f, err
}

func (f activityFilter) takes(a fill) bool {
	return (len(f.kinds) == 0 || slices.Contains(f.kinds, a.kind())) &&
		(f.category == "" || (f.category == "trade_activity") == a.execution()) &&
		(f.order == "" || f.order == a.OrderID) && !a.At.Before(f.after) &&
		(f.until.IsZero() || a.At.Before(f.until)) && (f.day.IsZero() || market.Day(a.At).Equal(f.day))
}

// afterToken leaves out everything up to the activity with the id.
func afterToken(fills []fill, token string) []fill {
	if token == "" {
		return fills
	}
	index := slices.IndexFunc(fills, func(f fill) bool { return f.ID == token })
	return fills[index+1:]
}
