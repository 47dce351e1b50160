// Package fault gives every error a kind and a sentence that may be shown.
//
// An error is made with its kind where its meaning is known and wrapped with
// fmt.Errorf("verb noun: %w") elsewhere. The public sentence says what happened and what to
// do; the cause never leaves the process except to the log.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind classifies an error by what its receiver can do about it.
type Kind int

// The closed list of kinds. The api package maps each to one HTTP status.
const (
	Internal        Kind = iota // our own mistake or an unforeseen state
	Invalid                     // the request itself is wrong
	Unauthenticated             // nobody is signed in, or the credentials are wrong
	Forbidden                   // signed in, but not allowed
	NotFound                    // the thing does not exist, or not for this user
	Conflict                    // it exists already, or changed meanwhile
	RateLimited                 // too many requests; try later
	Unavailable                 // something we depend on does not answer (database, overloaded)
	BrokerRefused               // the broker answered and refused (keys, rules)
	BrokerDown                  // the broker did not answer, or answered nonsense
	StepUp                      // signed in and allowed, but a factor must be shown again first
)

// Error is an error with a kind and a public sentence.
type Error struct {
	Kind   Kind
	Public string // shown to the user; never holds secrets or internals
	Cause  error  // for the log only; may be nil
	// Retry is how long to wait before trying again; zero: not known.
	Retry time.Duration
}

// Error returns the public sentence and the cause, for logs.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Public
	}
	return e.Public + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New makes an error of the kind with a public sentence.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Public: fmt.Sprintf(format, args...)}
}

// Later makes an error of kind RateLimited that passes after the wait.
func Later(wait time.Duration, format string, args ...any) *Error {
	return &Error{Kind: RateLimited, Public: fmt.Sprintf(format, args...), Retry: wait}
}

// RetryOf returns how long to wait before trying again; zero when err does not say.
func RetryOf(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.Retry
	}
	return 0
}

// Because makes an error of the kind with a public sentence and a cause that stays in the log.
func Because(cause error, kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Public: fmt.Sprintf(format, args...), Cause: cause}
}

// KindOf returns the kind of the outermost fault in err's chain, Internal when there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Public returns the sentence to show for err: the outermost fault's, or a general one.
func Public(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Public
	}
	return "Something went wrong on our side. Nothing more is known here; the server's log has the cause."
}

// Is reports whether err is a fault of the kind.
func Is(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}
