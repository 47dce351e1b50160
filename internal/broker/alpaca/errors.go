package alpaca

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// codeInvalidParameter is Alpaca's code for parameter validation; a repeated client order id
// answers HTTP 422 with it (RULES 4 and 5.1).
const codeInvalidParameter = 40010001

// readError gives the error of a read its kind and sentence. Judged by the HTTP status, because
// the SDK loses it when the body is not JSON.
func readError(ctx context.Context, seen exchange, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	err = answered(seen, err)
	switch {
	case seen.status == http.StatusUnauthorized || seen.status == http.StatusForbidden:
		return fault.Because(err, fault.BrokerRefused,
			"Alpaca refused the request (%s). Check the account's keys, and that paper keys are used for a paper account.", brokerText(err, seen))
	case seen.status == http.StatusNotFound:
		return fault.Because(err, fault.NotFound, "Alpaca does not know it: %s.", brokerText(err, seen))
	case seen.status == http.StatusTooManyRequests:
		return fault.Because(err, fault.BrokerDown, "Alpaca is limiting our requests. Try again in a minute.")
	case seen.status >= 400 && seen.status < 500:
		return fault.Because(err, fault.BrokerRefused, "Alpaca refused the request: %s.", brokerText(err, seen))
	case seen.status == 0:
		return fault.Because(err, fault.BrokerDown, "Alpaca could not be reached. Check the network and the broker address, then try again.")
	default:
		return fault.Because(err, fault.BrokerDown, "Alpaca's answer could not be used (HTTP %d). Try again in a minute.", seen.status)
	}
}

// tradingError is readError for the Trading API, which answers 401 and 403 to a read when it does
// not take the keys (RULES 4). Market data answers 403 also for what a plan does not include.
func tradingError(ctx context.Context, seen exchange, err error) error {
	err = readError(ctx, seen, err)
	if err != nil && (seen.status == http.StatusUnauthorized || seen.status == http.StatusForbidden) {
		return fault.Because(fmt.Errorf("%w: %w", trade.ErrKeysRefused, err), fault.BrokerRefused, "%s", fault.Public(err))
	}
	return err
}

// submitError says what became of an order, by the table in docs/ARCHITECTURE.md ("How one order
// travels"): refused for certain, there already, not taken, or unknown.
func submitError(seen exchange, err error) error {
	text := brokerText(err, seen)
	err = answered(seen, err)
	switch {
	case seen.notSent:
		return fmt.Errorf("%w: not sent: %w", trade.ErrNotAccepted, err)
	case seen.status == http.StatusUnprocessableEntity && duplicateID(err):
		return fmt.Errorf("%w: %w", trade.ErrOrderExists, err)
	case seen.status == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", trade.ErrNotAccepted, err)
	case seen.status == http.StatusRequestTimeout || seen.status == http.StatusUnprocessableEntity && !readable(err):
		return fmt.Errorf("%w: %w", trade.ErrUnknownOutcome, err)
	case seen.status == http.StatusUnauthorized:
		return &Rejection{Text: text, RequestID: seen.requestID, cause: fmt.Errorf("%w: %w", trade.ErrKeysRefused, err)}
	case seen.status >= 400 && seen.status < 500:
		return &Rejection{Text: text, RequestID: seen.requestID, cause: err}
	default:
		return fmt.Errorf("%w: %w", trade.ErrUnknownOutcome, err)
	}
}

// Rejection is the broker's certain refusal of an order, in its own words.
type Rejection struct {
	Text      string
	RequestID string
	cause     error
}

// Error returns the broker's words.
func (r *Rejection) Error() string { return r.Text }

// Unwrap makes a Rejection an trade.ErrOrderRejected, and an Error.
func (r *Rejection) Unwrap() []error { return []error{trade.ErrOrderRejected, r.cause} }

// Error is Alpaca's answer when it is not a success. The request id is what Alpaca's support asks
// for; it cannot be looked up later.
type Error struct {
	Status    int // of HTTP; 0: there was no answer
	Code      int // Alpaca's eight digits; 0: none
	Message   string
	RequestID string
	cause     error
}

// answered wraps what the SDK made of an answer.
func answered(seen exchange, err error) error {
	wrapped := &Error{Status: seen.status, RequestID: seen.requestID, cause: err}
	var answer *sdk.APIError
	if errors.As(err, &answer) {
		wrapped.Code, wrapped.Message = answer.Code, answer.Message
	}
	return wrapped
}

// Error says the broker's words, or what went wrong, and the request id.
func (e *Error) Error() string {
	text := e.Message
	if text == "" {
		text = e.cause.Error()
	}
	if e.RequestID == "" {
		return text
	}
	return text + " (request id " + e.RequestID + ")"
}

// BrokerRequest returns the request id; see trade.RequestOf.
func (e *Error) BrokerRequest() string { return e.RequestID }

// Unwrap returns what the SDK said.
func (e *Error) Unwrap() error { return e.cause }

// duplicateID recognises the refusal of a repeated client order id. The code is shared with other
// refusals, so the text decides, in any of its known spellings.
func duplicateID(err error) bool {
	var answer *sdk.APIError
	if !errors.As(err, &answer) || answer.Code != codeInvalidParameter {
		return false
	}
	text := strings.ReplaceAll(strings.ToLower(answer.Message), "_", " ")
	return strings.Contains(text, "client order id") && strings.Contains(text, "unique")
}

// readable reports whether the broker's words came with the answer. Without them nobody knows
// whether a 422 meant that the order is there already.
func readable(err error) bool {
	var answer *sdk.APIError
	return errors.As(err, &answer) && answer.Message != ""
}

// brokerText is the broker's own sentence, or the status where there is none (an HTML page).
func brokerText(err error, seen exchange) string {
	var answer *sdk.APIError
	if errors.As(err, &answer) && answer.Message != "" {
		return strings.TrimRight(answer.Message, ".")
	}
	return fmt.Sprintf("HTTP %d", seen.status)
}
