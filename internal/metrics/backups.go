package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type backupMetrics struct {
	last, every *prometheus.GaugeVec
	attempts    *prometheus.CounterVec
}

func newBackups(m maker) backupMetrics {
	return backupMetrics{
		last:     m.gauge("backup_last_timestamp_seconds", "When the newest backup was made; absent without BACKUP_EVERY, or while there is none."),
		every:    m.gauge("backup_interval_seconds", "How often a backup is to be made; absent without BACKUP_EVERY."),
		attempts: m.counter("backups_total", "Backups that this process was to make, by outcome.", "outcome"),
	}
}

// BackupsPlanned says how often backups are to be made.
func (m *Metrics) BackupsPlanned(every time.Duration) {
	m.backups.every.WithLabelValues().Set(every.Seconds())
	m.backups.attempts.WithLabelValues("done")
	m.backups.attempts.WithLabelValues("failed")
}

// BackupKept says when the newest backup was made.
func (m *Metrics) BackupKept(at time.Time) {
	m.backups.last.WithLabelValues().Set(float64(at.UnixMilli()) / 1000)
}

// BackupMade counts a backup, or that none could be made.
func (m *Metrics) BackupMade(err error) { m.backups.attempts.WithLabelValues(outcomeOf(err)).Inc() }
