package sim

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// The numbers of Alpaca's order rules (RULES 5).
const (
	quantityDecimals   = 9
	longestClientID    = 128
	largestQuantity    = 1_000_000_000
	shortingMinimum    = 2000 // dollars of equity (Regulation T)
	notionalDecimals   = 2
	trailDecimals      = 4
	extremeExponent    = 30 // beyond it a decimal is nonsense, and costly to compare
	longestSignificand = 60
)

var (
	minimumNotional = decimal.NewFromInt(1)
	minimumTrail    = decimal.RequireFromString("0.1") // percent
	shortMarkup     = decimal.RequireFromString("1.03")
)

// checkRequest refuses what is wrong with the request whatever the account holds.
func (e *exchange) checkRequest(a *account, r wire.CreateOrder, now time.Time) (wire.Asset, *refusal) {
	for _, check := range []func(wire.CreateOrder) *refusal{
		checkWords, checkAmount, checkPrices, checkClass, checkTimeInForce,
	} {
		if refused := check(r); refused != nil {
			return wire.Asset{}, refused
		}
	}
	if refused := a.checkClientID(r.ClientOrderID); refused != nil {
		return wire.Asset{}, refused
	}
	asset, ok := e.asset(r.Symbol)
	switch {
	case !ok:
		return wire.Asset{}, againstRules("asset %q not found", r.Symbol)
	case asset.Status != "active":
		return wire.Asset{}, invalidParameter("asset %s is not active", r.Symbol)
	case !asset.Tradable:
		return wire.Asset{}, againstRules("asset %q is not tradable", r.Symbol)
	case fractional(r) && !asset.Fractionable:
		return wire.Asset{}, forbidden("asset %q is not fractionable", r.Symbol)
	case fractional(r) && !a.Settings.FractionalTrading:
		return wire.Asset{}, forbidden("fractional trading is disabled for this account")
	}
	return asset, checkAuctionWindow(r.TimeInForce, now)
}

// checkClientID keeps client order ids unique for all orders of the account, however old. Alpaca
// does not say how far back its uniqueness goes (RULES 5.1).
func (a *account) checkClientID(id string) *refusal {
	if len(id) > longestClientID {
		return invalidParameter("client_order_id must be no more than %d characters", longestClientID)
	}
	if _, taken := a.byClientID[id]; taken || id != "" && a.UsedIDs.has(id) {
		return invalidParameter("client_order_id must be unique")
	}
	return nil
}

// checkWords refuses words that are unknown.
func checkWords(r wire.CreateOrder) *refusal {
	switch {
	case r.OrderClass == "mleg":
		return forbidden("account not eligible to trade options") // the simulator's wording
	case r.Symbol == "":
		return invalidParameter("symbol is required")
	case r.Side != sideBuy && r.Side != sideSell:
		return invalidParameter("side must be buy or sell")
	case !oneOf(r.Type, "market limit stop stop_limit trailing_stop"):
		return invalidParameter("type must be market, limit, stop, stop_limit or trailing_stop")
	case !oneOf(r.TimeInForce, "day gtc opg cls ioc fok"):
		return invalidParameter("time_in_force must be day, gtc, opg, cls, ioc or fok")
	case !oneOf(r.OrderClass, "simple bracket oco oto") && r.OrderClass != "":
		return invalidParameter("order_class must be simple, bracket, oco or oto")
	case r.PositionIntent != "" && !oneOf(r.PositionIntent, "buy_to_open buy_to_close sell_to_open sell_to_close"):
		return invalidParameter("invalid position_intent: %.20s", r.PositionIntent)
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

// checkTimeInForce refuses times in force that the order's kind does not have (RULES 5.2, 5.4 to 5.6).
func checkTimeInForce(r wire.CreateOrder) *refusal {
	group := r.OrderClass != "" && r.OrderClass != "simple"
	lasting := r.TimeInForce == tifDay || r.TimeInForce == tifGTC
	switch {
	case fractional(r) && group:
		return againstRules("fractional orders must be simple orders")
	case fractional(r) && r.Type == typeTrailingStop:
		return againstRules("fractional orders must be market, limit, stop, or stop_limit orders")
	case fractional(r) && r.TimeInForce != tifDay:
		return againstRules("fractional orders must be DAY orders")
	case r.ExtendedHours && oneOf(r.Type, "stop stop_limit trailing_stop"):
		return againstRules("stop orders are not eligible for extended hours trading")
	case r.ExtendedHours && (r.Type != typeLimit || !lasting || group):
		return againstRules("extended hours order must be DAY or GTC limit orders")
	case oneOf(r.TimeInForce, "opg cls") && r.Type != typeMarket && r.Type != typeLimit:
		return againstRules("%s orders must be market or limit orders", r.TimeInForce)
	case r.Type == typeTrailingStop && !lasting:
		return againstRules("trailing stop orders must be DAY or GTC orders")
	case group && !lasting:
		return againstRules("%s orders must be DAY or GTC orders", r.OrderClass)
	default:
		return nil
	}
}

// The times of a trading day at which orders for the auctions are refused (RULES 5.4): from shortly
// before the auction until the evening. For the close of half days no time is documented: the same
// ten minutes are kept.
const (
	auctionsFrom  = 19 * time.Hour
	beforeOpening = 2 * time.Minute
	beforeClosing = 10 * time.Minute
)

func checkAuctionWindow(timeInForce string, now time.Time) *refusal {
	session, ok := market.SessionOn(now)
	evening := market.Day(now).Add(auctionsFrom)
	if !ok || !now.Before(evening) {
		return nil
	}
	switch {
	case timeInForce == tifOPG && !now.Before(session.Open.Add(-beforeOpening)):
		return forbidden("opg orders must be submitted after 7:00pm and before 9:28am")
	case timeInForce == tifCLS && !now.Before(session.Close.Add(-beforeClosing)):
		return forbidden("cls orders must be submitted after 7:00pm and before 3:55pm")
	default:
		return nil
	}
}
