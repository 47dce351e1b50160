package sim

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/market"
)

// group is the name of the array that shows the action, and of its type in a request.
func (a Action) group() (array, kind string) {
	switch {
	case a.Kind == actionDividend:
		return "cash_dividends", "cash_dividend"
	case a.Kind == actionSpinOff:
		return "spin_offs", "spin_off"
	case a.Amount.LessThan(decimal.NewFromInt(1)):
		return "reverse_splits", "reverse_split"
	default:
		return "forward_splits", "forward_split"
	}
}

// view is the action as Alpaca shows it. Dates other than the ex-date are the ex-date: the file
// does not know them. Identifiers are derived from the symbol and the date.
func (a Action) view() map[string]any {
	day := a.ExDate.Format(time.DateOnly)
	sum := sha256.Sum256([]byte("action " + a.Symbol + day + a.Kind))
	view := map[string]any{
		"id": uuid.UUID(sum[:16]).String(), "symbol": a.Symbol, "ex_date": day, "process_date": day,
		"record_date": day, "payable_date": day,
	}
	switch array, _ := a.group(); array {
	case "cash_dividends":
		view["cusip"], view["rate"], view["special"], view["foreign"] = cusip(a.Symbol), a.Amount.InexactFloat64(), false, false
	case "spin_offs":
		delete(view, "symbol")
		view["source_symbol"], view["source_cusip"], view["source_rate"] = a.Symbol, cusip(a.Symbol), 1
		view["new_symbol"], view["new_cusip"], view["new_rate"] = a.Symbol+".SPUN", cusip(a.Symbol+".SPUN"), a.Amount.InexactFloat64()
	case "reverse_splits":
		view["old_cusip"], view["new_cusip"] = cusip(a.Symbol), cusip(a.Symbol+day)
		view["old_rate"], view["new_rate"] = decimal.NewFromInt(1).DivRound(a.Amount, 6).InexactFloat64(), 1
	default:
		view["cusip"], view["old_rate"], view["new_rate"] = cusip(a.Symbol), 1, a.Amount.InexactFloat64()
	}
	return view
}

// cusip invents nine characters for a symbol.
func cusip(symbol string) string {
	sum := sha256.Sum256([]byte("cusip " + symbol))
	return base32.StdEncoding.EncodeToString(sum[:])[:9]
}

// actionTypes are the words of the parameter types. The market has four of them.
const actionTypes = "reverse_split forward_split unit_split stock_dividend cash_dividend spin_off cash_merger stock_merger " +
	"stock_and_cash_merger redemption name_change worthless_removal rights_distribution contract_adjustment partial_call"

func listCorporateActions(c *call) (answer, error) {
	asked, err := c.actionSpan()
	if err != nil {
		return answer{}, err
	}
	symbols, kinds, ids, cusips := c.list("symbols"), c.list("types"), c.list("ids"), c.list("cusips")
	for _, kind := range kinds {
		if !oneOf(kind, actionTypes) {
			return answer{}, badData("invalid corporate action type: %.40s", kind)
		}
	}
	groups, count, token := map[string][]any{}, 0, c.query.Get("page_token")
	var next *string
	for _, action := range asked.actions {
		array, kind := action.group()
		view := action.view()
		id := view["id"].(string)
		fits := (len(symbols) == 0 || slices.Contains(symbols, action.Symbol)) && (len(kinds) == 0 || slices.Contains(kinds, kind)) &&
			(len(ids) == 0 || slices.Contains(ids, id)) && (len(cusips) == 0 || slices.Contains(cusips, cusip(action.Symbol)))
		if !fits {
			continue
		}
		if token != "" {
			if token != id {
				continue
			}
			token = ""
		}
		if count == asked.limit {
			next = &id
			break
		}
		groups[array] = append(groups[array], view)
		count++
	}
	return ok(map[string]any{"corporate_actions": groups, "next_page_token": next})
}

// actionSpan is which actions a request is about.
type actionSpan struct {
	actions []Action // in the asked order
	limit   int
}

// actionSpan reads start, end (today when not given), limit and sort.
func (c *call) actionSpan() (s actionSpan, err error) {
	start, end, periodErr := c.period("start", "end")
	limit, limitErr := c.limit("limit", 100, 1000)
	ascending, sortErr := c.ascending("sort", true)
	for _, err := range []error{periodErr, limitErr, sortErr} {
		if err != nil {
			return s, badData("%s", err)
		}
	}
	if start.IsZero() && c.query.Get("ids") == "" {
		start = market.Day(c.now)
	}
	if end.IsZero() {
		end = market.Day(c.now)
	}
	s.limit = limit
	for _, action := range actionsOf(c.config.Market, "") {
		if !action.ExDate.Before(start) && !action.ExDate.After(end) {
			s.actions = append(s.actions, action)
		}
	}
	if !ascending {
		slices.Reverse(s.actions)
	}
	return s, nil
}
