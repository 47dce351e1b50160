package sim

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// The numbers of Alpaca's order rules (RULES 5).
const (
	quantityDecimals   = 9
	longestClientID    = 128
	largestQuantity    = 1_000_000_000
	shortingMinimum    = 2000 // dollars of equity (Regulation T)
	notionalDecimals   = 2
	extremeExponent    = 30 // beyond it a decimal is nonsense, and costly to compare
	longestSignificand = 60
)

var (
	minimumNotional = decimal.NewFromInt(1)
	shortMarkup     = decimal.RequireFromString("1.03")
)

// checkRequest refuses what is wrong with the request whatever the account holds.
func (e *exchange) checkRequest(a *account, r wire.CreateOrder) (wire.Asset, *refusal) {
	if refused := checkWords(r); refused != nil {
		return wire.Asset{}, refused
	}
	if refused := checkAmount(r); refused != nil {
		return wire.Asset{}, refused
	}
	if len(r.ClientOrderID) > longestClientID {
		return wire.Asset{}, invalidParameter("client_order_id must be no more than %d characters", longestClientID)
	}
	if _, taken := a.byClientID[r.ClientOrderID]; taken {
		return wire.Asset{}, invalidParameter("client_order_id must be unique")
	}
	asset, ok := e.asset(r.Symbol)
	switch {
	case !ok:
		return wire.Asset{}, againstRules("asset %q not found", r.Symbol)
	case fractional(r) && !asset.Fractionable:
		return wire.Asset{}, forbidden("asset %q is not fractionable", r.Symbol)
	case fractional(r) && r.TimeInForce != "day":
		return wire.Asset{}, againstRules("fractional orders must be DAY orders")
	}
	return asset, nil
}

// checkWords refuses words that are unknown, or known to Alpaca but not to the simulator.
func checkWords(r wire.CreateOrder) *refusal {
	switch {
	case r.Symbol == "":
		return invalidParameter("symbol is required")
	case r.Side != sideBuy && r.Side != sideSell:
		return invalidParameter("side must be buy or sell")
	case oneOf(r.Type, "limit stop stop_limit trailing_stop"):
		return againstRules("%s orders are not served by the simulator: use type market", r.Type)
	case r.Type != "market":
		return invalidParameter("type must be market, limit, stop, stop_limit or trailing_stop")
	case r.LimitPrice.Valid || r.StopPrice.Valid:
		return invalidParameter("market orders require no stop or limit price")
	case r.TrailPrice.Valid || r.TrailPercent.Valid:
		return invalidParameter("market orders require no trail price or percent")
	case r.OrderClass != "" && r.OrderClass != "simple":
		return againstRules("%.20s orders are not served by the simulator: use order_class simple", r.OrderClass)
	case oneOf(r.TimeInForce, "opg cls"):
		return againstRules("%s orders are not served by the simulator: use day, gtc, ioc or fok", r.TimeInForce)
	case !oneOf(r.TimeInForce, "day gtc ioc fok"):
		return invalidParameter("time_in_force must be day, gtc, opg, cls, ioc or fok")
	case r.ExtendedHours:
		return againstRules("extended hours order must be DAY or GTC limit orders")
	default:
		return nil
	}
}

func oneOf(word, words string) bool {
	for known := range strings.FieldsSeq(words) {
		if word == known {
			return true
		}
	}
	return false
}

// checkAmount refuses unless there is a sensible quantity or a sensible notional, not both.
func checkAmount(r wire.CreateOrder) *refusal {
	switch {
	case r.Qty.Valid && r.Notional.Valid:
		return invalidParameter("only one of qty or notional is accepted")
	case r.Qty.Valid:
		return checkDecimal("qty", r.Qty.Decimal, quantityDecimals)
	case !r.Notional.Valid:
		return invalidParameter("qty or notional is required")
	}
	if refused := checkDecimal("notional", r.Notional.Decimal, notionalDecimals); refused != nil {
		return refused
	}
	if r.Notional.Decimal.LessThan(minimumNotional) {
		return invalidParameter("notional must be >= 1.00")
	}
	return nil
}

// checkDecimal looks at the size first: arithmetic on 1e999999999 would take all memory.
func checkDecimal(name string, d decimal.Decimal, places int32) *refusal {
	exponent := d.Exponent()
	switch {
	case exponent > extremeExponent || exponent < -extremeExponent || d.NumDigits() > longestSignificand:
		return invalidParameter("%s is out of range", name)
	case !d.IsPositive():
		return invalidParameter("%s must be > 0", name)
	case d.GreaterThan(decimal.NewFromInt(largestQuantity)):
		return invalidParameter("%s is out of range", name)
	case !d.Truncate(places).Equal(d):
		return invalidParameter("%s must be limited to %d decimal places", name, places)
	default:
		return nil
	}
}

func fractional(r wire.CreateOrder) bool {
	return r.Notional.Valid || !r.Qty.Decimal.IsInteger()
}

// checkOpposite refuses an order against an open one of the other side: a market order always
// trades with it (RULES 5.8 and 5.9).
func checkOpposite(a *account, o *order, held decimal.Decimal) *refusal {
	for _, other := range a.open {
		if other.Symbol != o.Symbol || other.Side == o.Side {
			continue
		}
		switch {
		case !held.IsZero():
			return washTrade(other.ID)
		case o.Side == sideSell:
			return forbidden("cannot open a short sell while a long buy order is open")
		default:
			return forbidden("cannot open a long buy while a short sell order is open")
		}
	}
	return nil
}

func checkShort(o *order, account figures, asset wire.Asset) *refusal {
	switch {
	case o.Notional.Valid || !o.Qty.Decimal.IsInteger():
		return againstRules("fractional orders cannot be sold short")
	case !account.shortingEnabled():
		return forbidden("account is not allowed to short")
	case !asset.Shortable || asset.BorrowStatus != "easy_to_borrow":
		return forbidden("asset %q cannot be sold short", asset.Symbol)
	default:
		return nil
	}
}
