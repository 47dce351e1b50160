package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/jcap24/alpaca-trader/internal/ratelimit"
)

type httpMetrics struct {
	requests  *prometheus.HistogramVec
	streams   *prometheus.CounterVec
	throttled *prometheus.CounterVec
}

func newHTTP(m maker) httpMetrics {
	made := httpMetrics{
		requests:  m.histogram("http_request_duration_seconds", "Requests answered, by route and class of the status.", answerBuckets, "route", "status"),
		streams:   m.counter("http_streams_total", "Live streams that have ended, by class of the status.", "status"),
		throttled: m.counter("http_throttled_total", "Requests that a rate limit refused, by budget.", "budget"),
	}
	made.streams.WithLabelValues("2xx")
	for group := range ratelimit.Defaults() {
		made.throttled.WithLabelValues(string(group))
	}
	return made
}

// Served counts an answered request by the pattern of its route; empty: refused before one was found.
func (m *Metrics) Served(route string, status int, took time.Duration) {
	switch route {
	case "":
		route = "refused"
	case "/":
		route = "pages"
	}
	m.http.requests.WithLabelValues(route, classOf(status)).Observe(took.Seconds())
}

// StreamEnded counts a live stream, whose length says nothing.
func (m *Metrics) StreamEnded(status int) { m.http.streams.WithLabelValues(classOf(status)).Inc() }

// Throttled counts a request that the budget did not cover.
func (m *Metrics) Throttled(budget ratelimit.Group) {
	m.http.throttled.WithLabelValues(string(budget)).Inc()
}

// classOf is the status as 2xx, 4xx and so on; "none" where no answer began.
func classOf(status int) string {
	if status < 100 || status > 599 {
		return "none"
	}
	return strconv.Itoa(status/100) + "xx"
}
