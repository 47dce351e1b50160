package alpaca

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// maxAnswer bounds one answer; 10,000 bars are about 1.5 MB.
const maxAnswer = 32 << 20

// exchange is what one call learnt about its last request.
type exchange struct {
	status    int    // HTTP status, 0 when there was no answer
	requestID string // X-Request-ID, which Alpaca's support asks for
	notSent   bool   // no connection was made, so the broker cannot have acted
}

// callTransport carries one call's context into the SDK's requests and remembers the answer.
type callTransport struct {
	ctx    context.Context //nolint:containedctx // the SDK's methods take none
	client *Client
	use    use
	query  string // added to the request's, for what the SDK cannot ask
	seen   exchange
}

// readPauses are the waits before a read is asked again after 429, 5xx or a broken connection.
var readPauses = []time.Duration{200 * time.Millisecond, 800 * time.Millisecond}

// RoundTrip sends the request under the call's context. Only GET is ever sent again.
func (t *callTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		response, err := t.once(request)
		again := request.Method == http.MethodGet && attempt < len(readPauses) && worthAsking(response, err)
		if !again || !pause(t.ctx, readPauses[attempt]) {
			return response, err
		}
		if response != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer))
			_ = response.Body.Close()
		}
	}
}

func (t *callTransport) once(request *http.Request) (*http.Response, error) {
	if err := t.client.shared.budget.wait(t.ctx, t.use); err != nil {
		t.seen = exchange{status: http.StatusTooManyRequests, notSent: true}
		return nil, err
	}
	response, err := t.client.config.Transport.RoundTrip(t.sent(request))
	if err != nil {
		t.seen = exchange{notSent: isDialError(err)}
		return nil, err
	}
	t.seen = exchange{status: response.StatusCode, requestID: response.Header.Get("X-Request-ID")}
	if response.StatusCode == http.StatusTooManyRequests {
		t.client.shared.budget.refused(response)
	}
	response.Body = boundedBody{io.LimitReader(response.Body, maxAnswer), response.Body}
	return response, nil
}

// sent is the request under the call's context, with the account's keys and its own part of the query.
func (t *callTransport) sent(request *http.Request) *http.Request {
	sent := request.Clone(t.ctx)
	t.client.sign(sent.Header)
	if t.query != "" {
		sent.URL.RawQuery = strings.TrimPrefix(sent.URL.RawQuery+"&"+t.query, "&")
	}
	return sent
}

func worthAsking(response *http.Response, err error) bool {
	if err != nil {
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, errBudget)
	}
	return response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError
}

// isDialError reports whether the connection itself could not be made.
func isDialError(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && operation.Op == "dial"
}

// pause waits, or returns false when the context ends first.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

type boundedBody struct {
	io.Reader
	io.Closer
}
