package trade

import "errors"

// The errors by which a broker says what became of an order that was sent. Any other error means
// the same as ErrUnknownOutcome: the order may or may not be at the broker.
var (
	ErrOrderExists    = errors.New("an order with this client order id exists already")
	ErrOrderRejected  = errors.New("the broker rejected the order")
	ErrNotAccepted    = errors.New("the broker is rate limiting; the order was not taken")
	ErrUnknownOutcome = errors.New("the broker's answer was lost")
	ErrOrderNotFound  = errors.New("the broker has no such order")
)

var (
	// ErrKeysRefused means that the broker no longer takes the account's keys.
	ErrKeysRefused = errors.New("the broker refuses the account's keys")
	// ErrStopped means that the trading state in force does not allow an order; it was not sent.
	ErrStopped = errors.New("the trading state does not allow the order")
)

// RequestOf is the broker's name of the request that an order was sent with: of the order that it
// made, or of the error that says what became of it. Empty where no answer came.
func RequestOf(order BrokerOrder, err error) string {
	var answer interface{ BrokerRequest() string }
	if errors.As(err, &answer) {
		return answer.BrokerRequest()
	}
	return order.RequestID
}
