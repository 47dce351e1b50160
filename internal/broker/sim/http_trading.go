package sim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

func getAccount(c *call) (answer, error) { return ok(c.exchange.accountView(c.account, c.now)) }

func getHistory(c *call) (answer, error) {
	q, refused := parseHistory(c.query.Get("period"), c.query.Get("timeframe"), c.now)
	if refused != nil {
		return answer{}, refused
	}
	return ok(c.exchange.history(c.account, q, c.now))
}

func listPositions(c *call) (answer, error) {
	positions := []wire.Position{}
	for _, symbol := range c.account.symbols() {
		if view, held := c.exchange.positionView(c.account, symbol, c.now); held {
			positions = append(positions, view)
		}
	}
	return ok(positions)
}

func getPosition(c *call) (answer, error) {
	asset, _ := c.exchange.asset(c.path["asset"])
	view, held := c.exchange.positionView(c.account, asset.Symbol, c.now)
	if !held {
		return answer{}, notFound("position does not exist")
	}
	return ok(view)
}

// createOrder answers with the order as it was taken; a fill at this very moment is seen by
// asking again, as at Alpaca.
func createOrder(c *call) (answer, error) {
	var request wire.CreateOrder
	if err := c.decode(&request); err != nil {
		return answer{}, err
	}
	placed, refused := c.exchange.place(c.account, request, c.now)
	if refused != nil {
		return answer{}, refused
	}
	c.dirty = true
	return ok(placed.Order)
}

func getOrder(c *call) (answer, error) {
	return found(c.account.byID[c.path["id"]], c.path["id"])
}

func getOrderByClientID(c *call) (answer, error) {
	id := c.query.Get("client_order_id")
	return found(c.account.byClientID[id], id)
}

func found(o *order, id string) (answer, error) {
	if o == nil {
		return answer{}, notFound("order not found for %.128s", id)
	}
	return ok(o.Order)
}

func cancelOrder(c *call) (answer, error) {
	if refused := c.exchange.cancel(c.account, c.path["id"], c.now); refused != nil {
		return answer{}, refused
	}
	c.dirty = true
	return answer{status: http.StatusNoContent}, nil
}

func cancelAllOrders(c *call) (answer, error) {
	canceled := []wire.CanceledOrder{}
	for _, o := range slices.Clone(c.account.open) {
		if refused := c.exchange.cancel(c.account, o.ID, c.now); refused != nil {
			return answer{}, refused
		}
		canceled = append(canceled, wire.CanceledOrder{ID: o.ID, Status: http.StatusOK, Body: o.Order})
	}
	c.dirty = len(canceled) > 0
	return answer{http.StatusMultiStatus, canceled}, nil
}

// orderFilter is what a list of orders is asked for.
type orderFilter struct {
	status       string
	limit        int
	after, until time.Time // exclusive, on submitted_at; zero: open
	ascending    bool
	symbols      []string
	side         string
}

func listOrders(c *call) (answer, error) {
	filter, err := c.orderFilter()
	if err != nil {
		return answer{}, err
	}
	orders := []wire.Order{}
	for i := range c.account.Orders {
		if !filter.ascending {
			i = len(c.account.Orders) - 1 - i
		}
		if o := c.account.Orders[i]; filter.takes(o) && len(orders) < filter.limit {
			orders = append(orders, o.Order)
		}
	}
	return ok(orders)
}

func (c *call) orderFilter() (f orderFilter, err error) {
	f = orderFilter{status: "open", side: c.query.Get("side"), symbols: c.list("symbols")}
	if text := c.query.Get("status"); text != "" {
		f.status = text
	}
	if !oneOf(f.status, "open closed all") {
		return f, invalidParameter("status must be open, closed or all")
	}
	if f.side != "" && f.side != sideBuy && f.side != sideSell {
		return f, invalidParameter("side must be buy or sell")
	}
	if f.limit, err = c.limit("limit", 50, 500); err != nil {
		return f, err
	}
	if f.after, err = c.moment("after"); err != nil {
		return f, err
	}
	if f.until, err = c.moment("until"); err != nil {
		return f, err
	}
	f.ascending, err = c.ascending("direction", false)
	return f, err
}

func (f orderFilter) takes(o *order) bool {
	return (f.status == "all" || (f.status == "open") == o.isOpen()) &&
		(f.after.IsZero() || o.SubmittedAt.After(f.after)) &&
		(f.until.IsZero() || o.SubmittedAt.Before(f.until)) &&
		(len(f.symbols) == 0 || slices.Contains(f.symbols, o.Symbol)) &&
		(f.side == "" || f.side == o.Side)
}

// listActivities serves executions, the only activities there are.
func listActivities(c *call) (answer, error) {
	kinds := c.list("activity_types")
	if kind, ok := c.path["type"]; ok {
		kinds = []string{kind}
	}
	limit, err := c.limit("page_size", 100, 100)
	if err != nil {
		return answer{}, err
	}
	ascending, err := c.ascending("direction", false)
	if err != nil {
		return answer{}, err
	}
	fills, err := c.fills()
	if err != nil {
		return answer{}, err
	}
	if len(kinds) > 0 && !slices.Contains(kinds, "FILL") || c.query.Get("category") == "non_trade_activity" {
		fills = nil
	}
	if !ascending {
		slices.Reverse(fills)
	}
	fills = afterToken(fills, c.query.Get("page_token"))
	page := []wire.FillActivity{}
	for _, f := range fills[:min(limit, len(fills))] {
		page = append(page, fillView(f))
	}
	return ok(page)
}

// fills returns the account's executions in the asked time and of the asked order, oldest first.
// after includes its own moment: here an order may fill at the moment of its submission.
func (c *call) fills() ([]fill, error) {
	after, err := c.moment("after")
	if err != nil {
		return nil, err
	}
	until, err := c.moment("until")
	if err != nil {
		return nil, err
	}
	day, err := c.moment("date")
	if err != nil {
		return nil, err
	}
	var taken []fill
	for _, f := range c.account.Fills {
		if !f.At.Before(after) && (until.IsZero() || f.At.Before(until)) &&
			(day.IsZero() || market.Day(f.At).Equal(market.Day(day))) &&
			(c.query.Get("order_id") == "" || c.query.Get("order_id") == f.OrderID) {
			taken = append(taken, f)
		}
	}
	return taken, nil
}

// afterToken leaves out everything up to the activity with the id.
func afterToken(fills []fill, token string) []fill {
	if token == "" {
		return fills
	}
	index := slices.IndexFunc(fills, func(f fill) bool { return f.ID == token })
	return fills[index+1:]
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
	text := c.query.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, market.NewYork)
	if err != nil {
		return time.Time{}, invalidParameter("invalid %s: use RFC 3339 or YYYY-MM-DD", name)
	}
	return day, nil
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
