package sim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

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
	return ok(c.account.view(placed, true))
}

func replaceOrder(c *call) (answer, error) {
	var request wire.ReplaceOrder
	if err := c.decode(&request); err != nil {
		return answer{}, err
	}
	fresh, refused := c.exchange.replace(c.account, c.path["id"], request, c.now)
	if refused != nil {
		return answer{}, refused
	}
	c.dirty = true
	return ok(c.account.view(fresh, true))
}

func getOrder(c *call) (answer, error) {
	return c.found(c.account.byID[c.path["id"]], c.path["id"])
}

func getOrderByClientID(c *call) (answer, error) {
	id := c.query.Get("client_order_id")
	return c.found(c.account.byClientID[id], id)
}

func (c *call) found(o *order, id string) (answer, error) {
	if o == nil {
		return answer{}, notFound("order not found for %.128s", id)
	}
	return ok(c.account.view(o, c.nested()))
}

func (c *call) nested() bool { return strings.EqualFold(c.query.Get("nested"), "true") }

func cancelOrder(c *call) (answer, error) {
	if refused := c.exchange.cancel(c.account, c.path["id"], c.now); refused != nil {
		return answer{}, refused
	}
	c.dirty = true
	return answer{status: http.StatusNoContent}, nil
}

// cancelAllOrders lists every order that was open; what was canceled with another of its group is
// canceled too.
func cancelAllOrders(c *call) (answer, error) {
	canceled := []wire.CanceledOrder{}
	for _, o := range slices.Clone(c.account.open) {
		if o.isOpen() {
			c.exchange.endGroup(c.account, o, statusCanceled, c.now)
		}
		canceled = append(canceled, wire.CanceledOrder{ID: o.ID, Status: http.StatusOK, Body: c.account.view(o, false)})
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
	nested       bool
	symbols      []string
	classes      []string
	side         string
	first, last  int // indexes in the account's orders, last excluded
}

func listOrders(c *call) (answer, error) {
	filter, err := c.orderFilter()
	if err != nil {
		return answer{}, err
	}
	candidates := c.account.Orders[filter.first:filter.last]
	if filter.status == "open" && len(candidates) == len(c.account.Orders) {
		candidates = slices.SortedFunc(slices.Values(c.account.open), func(a, b *order) int { return cmp.Compare(a.Number, b.Number) })
	}
	orders := []wire.Order{}
	for i := range candidates {
		if len(orders) == filter.limit {
			break
		}
		o := candidates[i]
		if !filter.ascending {
			o = candidates[len(candidates)-1-i]
		}
		if filter.takes(o) {
			orders = append(orders, c.account.view(o, filter.nested))
		}
	}
	return ok(orders)
}

func (c *call) orderFilter() (f orderFilter, err error) {
	f = orderFilter{
		status: "open", side: c.query.Get("side"), symbols: c.list("symbols"), classes: c.list("asset_class"),
		nested: c.nested(), last: len(c.account.Orders),
	}
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
	if f.after, f.until, err = c.period("after", "until"); err != nil {
		return f, err
	}
	if f.ascending, err = c.ascending("direction", false); err != nil {
		return f, err
	}
	return f, c.filterByID(&f)
}

// filterByID narrows the filter to the orders before or after one.
func (c *call) filterByID(f *orderFilter) error {
	before, after := c.query.Get("before_order_id"), c.query.Get("after_order_id")
	switch {
	case before == "" && after == "":
		return nil
	case before != "" && after != "":
		return invalidParameter("only one of before_order_id or after_order_id is accepted")
	case !f.after.IsZero() || !f.until.IsZero():
		return invalidParameter("before_order_id and after_order_id cannot be combined with after or until")
	}
	index := slices.IndexFunc(c.account.Orders, func(o *order) bool { return o.ID == before+after })
	switch {
	case index < 0:
		return notFound("order not found for %.128s", before+after)
	case before != "":
		f.last = index
	default:
		f.first = index + 1
	}
	return nil
}

// takes reports whether the order is listed. Rolled-up legs are not listed by themselves, not even
// under status open once their parent has filled: users of Alpaca see nothing then either
// (alpaca-trade-api-js#80 and #87).
func (f orderFilter) takes(o *order) bool {
	return (f.status == "all" || (f.status == "open") == o.isOpen()) &&
		(f.after.IsZero() || o.SubmittedAt.After(f.after)) &&
		(f.until.IsZero() || o.SubmittedAt.Before(f.until)) &&
		(len(f.symbols) == 0 || slices.Contains(f.symbols, o.Symbol)) &&
		(len(f.classes) == 0 || slices.Contains(f.classes, o.AssetClass) || slices.Contains(f.classes, "all")) &&
		(f.side == "" || f.side == o.Side) && (!f.nested || o.Parent == "")
}
