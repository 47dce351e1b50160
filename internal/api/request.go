package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

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
	route     string      // pattern of the route that it found; empty: none
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

// Served is one request that has been answered, for whoever counts them.
type Served struct {
	Route  string // method and path of the route as the table has them; empty: refused before any was found
	Status int    // of the answer; zero: cut off before it began
	Took   time.Duration
	Stream bool // stays open as long as somebody looks
}

// tagged gives every request an id, which is in its answer and in its log lines, and tells of it
// when it has been answered.
func (s *server) tagged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.Clock.Now()
		id := newRequestID()
		address := clientAddress(r, s.TrustedProxies)
		known := &request{
			id:        id,
			log:       s.Logger.With("request", id, "method", r.Method, "path", r.URL.Path, "address", address),
			host:      r.Host,
			principal: auth.Principal{Address: address, UserAgent: userAgent(r)},
			device:    s.deviceOf(r),
			header:    w.Header(),
		}
		w.Header().Set("X-Request-Id", id)
		answer := &answerWriter{ResponseWriter: w}
		defer func() { s.tell(known, answer.status, s.Clock.Now().Sub(began)) }()
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), requestKey{}, known)))
	})
}

// longestUserAgent is how many characters are kept of what a browser says of itself.
const longestUserAgent = 200

func userAgent(r *http.Request) string {
	characters := []rune(r.UserAgent())
	return string(characters[:min(longestUserAgent, len(characters))])
}

func (s *server) tell(known *request, status int, took time.Duration) {
	s.Observe(Served{Route: known.route, Status: status, Took: took, Stream: known.route == streamRoute})
	if s.Logger.Enabled(context.Background(), slog.LevelDebug) {
		known.logger().Debug("request served", "route", known.route, "status", status, "took", took)
	}
}

// streamRoute is the live stream's pattern.
const streamRoute = "GET /api/stream"

// routed notes which route a request has found.
func routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { requestOf(r.Context()).route = r.Pattern }()
		mux.ServeHTTP(w, r)
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
		answer := &answerWriter{ResponseWriter: w}
		defer func() {
			mistake := recover()
			if mistake == nil {
				return
			}
			if mistake == http.ErrAbortHandler {
				panic(mistake)
			}
			requestOf(r.Context()).logger().ErrorContext(r.Context(), "panic", "cause", mistake, "stack", string(debug.Stack()))
			if answer.status != 0 {
				panic(http.ErrAbortHandler)
			}
			newProblem(r.Context(), http.StatusInternalServerError, fault.Public(nil)).write(w)
		}()
		next.ServeHTTP(answer, r)
	})
}

// answerWriter knows the answer's status; zero until it has begun.
type answerWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader begins the answer, unless the status is one that another follows.
func (w *answerWriter) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *answerWriter) Write(content []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(content)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
