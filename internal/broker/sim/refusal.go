package sim

import (
	"fmt"
	"maps"
	"net/http"

	"github.com/shopspring/decimal"
)

// Alpaca's codes, as collected in the project's broker reference. A code's prefix need not agree
// with the HTTP status.
const (
	codeUndecodable = 40010000
	codeParameter   = 40010001
	codeForbidden   = 40310000
	codeNotFound    = 40410000
	codeBusiness    = 42210000
	codeTooMany     = 42910000
	codeInternal    = 50010000
	codeTimeout     = 50410000
)

// refusal is an answer other than success: HTTP status, code, message and what Alpaca adds.
type refusal struct {
	status  int
	code    int // 0: none
	message string
	extra   map[string]any
}

func (r *refusal) Error() string { return r.message }

// body is the JSON object that Alpaca would send.
func (r *refusal) body() map[string]any {
	body := map[string]any{"message": r.message}
	if r.code != 0 {
		body["code"] = r.code
	}
	maps.Copy(body, r.extra)
	return body
}

func invalidParameter(format string, args ...any) *refusal {
	return &refusal{status: http.StatusUnprocessableEntity, code: codeParameter, message: fmt.Sprintf(format, args...)}
}

func againstRules(format string, args ...any) *refusal {
	return &refusal{status: http.StatusUnprocessableEntity, code: codeBusiness, message: fmt.Sprintf(format, args...)}
}

func forbidden(format string, args ...any) *refusal {
	return &refusal{status: http.StatusForbidden, code: codeForbidden, message: fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) *refusal {
	return &refusal{status: http.StatusNotFound, code: codeNotFound, message: fmt.Sprintf(format, args...)}
}

// badData is a refusal of the market data API, which sends a message only.
func badData(format string, args ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, message: fmt.Sprintf(format, args...)}
}

// tooManyRequests is a refusal in the words of the host that serves the path.
func tooManyRequests(path string) *refusal {
	if isMarketData(path) {
		return &refusal{status: http.StatusTooManyRequests, message: "too many requests."}
	}
	return &refusal{status: http.StatusTooManyRequests, code: codeTooMany, message: "rate limit exceeded"}
}

func unauthorized() *refusal {
	return &refusal{status: http.StatusUnauthorized, message: "unauthorized."}
}

func notEnoughBuyingPower(available, cost decimal.Decimal) *refusal {
	r := forbidden("insufficient buying power")
	r.extra = map[string]any{"buying_power": available, "cost_basis": cost}
	return r
}

// notEnoughShares refuses an order that would close more than is held and not promised already.
func notEnoughShares(symbol string, requested, existing, held decimal.Decimal, related []string) *refusal {
	available := existing.Sub(held)
	r := forbidden("insufficient qty available for order (requested: %s, available: %s)", requested, available)
	r.extra = map[string]any{"available": available, "existing_qty": existing, "held_for_orders": held, "symbol": symbol}
	if len(related) > 0 {
		r.extra["related_orders"] = related
	}
	return r
}

func washTrade(existing, reason string) *refusal {
	r := forbidden("potential wash trade detected. use complex orders")
	r.extra = map[string]any{"existing_order_id": existing, "reject_reason": reason}
	return r
}
