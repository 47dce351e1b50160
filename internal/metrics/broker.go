package metrics

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type brokerMetrics struct{ requests *prometheus.HistogramVec }

func newBroker(m maker) brokerMetrics {
	return brokerMetrics{m.histogram("broker_request_duration_seconds",
		"Requests to brokers until their answers began, by what was asked and the outcome: a class of status, 429, or none.", answerBuckets, "kind", "outcome")}
}

// Asked counts a request to a broker: its method and path, and the status of the answer; zero where
// none came.
func (m *Metrics) Asked(method, path string, status int, took time.Duration) {
	outcome := classOf(status)
	if status == 429 {
		outcome = "429"
	}
	m.broker.requests.WithLabelValues(kindOf(method, path), outcome).Observe(took.Seconds())
}

// brokerKinds are the first words of Alpaca's paths, after the version.
var brokerKinds = map[string]string{
	"account": "account", "positions": "positions", "clock": "clock", "calendar": "calendar",
	"assets": "assets", "stocks": "bars", "events": "events", "orders:by_client_order_id": "orders",
}

// kindOf names what a request is for, of a closed list: order and cancel change something.
func kindOf(method, path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(parts) < 2 {
		return "other"
	}
	word := parts[1]
	switch {
	case word == "orders" && method == "POST":
		return "order"
	case word == "orders" && method == "DELETE":
		return "cancel"
	case word == "orders":
		return "orders"
	case word == "account" && len(parts) > 2 && parts[2] == "activities":
		return "activities"
	}
	if kind, known := brokerKinds[word]; known {
		return kind
	}
	return "other"
}
