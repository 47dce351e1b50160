package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// inProcess is an http.RoundTripper that calls a handler in this process: no port is open, and no
// other program can reach it. An answer that the handler flushes is a stream from then on.
type inProcess struct{ handler http.Handler }

// RoundTrip serves the request. A handler that fails in the middle ends the connection.
func (t inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	ctx, leave := context.WithCancel(request.Context())
	received := request.Clone(ctx)
	if received.Body == nil {
		received.Body = http.NoBody
	}
	defer received.Body.Close() // this one: a handler may put another in its place, and still run when the client has left
	received.RequestURI, received.RemoteAddr = request.URL.RequestURI(), "in-process"
	answer := &inProcessAnswer{header: http.Header{}, begun: make(chan struct{})}
	go answer.serve(t.handler, received)
	select {
	case <-answer.begun:
	case <-ctx.Done():
		leave()
		return nil, request.Context().Err()
	}
	if answer.failed != nil {
		leave()
		return nil, answer.failed
	}
	return answer.response(request, leave), nil
}

// inProcessAnswer is the http.ResponseWriter of one request. Until it begins it collects; after
// that, which is at the first flush or at the end, it writes through a pipe.
type inProcessAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
	once   sync.Once
	begun  chan struct{} // closed when status, header and the beginning of the body are known
	sent   http.Header   // what the header was then
	failed error         // the handler ended before that without an answer
	rest   *io.PipeReader
	pipe   *io.PipeWriter // nil until a flush
}

func (a *inProcessAnswer) serve(handler http.Handler, request *http.Request) {
	defer func() {
		err := abandoned(recover())
		if a.pipe != nil {
			_ = a.pipe.CloseWithError(err) // nil: the end of the body
		}
		a.once.Do(func() { a.begin(err) })
	}()
	handler.ServeHTTP(a, request)
}

// abandoned is the error of a connection whose handler has panicked; nil when it has not.
func abandoned(mistake any) error {
	err, isError := mistake.(error)
	switch {
	case mistake == nil:
		return nil
	case isError && errors.Is(err, http.ErrAbortHandler):
		return io.ErrUnexpectedEOF
	default:
		return fmt.Errorf("panic: %v", mistake)
	}
}

func (a *inProcessAnswer) begin(failed error) {
	a.WriteHeader(http.StatusOK)
	a.sent, a.failed = a.header.Clone(), failed
	close(a.begun)
}

func (a *inProcessAnswer) response(request *http.Request, leave context.CancelFunc) *http.Response {
	length, body := int64(a.body.Len()), io.Reader(&a.body)
	if a.rest != nil {
		length, body = -1, io.MultiReader(&a.body, a.rest)
	}
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.sent, Body: inProcessBody{body, a.rest, leave}, ContentLength: length, Request: request,
	}
}

// Header is sent with the beginning of the answer.
func (a *inProcessAnswer) Header() http.Header { return a.header }

// WriteHeader keeps the first status.
func (a *inProcessAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write waits for the reader once the answer has begun.
func (a *inProcessAnswer) Write(content []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.pipe != nil {
		return a.pipe.Write(content)
	}
	return a.body.Write(content)
}

// Flush begins the answer: what is written from now on goes to the reader at once.
func (a *inProcessAnswer) Flush() {
	a.once.Do(func() {
		a.rest, a.pipe = io.Pipe()
		a.begin(nil)
	})
}

// inProcessBody is the answer's body; closing it tells the handler that the client has left.
type inProcessBody struct {
	io.Reader
	rest  *io.PipeReader
	leave context.CancelFunc
}

// Close ends the request.
func (b inProcessBody) Close() error {
	b.leave()
	if b.rest != nil {
		return b.rest.Close()
	}
	return nil
}
