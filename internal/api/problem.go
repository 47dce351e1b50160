package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Problem is the body of every error answer (RFC 9457). error repeats detail for old clients.
type Problem struct {
	Type      string `json:"type" doc:"Always about:blank: the status says the kind"`
	Title     string `json:"title" doc:"The status in words"`
	Status    int    `json:"status"`
	Detail    string `json:"detail" doc:"What happened and what to do, in one sentence or two"`
	Message   string `json:"error" doc:"The same text as detail"`
	Code      string `json:"code,omitempty" enum:"step_up_required,second_factor_required" doc:"For programs: step_up_required means POST /api/auth/step-up first, then the same request again; second_factor_required: the user must set up a second factor first"`
	Full      bool   `json:"full,omitempty" doc:"With step_up_required: the password and a code are asked for where there is a second factor, or a passkey"`
	RequestID string `json:"request_id" doc:"Under this id the server's log has the cause"`

	retryAfter int // seconds; 0: none
}

// statuses is the one table from the kind of a fault to the status of its answer.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.RateLimited:     http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.BrokerRefused:   http.StatusBadGateway,
	fault.BrokerDown:      http.StatusBadGateway,
	fault.StepUp:          http.StatusForbidden,
}

// secondsToWait is the Retry-After of an overloaded server.
const secondsToWait = 5

func newProblem(ctx context.Context, status int, sentence string) *Problem {
	p := &Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: sentence, Message: sentence, RequestID: requestOf(ctx).id,
	}
	if status == http.StatusServiceUnavailable {
		p.retryAfter = secondsToWait
	}
	return p
}

// problemOf turns an error into its answer. The cause goes to the log only.
func problemOf(ctx context.Context, err error) *Problem {
	status := statuses[fault.KindOf(err)]
	if ctx.Err() == context.Canceled {
		status = http.StatusServiceUnavailable // the client is gone or the server stops
	}
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError && ctx.Err() == nil {
		level = slog.LevelError
	}
	requestOf(ctx).logger().Log(ctx, level, "request refused", "status", status, "cause", err)
	problem := newProblem(ctx, status, fault.Public(err))
	if wait := fault.RetryOf(err); wait > 0 {
		problem.retryAfter = wholeSeconds(wait)
	}
	if fault.Is(err, fault.StepUp) {
		problem.Code, problem.Full = "step_up_required", errors.Is(err, auth.ErrProveAgain)
	}
	if errors.Is(err, auth.ErrMustEnroll) {
		problem.Code = "second_factor_required"
	}
	return problem
}

// writeProblem answers with the error outside of an operation.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	problemOf(r.Context(), err).write(w)
}

func (p *Problem) write(w http.ResponseWriter) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may be gone
}

// Error returns the sentence.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the status of the answer.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns Retry-After where waiting helps.
func (p *Problem) GetHeaders() http.Header {
	headers := http.Header{}
	if p.retryAfter > 0 {
		headers.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	return headers
}

// ContentType names the media type of problems.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// useProblems makes huma answer with Problem where it finds a mistake by itself.
var useProblems = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return humaProblem(context.Background(), status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		return humaProblem(ctx.Context(), status, message, errs)
	}
})

// refused is newProblem for what was refused before anything was done; the log keeps the reason.
func refused(ctx context.Context, status int, sentence, reason string) *Problem {
	requestOf(ctx).logger().InfoContext(ctx, "request refused", "status", status, "cause", reason)
	return newProblem(ctx, status, sentence)
}

// humaProblem puts what huma found into one sentence. Values are never repeated: they may be secrets.
func humaProblem(ctx context.Context, status int, message string, errs []error) *Problem {
	problem := inputProblem(ctx, status, message, errs)
	if problem.Status < http.StatusInternalServerError {
		requestOf(ctx).logger().InfoContext(ctx, "request refused", "status", problem.Status, "cause", reasonOf(message, errs))
	}
	return problem
}

func inputProblem(ctx context.Context, status int, message string, errs []error) *Problem {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return newProblem(ctx, status, "The request body may have at most 1 MiB.")
	case status == http.StatusRequestTimeout:
		return newProblem(ctx, status, "The request body took too long to arrive.")
	case message == "cannot read request body":
		return newProblem(ctx, http.StatusBadRequest, "The request body could not be read.")
	case message == "request body is required":
		return newProblem(ctx, http.StatusBadRequest, "The request needs a JSON body.")
	case status == http.StatusUnprocessableEntity || status == http.StatusBadRequest:
		return newProblem(ctx, http.StatusBadRequest, sentenceOf(errs))
	}
	requestOf(ctx).logger().ErrorContext(ctx, "unexpected error", "status", status, "message", message, "cause", errors.Join(errs...))
	return newProblem(ctx, status, fault.Public(nil))
}

// reasonOf is what the log keeps of a mistake: what was expected and where, none of what was sent.
// The names of unknown fields were sent, too.
func reasonOf(message string, errs []error) string {
	var detail *huma.ErrorDetail
	if len(errs) == 0 || !errors.As(errs[0], &detail) {
		return message
	}
	place, _, _ := strings.Cut(detail.Location, ".")
	if strings.HasPrefix(detail.Message, bodySentence) {
		return "malformed body"
	}
	return place + ": " + detail.Message
}

// sentenceOf says the first mistake in words.
func sentenceOf(errs []error) string {
	var detail *huma.ErrorDetail
	if len(errs) == 0 || !errors.As(errs[0], &detail) {
		return "The request is not valid."
	}
	if detail.Location == "body" && strings.HasPrefix(detail.Message, bodySentence) {
		return detail.Message
	}
	place, field, _ := strings.Cut(detail.Location, ".")
	if missing, ok := strings.CutPrefix(detail.Message, "expected required property "); ok {
		missing = strings.TrimSuffix(missing, " to be present")
		return fmt.Sprintf("The field %q is missing.", joinPath(field, missing))
	}
	switch {
	case detail.Message == "unexpected property":
		return fmt.Sprintf("The field %q is not known.", field)
	case place == "query", place == "path":
		return fmt.Sprintf("The parameter %q is not valid: %s.", field, detail.Message)
	case field == "":
		return fmt.Sprintf("The request body is not valid: %s.", detail.Message)
	}
	if want, ok := strings.CutPrefix(detail.Message, "expected "); ok {
		return fmt.Sprintf("The field %q must be: %s.", field, strings.TrimPrefix(want, "value to be "))
	}
	return fmt.Sprintf("The field %q is not valid: %s.", field, detail.Message)
}

func joinPath(parent, child string) string {
	if parent == "" {
		return child
	}
	return parent + "." + child
}
