package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// request is what belongs to one request besides its HTTP form.
type request struct {
	id        string
	log       *slog.Logger
	principal auth.Principal
	host      string      // that the request names
	bearer    secret.Text // its API token; empty: none
	device    secret.Text // token of the known-device cookie; empty: none
	header    http.Header // of the answer
}

type requestKey struct{}

// requestOf returns the request's own data; outside of a request, an empty one that logs nothing.
func requestOf(ctx context.Context) *request {
	if known, ok := ctx.Value(requestKey{}).(*request); ok {
		return known
	}
	return &request{log: slog.New(slog.DiscardHandler), header: http.Header{}}
}

// logger writes lines that say which request it was, from where, and whose. It is asked for when a
// line is written: who sends a request is found out on its way.
func (r *request) logger() *slog.Logger {
	switch p := r.principal; {
	case p.Token != nil:
		return r.log.With("user", p.UserID, "token", p.Token.ID)
	case p.UserID != "":
		return r.log.With("user", p.UserID)
	}
	return r.log
}

func principalOf(ctx context.Context) auth.Principal { return requestOf(ctx).principal }

// tagged gives every request an id, which is in its answer and in its log lines.
func (s *server) tagged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		address := clientAddress(r, s.TrustedProxies)
		known := &request{
			id:        id,
			log:       s.Logger.With("request", id, "method", r.Method, "path", r.URL.Path, "address", address),
			host:      r.Host,
			principal: auth.Principal{Address: address, UserAgent: r.UserAgent()},
			device:    s.deviceOf(r),
			header:    w.Header(),
		}
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, known)))
	})
}

func newRequestID() string {
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// recovered turns a panic into a 500 answer, so that one bad request does not stop trading. An
// answer that has begun already is cut off instead.
func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := &begunWriter{ResponseWriter: w}
		defer func() {
			mistake := recover()
			if mistake == nil {
				return
			}
			if mistake == http.ErrAbortHandler {
				panic(mistake)
			}
			requestOf(r.Context()).logger().ErrorContext(r.Context(), "panic", "cause", mistake, "stack", string(debug.Stack()))
			if begun.begun {
				panic(http.ErrAbortHandler)
			}
			newProblem(r.Context(), http.StatusInternalServerError, fault.Public(nil)).write(w)
		}()
		next.ServeHTTP(begun, r)
	})
}

// begunWriter knows whether the answer has begun.
type begunWriter struct {
	http.ResponseWriter
	begun bool
}

func (w *begunWriter) WriteHeader(status int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *begunWriter) Write(content []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(content)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *begunWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
