package sim

import (
	"encoding/json"
	"net/http"
	"time"
)

// usualKeepAlive is how often an idle event stream sends a comment.
const usualKeepAlive = 15 * time.Second

// eventSpan is which events a client of GET /v2/events/trades asks for (RULES 8.3).
type eventSpan struct {
	history bool // from since or sinceID on; without either nothing of the past is sent
	since   time.Time
	sinceID string
	until   time.Time // inclusive; zero: no end
	untilID string
}

func (c *call) eventSpan() (span eventSpan, err error) {
	span.sinceID, span.untilID = c.query.Get("since_id"), c.query.Get("until_id")
	if span.since, span.until, err = c.period("since", "until"); err != nil {
		return span, err
	}
	switch {
	case !span.since.IsZero() && span.sinceID != "":
		return span, invalidParameter("since and since_id cannot be used together")
	case !span.until.IsZero() && span.since.IsZero():
		return span, invalidParameter("until requires since")
	case span.untilID != "" && span.sinceID == "":
		return span, invalidParameter("until_id requires since_id")
	}
	span.history = !span.since.IsZero() || span.sinceID != ""
	return span, nil
}

// ends reports whether the event lies behind the end.
func (e eventSpan) ends(event sentEvent) bool {
	return !e.until.IsZero() && event.at.After(e.until) || e.untilID != "" && event.id > e.untilID
}

// sentEvent is one event of a stream.
type sentEvent struct {
	at   time.Time
	id   string // a ULID
	body any
}

// eventSource is where a stream takes its events from.
type eventSource interface {
	// take returns what to send now, and a channel that is closed when more has happened.
	take(s *Simulator) (send []sentEvent, grown <-chan struct{})
	// late gives a value when something that was held back may be sent.
	late() <-chan struct{}
}

// tradeEvents are the updates of an account's orders.
type tradeEvents struct{ *delivery }

func (t tradeEvents) take(s *Simulator) (send []sentEvent, grown <-chan struct{}) {
	updates, grown := t.delivery.take(s)
	for _, update := range updates {
		send = append(send, sentEvent{update.At, update.EventID, update})
	}
	return send, grown
}

func (t tradeEvents) late() <-chan struct{} { return t.due }

// serveEvents streams an account's order events as server-sent events, until the client leaves
// or the end that it asked for is reached.
func serveEvents(c *call) (answer, error) {
	return c.serveEventsOf(func(a *account, key string, span eventSpan) eventSource {
		return tradeEvents{c.deliverySince(a, key, span)}
	})
}

func (c *call) serveEventsOf(open func(a *account, key string, span eventSpan) eventSource) (answer, error) {
	key, secret := c.keys()
	account, err := c.signIn(key, secret)
	if err != nil {
		return answer{}, err
	}
	span, err := c.eventSpan()
	if err != nil {
		return answer{}, err
	}
	allowLong(c.writer)
	c.writer.Header().Set("Content-Type", "text/event-stream")
	c.writer.Header().Set("Cache-Control", "no-store")
	c.writer.WriteHeader(http.StatusOK)
	one, leave := c.listener(key)
	defer leave()
	c.streamEvents(one, open(account, key, span), span)
	return served()
}

// listener registers this answer among the open streams.
func (c *call) listener(key string) (one *socket, leave func()) {
	gone := make(chan struct{})
	one = &socket{endpoint: c.request.URL.Path, opened: c.config.Machine.Now()}
	one.ended, one.end = gone, onlyOnce(func() { close(gone) })
	c.sockets.add(one)
	c.sockets.claim(one, key, false)
	return one, func() { c.sockets.remove(one) }
}

// deliverySince begins before the first event of the span.
func (c *call) deliverySince(a *account, key string, span eventSpan) *delivery {
	if !span.history {
		return c.follow(a, key)
	}
	if span.sinceID != "" {
		return newDelivery(a, key, span.sinceID)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return newDelivery(a, key, a.Log.before(span.since))
}

// before is the id of the last event before the moment; empty when there is none.
func (l *eventLog) before(moment time.Time) string {
	index := len(l.Events) - len(l.since(moment))
	if index == 0 {
		return ""
	}
	return l.Events[index-1].EventID
}

func (c *call) streamEvents(one *socket, source eventSource, span eventSpan) {
	flush := http.NewResponseController(c.writer).Flush
	alive := time.NewTicker(c.keepAlive())
	defer alive.Stop()
	for {
		send, grown := source.take(c.Simulator)
		for _, event := range send {
			if span.ends(event) {
				return
			}
			if c.struck(one) {
				break
			}
			if _, err := c.writer.Write(eventLine(event.body)); err != nil {
				return
			}
			one.sent.Add(1)
		}
		if !span.until.IsZero() && c.Now().After(span.until) || flush() != nil {
			return
		}
		select {
		case <-grown:
		case <-source.late():
		case <-alive.C:
			if !one.muted.Load() {
				_, _ = c.writer.Write([]byte(": heartbeat\n\n")) // a failure shows at the flush
			}
		case <-one.ended:
			panic(http.ErrAbortHandler) // ends the connection without the last chunk
		case <-c.request.Context().Done():
			return
		}
	}
}

func (c *call) keepAlive() time.Duration {
	if c.config.KeepAlive > 0 {
		return c.config.KeepAlive
	}
	return usualKeepAlive
}

// eventLine is one event of an event stream.
func eventLine(event any) []byte {
	content, err := json.Marshal(event)
	if err != nil {
		panic(err) // our own types always encode
	}
	return append(append([]byte("data: "), content...), "\n\n"...)
}
