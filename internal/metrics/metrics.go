// Package metrics counts what the program does, for Prometheus. Whoever does something tells it by
// one call; what only the database knows is read when somebody asks.
//
// No label holds a user, an account, a symbol or anything else that somebody outside chose: every
// label is of a closed list. So the number of series is bounded, and reading them gives nobody away.
package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics is the instruments of one process. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	http     httpMetrics
	database databaseMetrics
	jobs     jobMetrics
	trading  tradingMetrics
	broker   brokerMetrics
	backups  backupMetrics
}

// New returns instruments that stand at zero. version is the program's.
func New(version string) *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m := maker{registry}
	m.gauge("build_info", "1, with the version of the program.", "version").WithLabelValues(version).Set(1)
	return &Metrics{
		registry: registry, http: newHTTP(m), database: newDatabase(m), jobs: newJobs(m),
		trading: newTrading(m), broker: newBroker(m), backups: newBackups(m),
	}
}

// Gatherer gives all metrics to whoever writes them down.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// namespace begins each name.
const namespace = "alpaca_trader"

// maker makes instruments and registers them. A name that stands twice is a mistake of ours.
type maker struct{ registry *prometheus.Registry }

func (m maker) counter(name, help string, labels ...string) *prometheus.CounterVec {
	made := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(made)
	return made
}

func (m maker) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	made := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(made)
	return made
}

func (m maker) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	made := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(made)
	return made
}

// The buckets, in seconds.
var (
	answerBuckets = []float64{.001, .005, .025, .1, .25, 1, 5, 30}
	writeBuckets  = []float64{.001, .005, .01, .025, .1, .5, 2, 10}
	cycleBuckets  = []float64{.1, .5, 1, 2, 5, 15, 60, 180}
	delayBuckets  = []float64{.5, 1, 2, 5, 10, 30, 60, 300, 1800}
)
