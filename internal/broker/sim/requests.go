package sim

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// keptRequests is how many of the newest requests are remembered.
const keptRequests = 500

// loggedRequest is one request as /_simulator/requests shows it. Secrets are not in it.
type loggedRequest struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"` // market time
	Method   string    `json:"method"`
	Path     string    `json:"path"` // with its query
	Key      string    `json:"key"`
	Status   int       `json:"status"` // 0: no answer, or a stream
	Took     Span      `json:"took"`
	Faults   []string  `json:"faults,omitempty"`
	received time.Time // machine time
}

// requestLog holds the newest requests.
type requestLog struct {
	mu    sync.Mutex
	ring  []loggedRequest // keptRequests at most
	next  int             // where the next one goes in a full ring
	count int
}

// begin starts an entry, which nobody else sees until its end.
func (l *requestLog) begin(r *http.Request, now, machine time.Time) *loggedRequest {
	key, _ := keysOf(r)
	return &loggedRequest{
		ID: newRequestID(), At: now, Method: r.Method, Path: clip(r.URL.RequestURI(), 400), Key: clip(key, longestKey), received: machine,
	}
}

// clip bounds what a stranger can make us remember.
func clip(text string, most int) string { return text[:min(len(text), most)] }

func (l *requestLog) end(entry *loggedRequest, status int, machine time.Time) {
	entry.Status, entry.Took = status, Span{machine.Sub(entry.received)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	if len(l.ring) < keptRequests {
		l.ring = append(l.ring, *entry)
		return
	}
	l.ring[l.next] = *entry
	l.next = (l.next + 1) % keptRequests
}

// newest returns the requests that are remembered, newest first, and how many there ever were.
func (l *requestLog) newest() (entries []loggedRequest, count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entries = append(slices.Clone(l.ring[l.next:]), l.ring[:l.next]...)
	slices.Reverse(entries)
	return entries, l.count
}
