package metrics

import "github.com/prometheus/client_golang/prometheus"

type jobMetrics struct {
	running *prometheus.GaugeVec
	ended   *prometheus.CounterVec
}

// jobKinds are the kinds of work of the queue.
var jobKinds = []string{"tick", "cycle", "compare", "maintain"}

func newJobs(m maker) jobMetrics {
	made := jobMetrics{
		running: m.gauge("jobs_running", "Jobs that this process works on, by kind.", "kind"),
		ended:   m.counter("jobs_total", "Jobs that this process has ended, by kind and outcome.", "kind", "outcome"),
	}
	for _, kind := range jobKinds {
		made.running.WithLabelValues(kind)
		made.ended.WithLabelValues(kind, "done")
		made.ended.WithLabelValues(kind, "failed")
	}
	return made
}

// Job counts a job of the kind as running until the returned function is told how it ended.
func (m *Metrics) Job(kind string) (ended func(error)) {
	running := m.jobs.running.WithLabelValues(kind)
	running.Inc()
	return func(err error) {
		running.Dec()
		m.jobs.ended.WithLabelValues(kind, outcomeOf(err)).Inc()
	}
}
