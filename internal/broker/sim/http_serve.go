package sim

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

const controlPrefix = "/_simulator"

// htmlUnauthorized is the page of the proxy in front of Alpaca's clock and calendar (RULES 1).
const htmlUnauthorized = "<html>\r\n<head><title>401 Authorization Required</title></head>\r\n<body>\r\n" +
	"<center><h1>401 Authorization Required</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

// ServeHTTP answers one request, writes it down, and lets go wrong what should.
func (rt router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := rt.simulator
	seen := &watchedWriter{ResponseWriter: w}
	entry := s.requests.begin(r, s.Now(), s.config.Machine.Now())
	defer func() { s.requests.end(entry, seen.status, s.config.Machine.Now()) }()
	w.Header().Set("X-Request-ID", entry.ID)
	if strings.HasPrefix(r.URL.Path, controlPrefix) {
		rt.answer(seen, r)
		return
	}
	struck := s.faults.strike(requestFaults, onRequest(r))
	if len(struck) > 0 {
		buffer(r)
	}
	for _, f := range struck {
		entry.Faults = append(entry.Faults, f.Kind)
		if over := rt.strike(f, seen, r); over {
			return
		}
	}
	if !s.limits.take(w, r, s.config.Machine.Now()) {
		writeRefusal(seen, tooManyRequests(r.URL.Path))
		return
	}
	rt.answer(seen, r)
}

const requestFaults = faultLatency + " " + faultRateLimit + " " + faultServerError + " " + faultTimeout + " " +
	faultDrop + " " + faultMalformed + " " + faultHTML

func onRequest(r *http.Request) func(*Fault) bool {
	key, _ := keysOf(r)
	return func(f *Fault) bool {
		return (f.Method == "" || f.Method == r.Method) && strings.HasPrefix(r.URL.Path, f.Path) && onKey(key)(f)
	}
}

// strike lets the fault happen to the request, and reports whether that was its answer.
func (rt router) strike(f Fault, w http.ResponseWriter, r *http.Request) (over bool) {
	if f.After && f.Kind != faultLatency && f.Kind != faultMalformed || f.Kind == faultDrop {
		rt.answer(newLostAnswer(), detached(r))
	}
	switch f.Kind {
	case faultLatency:
		return !wait(r.Context(), f.Delay.Duration)
	case faultRateLimit:
		writeRefusal(w, tooManyRequests(r.URL.Path))
	case faultServerError:
		writeRefusal(w, &refusal{status: http.StatusInternalServerError, code: codeInternal, message: "internal server error occurred"})
	case faultTimeout:
		writeRefusal(w, &refusal{status: http.StatusGatewayTimeout, code: codeTimeout, message: "request timed out"})
	case faultHTML:
		writeHTMLUnauthorized(w)
	case faultMalformed:
		lost := newLostAnswer()
		rt.answer(lost, detached(r))
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(max(lost.status, http.StatusOK))
		_, _ = w.Write(lost.body.Bytes()[:lost.body.Len()/2])
	default:
		panic(http.ErrAbortHandler) // the server ends the connection without an answer
	}
	return true
}

// buffer reads the body: only then does the server notice that the client has left.
func buffer(r *http.Request) {
	content, err := io.ReadAll(io.LimitReader(r.Body, longestBody+1))
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(content), failing{err}))
}

// failing ends with the error, or as a body ends.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, cmp.Or(f.err, io.EOF) }

// detached is the request for a handler whose client does not wait: a stream would never end.
func detached(r *http.Request) *http.Request {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	context.AfterFunc(r.Context(), cancel)
	return r.WithContext(ctx)
}

// wait passes machine time, or returns false when the client leaves first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answer serves the request.
func (rt router) answer(w http.ResponseWriter, r *http.Request) {
	found, err := rt.serve(w, r)
	var refused *refusal
	switch {
	case err == nil && found.status == 0: // the handler wrote its answer itself
	case err == nil:
		writeJSON(w, found.status, found.body)
	case errors.As(err, &refused) && refused.status == http.StatusUnauthorized && oneOf(r.URL.Path, behindProxy):
		writeHTMLUnauthorized(w)
	case errors.As(err, &refused):
		writeRefusal(w, refused)
	default:
		rt.simulator.config.Logger.Error("request not served", slog.String("path", r.URL.Path), slog.Any("error", err))
		writeRefusal(w, &refusal{status: http.StatusInternalServerError, code: codeInternal, message: "internal server error occurred"})
	}
}

// behindProxy are the paths of which a proxy checks the keys (RULES 1).
const behindProxy = "/v2/clock /v2/calendar /v3/clock"

func writeHTMLUnauthorized(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, htmlUnauthorized)
}

func writeRefusal(w http.ResponseWriter, refused *refusal) {
	if refused.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer, Basic realm="alpaca.markets"`)
	}
	writeJSON(w, refused.status, refused.body())
}

// watchedWriter remembers the status.
type watchedWriter struct {
	http.ResponseWriter
	status int
}

func (w *watchedWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets streams reach what the server's writer can do.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// lostAnswer keeps an answer that the client does not get as it is.
type lostAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newLostAnswer() *lostAnswer { return &lostAnswer{header: http.Header{}} }

func (l *lostAnswer) Header() http.Header                   { return l.header }
func (l *lostAnswer) WriteHeader(status int)                { l.status = status }
func (l *lostAnswer) Write(content []byte) (n int, _ error) { return l.body.Write(content) }
