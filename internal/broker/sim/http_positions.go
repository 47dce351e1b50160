package sim

import (
	"net/http"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

func listPositions(c *call) (answer, error) {
	positions := []wire.Position{}
	for _, symbol := range c.account.symbols() {
		if view, held := c.exchange.positionView(c.account, symbol, c.now); held {
			positions = append(positions, view)
		}
	}
	return ok(positions)
}

// namedAsset is the asset that a path names: by symbol or id, or as a crypto pair with a slash,
// of which there is none.
func (c *call) namedAsset() string {
	if _, pair := c.path["quote"]; pair {
		return ""
	}
	asset, _ := c.exchange.asset(c.path["asset"])
	return asset.Symbol
}

func getPosition(c *call) (answer, error) {
	view, held := c.exchange.positionView(c.account, c.namedAsset(), c.now)
	if !held {
		return answer{}, notFound("position does not exist")
	}
	return ok(view)
}

// closePosition sells (covers) the position, or qty or percentage of it, at the market.
func closePosition(c *call) (answer, error) {
	held := c.account.held(c.namedAsset())
	if held.IsZero() {
		return answer{}, notFound("position does not exist")
	}
	qty, refused := closingQty(c.query.Get("qty"), c.query.Get("percentage"), held.Abs())
	if refused != nil {
		return answer{}, refused
	}
	o, refused := c.liquidate(c.namedAsset(), qty)
	if refused != nil {
		return answer{}, refused
	}
	return ok(c.account.view(o, true))
}

// closingQty is how much of the holding to close. A percentage of whole shares is rounded down to
// whole shares.
func closingQty(qty, percentage string, held decimal.Decimal) (decimal.Decimal, *refusal) {
	switch {
	case qty != "" && percentage != "":
		return decimal.Decimal{}, invalidParameter("only one of qty or percentage is accepted")
	case qty == "" && percentage == "":
		return held, nil
	}
	name, text := "qty", qty
	if qty == "" {
		name, text = "percentage", percentage
	}
	number, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Decimal{}, invalidParameter("invalid %s: %.40q", name, text)
	}
	if refused := checkDecimal(name, number, quantityDecimals); refused != nil || name == "qty" {
		return number, refused
	}
	if number.GreaterThan(decimal.NewFromInt(100)) {
		return decimal.Decimal{}, invalidParameter("percentage must be between 0 and 100")
	}
	places := int32(quantityDecimals)
	if held.IsInteger() {
		places = 0
	}
	part := held.Mul(number).Shift(-2).Truncate(places)
	if part.IsZero() {
		return decimal.Decimal{}, invalidParameter("qty must be > 0")
	}
	return part, nil
}

func (c *call) liquidate(symbol string, qty decimal.Decimal) (*order, *refusal) {
	side := sideSell
	if c.account.held(symbol).IsNegative() {
		side = sideBuy
	}
	o, refused := c.exchange.place(c.account, wire.CreateOrder{
		Symbol: symbol, Qty: decimal.NewNullDecimal(qty), Side: side, Type: typeMarket, TimeInForce: tifDay,
	}, c.now)
	if refused == nil {
		c.dirty = true
	}
	return o, refused
}

// closeAllPositions closes what is held, after canceling all orders if asked to.
func closeAllPositions(c *call) (answer, error) {
	if c.query.Get("cancel_orders") == "true" {
		for _, o := range slices.Clone(c.account.open) {
			if o.isOpen() {
				c.exchange.endGroup(c.account, o, statusCanceled, c.now)
				c.dirty = true
			}
		}
	}
	results := []wire.ClosedPosition{}
	for _, symbol := range c.account.symbols() {
		o, refused := c.liquidate(symbol, c.account.held(symbol).Abs())
		if refused != nil {
			results = append(results, wire.ClosedPosition{Symbol: symbol, Status: refused.status, Body: refused.body()})
			continue
		}
		results = append(results, wire.ClosedPosition{Symbol: symbol, Status: http.StatusOK, Body: c.account.view(o, false)})
	}
	return answer{http.StatusMultiStatus, results}, nil
}
