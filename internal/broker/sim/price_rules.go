package sim

import (
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// checkPrices refuses unless the order has just the prices that its type needs, in whole ticks.
func checkPrices(r wire.CreateOrder) *refusal {
	limit, stop := r.LimitPrice.Valid, r.StopPrice.Valid
	if r.OrderClass == classOCO && r.TakeProfit != nil && r.TakeProfit.LimitPrice.Valid {
		limit = true // of an OCO the take-profit's limit is the order's
	}
	switch {
	case r.Type == typeMarket && (limit || stop):
		return invalidParameter("market orders require no stop or limit price")
	case r.Type != typeTrailingStop && (r.TrailPrice.Valid || r.TrailPercent.Valid):
		return invalidParameter("%s orders require no trail price or percent", r.Type)
	case r.Type == typeLimit && !limit:
		return invalidParameter("limit orders require a limit price")
	case r.Type == typeLimit && stop:
		return invalidParameter("limit orders require no stop price")
	case r.Type == typeStop && !stop:
		return invalidParameter("stop orders require a stop price")
	case r.Type == typeStop && limit:
		return invalidParameter("stop orders require no limit price")
	case r.Type == typeStopLimit && !(limit && stop):
		return invalidParameter("stop limit orders require both stop and limit price")
	case r.Type == typeTrailingStop && r.TrailPrice.Valid == r.TrailPercent.Valid:
		return invalidParameter("trailing stop orders must specify one of trail_price or trail_percent")
	case r.Type == typeTrailingStop && (limit || stop):
		return invalidParameter("trailing stop orders require no stop or limit price")
	}
	return checkTicks(r)
}

func checkTicks(r wire.CreateOrder) *refusal {
	for _, price := range []struct {
		name, field string
		value       decimal.NullDecimal
	}{
		{"limit price", "limit_price", r.LimitPrice}, {"stop price", "stop_price", r.StopPrice},
	} {
		if refused := checkPrice(price.name, price.field, price.value); refused != nil {
			return refused
		}
	}
	return checkTrail(r.TrailPrice, r.TrailPercent)
}

// checkPrice refuses a price that is not above zero, or finer than a tick (RULES 5.3).
func checkPrice(name, field string, price decimal.NullDecimal) *refusal {
	if !price.Valid {
		return nil
	}
	if refused := checkDecimal(name, price.Decimal, extremeExponent); refused != nil {
		return refused
	}
	if !price.Decimal.Truncate(priceDecimals(price.Decimal)).Equal(price.Decimal) {
		return againstRules("invalid %s %s. sub-penny increment does not fulfill minimum pricing criteria", field, price.Decimal)
	}
	return nil
}

func checkTrail(price, percent decimal.NullDecimal) *refusal {
	if price.Valid {
		return checkPrice("trail price", "trail_price", price)
	}
	if !percent.Valid {
		return nil
	}
	if refused := checkDecimal("trail_percent", percent.Decimal, trailDecimals); refused != nil {
		return refused
	}
	switch {
	case percent.Decimal.LessThan(minimumTrail):
		return invalidParameter("trail_percent must be greater than or equal to 0.1")
	case percent.Decimal.GreaterThanOrEqual(decimal.NewFromInt(100)):
		return invalidParameter("trail_percent must be less than 100")
	default:
		return nil
	}
}

// checkClass refuses a complex order without the legs that its class needs (RULES 5.6).
func checkClass(r wire.CreateOrder) *refusal {
	profit, loss := r.TakeProfit != nil, r.StopLoss != nil
	switch {
	case r.OrderClass == "" || r.OrderClass == "simple":
		if profit || loss {
			return againstRules("simple orders have no take_profit or stop_loss") // the simulator's wording
		}
		return nil
	case r.Type == typeTrailingStop:
		return againstRules("trailing stop orders must be simple orders")
	case r.OrderClass == classBracket && !(profit && loss):
		return againstRules("bracket orders require take_profit.limit_price and stop_loss.stop_price")
	case r.OrderClass == classOTO && profit == loss:
		return againstRules("oto orders require either take_profit.limit_price or stop_loss.stop_price")
	case r.OrderClass == classOCO && !(profit && loss):
		return againstRules("oco orders require take_profit.limit_price and stop_loss.stop_price")
	case r.OrderClass == classOCO && r.Type != typeLimit:
		return againstRules("oco orders must be limit orders")
	}
	return checkLegs(r)
}

func checkLegs(r wire.CreateOrder) *refusal {
	if r.TakeProfit != nil {
		if !r.TakeProfit.LimitPrice.Valid {
			return invalidParameter("take_profit.limit_price is required")
		}
		if refused := checkPrice("take_profit.limit_price", "take_profit.limit_price", r.TakeProfit.LimitPrice); refused != nil {
			return refused
		}
	}
	if r.StopLoss == nil {
		return nil
	}
	if !r.StopLoss.StopPrice.Valid {
		return invalidParameter("stop_loss.stop_price is required")
	}
	if refused := checkPrice("stop_loss.stop_price", "stop_loss.stop_price", r.StopLoss.StopPrice); refused != nil {
		return refused
	}
	return checkPrice("stop_loss.limit_price", "stop_loss.limit_price", r.StopLoss.LimitPrice)
}

var tick = decimal.RequireFromString("0.01")

// checkLegPrices refuses legs on the wrong side of the base price: the entry's limit, for an OCO the
// take-profit's limit, otherwise the current price.
func checkLegPrices(r wire.CreateOrder, current decimal.Decimal) *refusal {
	if r.TakeProfit == nil && r.StopLoss == nil {
		return nil
	}
	base, buys := current, r.Side == sideBuy
	switch {
	case r.OrderClass == classOCO:
		base, buys = r.TakeProfit.LimitPrice.Decimal, r.Side == sideSell
	case r.LimitPrice.Valid:
		base = r.LimitPrice.Decimal
	case r.StopPrice.Valid:
		base = r.StopPrice.Decimal
	}
	above, below := base.Add(tick), base.Sub(tick)
	if r.TakeProfit != nil && r.OrderClass != classOCO {
		profit := r.TakeProfit.LimitPrice.Decimal
		switch {
		case buys && profit.LessThan(above):
			return beyondBase(base, "take_profit.limit_price must be >= base_price + 0.01")
		case !buys && profit.GreaterThan(below):
			return beyondBase(base, "take_profit.limit_price must be <= base_price - 0.01")
		}
	}
	if r.StopLoss != nil {
		stop := r.StopLoss.StopPrice.Decimal
		switch {
		case buys && stop.GreaterThan(below):
			return beyondBase(base, "stop_loss.stop_price must be <= base_price - 0.01")
		case !buys && stop.LessThan(above):
			return beyondBase(base, "stop_loss.stop_price must be >= base_price + 0.01")
		}
	}
	return nil
}

func beyondBase(base decimal.Decimal, message string) *refusal {
	r := againstRules("%s", message)
	r.extra = map[string]any{"base_price": base}
	return r
}
