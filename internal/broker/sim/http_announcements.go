package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// longestAnnouncements is how many days one request may ask for.
const longestAnnouncements = 90

// announcement is the action as the older interface shows it, which Alpaca still serves.
func (a Action) announcement() map[string]any {
	day, one := a.ExDate.Format(time.DateOnly), decimal.NewFromInt(1)
	id := a.view()["id"].(string)
	view := map[string]any{
		"id": id, "corporate_action_id": cusip(a.Symbol) + "_" + strings.ToUpper(id[:4]), "ca_type": "Dividend", "ca_sub_type": "cash",
		"initiating_symbol": a.Symbol, "initiating_original_cusip": cusip(a.Symbol),
		"target_symbol": a.Symbol, "target_original_cusip": cusip(a.Symbol), "cash": a.Amount, "old_rate": one, "new_rate": one,
		"declaration_date": day, "ex_date": day, "record_date": day, "payable_date": day, "effective_date": day,
	}
	switch array, _ := a.group(); array {
	case "spin_offs":
		view["ca_type"], view["ca_sub_type"], view["cash"], view["new_rate"] = "Spinoff", "spinoff", decimal.Zero, a.Amount
		view["target_symbol"], view["target_original_cusip"] = a.Symbol+".SPUN", cusip(a.Symbol+".SPUN")
	case "reverse_splits":
		view["ca_type"], view["ca_sub_type"], view["cash"] = "Split", "reverse_split", decimal.Zero
		view["old_rate"] = one.DivRound(a.Amount, 6)
	case "forward_splits":
		view["ca_type"], view["ca_sub_type"], view["cash"], view["new_rate"] = "Split", "stock_split", decimal.Zero, a.Amount
	}
	return view
}

// listAnnouncements serves the actions whose ex-date, which is every other date too, lies in the
// asked days.
func listAnnouncements(c *call) (answer, error) {
	since, until, err := c.period("since", "until")
	kinds := c.list("ca_types")
	switch {
	case err != nil:
		return answer{}, err
	case len(kinds) == 0 || since.IsZero() || until.IsZero():
		return answer{}, invalidParameter("ca_types, since and until are required")
	case until.Before(since) || until.After(since.AddDate(0, 0, longestAnnouncements)):
		return answer{}, invalidParameter("the date range is limited to %d days", longestAnnouncements)
	case !oneOf(c.query.Get("date_type"), "declaration_date ex_date record_date payable_date") && c.query.Get("date_type") != "":
		return answer{}, invalidParameter("date_type must be declaration_date, ex_date, record_date or payable_date")
	}
	for i, kind := range kinds {
		if kinds[i] = strings.ToLower(kind); !oneOf(kinds[i], "dividend merger spinoff split reorg") {
			return answer{}, invalidParameter("invalid ca_types: %.40s", kind)
		}
	}
	symbol, number := c.query.Get("symbol"), c.query.Get("cusip")
	found := []any{}
	for _, action := range c.announced() {
		view := action.announcement()
		if slices.Contains(kinds, strings.ToLower(view["ca_type"].(string))) && (symbol == "" || symbol == action.Symbol) &&
			(number == "" || number == cusip(action.Symbol)) && !action.ExDate.Before(since) && !action.ExDate.After(until) {
			found = append(found, view)
		}
	}
	return ok(found)
}

// announced are the actions that the market's time has reached.
func (c *call) announced() []Action {
	return slices.DeleteFunc(slices.Clone(actionsOf(c.config.Market, "")), func(a Action) bool { return a.ExDate.After(c.now) })
}

func getAnnouncement(c *call) (answer, error) {
	for _, action := range c.announced() {
		if view := action.announcement(); view["id"] == c.path["id"] {
			return ok(view)
		}
	}
	return answer{}, notFound("corporate action announcement not found for %.40s", c.path["id"])
}
