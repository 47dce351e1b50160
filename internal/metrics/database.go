package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type databaseMetrics struct{ transactions *prometheus.HistogramVec }

func newDatabase(m maker) databaseMetrics {
	return databaseMetrics{m.histogram("database_transaction_duration_seconds",
		"Write transactions, waiting for the connection included, by outcome.", writeBuckets, "outcome")}
}

// Transacted counts a write transaction.
func (m *Metrics) Transacted(took time.Duration, err error) {
	m.database.transactions.WithLabelValues(outcomeOf(err)).Observe(took.Seconds())
}

func outcomeOf(err error) string {
	if err != nil {
		return "failed"
	}
	return "done"
}
