package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type tradingMetrics struct {
	cycles    *prometheus.HistogramVec
	delay     *prometheus.HistogramVec
	last      *prometheus.GaugeVec
	decisions *prometheus.CounterVec
	orders    *prometheus.CounterVec
	fills     *prometheus.CounterVec
	halts     *prometheus.CounterVec
	drift     *prometheus.CounterVec
	barAge    *prometheus.GaugeVec
	seen      *recent
}

func newTrading(m maker) tradingMetrics {
	made := tradingMetrics{
		cycles:    m.histogram("cycle_duration_seconds", "Cycles, by outcome and whether they ordered nothing on purpose.", cycleBuckets, "outcome", "dry_run"),
		delay:     m.histogram("cycle_slot_delay_seconds", "How long after their slots cycles decided, by the market's clock.", delayBuckets),
		last:      m.gauge("cycle_last_timestamp_seconds", "When a cycle ended last, by this machine's clock.", "outcome"),
		decisions: m.counter("decisions_total", "What became of symbols in cycles: ordered, or the reason to skip.", "result"),
		orders:    m.counter("orders_total", "Orders that have come to a state, by what they were for.", "state", "purpose"),
		fills:     m.counter("fills_total", "Times that new executions of an order became known, by what it was for.", "purpose"),
		halts:     m.counter("halts_total", "Times that the program itself stopped an account, by cause and state.", "cause", "state"),
		drift:     m.counter("drift_total", "Comparisons in which the broker's positions were not the journal's."),
		barAge:    m.gauge("bar_age_seconds", "Age of the oldest bar that the last cycle with bars decided on: market time less the bar's end."),
		seen:      &recent{},
	}
	made.decisions.WithLabelValues("ordered")
	for _, skip := range trade.Skips() {
		made.decisions.WithLabelValues(string(skip))
	}
	for _, outcome := range []trade.CycleOutcome{trade.CycleDone, trade.CycleSkipped, trade.CycleFailed} {
		made.cycles.WithLabelValues(string(outcome), "false")
	}
	for _, purpose := range []trade.Purpose{trade.Entry, trade.Exit, trade.Protect, trade.Flatten} {
		for _, state := range []trade.OrderState{trade.Accepted, trade.Rejected, trade.Unknown, trade.Filled, trade.Canceled, trade.Expired} {
			made.orders.WithLabelValues(string(state), string(purpose))
		}
		made.fills.WithLabelValues(string(purpose))
	}
	for _, cause := range haltCauses {
		for _, state := range []trade.TradingState{trade.Halted, trade.ReduceOnly} {
			made.halts.WithLabelValues(string(cause), string(state))
		}
	}
	made.drift.WithLabelValues()
	made.delay.WithLabelValues()
	return made
}

// haltCauses are those of the program.
var haltCauses = []trade.HaltCause{
	trade.HaltMismatch, trade.HaltRejects, trade.HaltKeys, trade.HaltClockSkew, trade.HaltOtherOrder, trade.HaltRisk,
}

// CycleFinished counts a cycle and its decisions.
func (m *Metrics) CycleFinished(cycle trade.Cycle) {
	m.trading.cycles.WithLabelValues(string(cycle.Outcome), strconv.FormatBool(cycle.DryRun)).
		Observe(cycle.FinishedAt.Sub(cycle.StartedAt).Seconds())
	m.trading.last.WithLabelValues(string(cycle.Outcome)).Set(float64(cycle.FinishedAt.UnixMilli()) / 1000)
	if !cycle.MarketTime.IsZero() && !cycle.Slot.IsZero() {
		m.trading.delay.WithLabelValues().Observe(max(0, cycle.MarketTime.Sub(cycle.Slot).Seconds()))
	}
	oldest := 0.0
	for _, decision := range cycle.Decisions {
		m.trading.decisions.WithLabelValues(resultOf(decision)).Inc()
		if end := decision.Signal.BarEnd; !end.IsZero() {
			oldest = max(oldest, cycle.MarketTime.Sub(end).Seconds())
			m.trading.barAge.WithLabelValues().Set(oldest)
		}
	}
}

func resultOf(decision trade.Decision) string {
	if decision.Ordered() {
		return "ordered"
	}
	return string(decision.Skip)
}

// Told counts what happened to orders and accounts. What is told again soon, because a cycle and the
// broker's stream both saw it, counts once.
func (m *Metrics) Told(news desk.News) {
	switch {
	case news.Order != nil:
		purpose := string(news.Order.Intent.Purpose)
		if news.Kind == desk.NewsFill {
			m.trading.fills.WithLabelValues(purpose).Inc()
		}
		if m.trading.seen.add(news.Order.Intent.ClientOrderID + " " + string(news.Order.State)) {
			m.trading.orders.WithLabelValues(string(news.Order.State), purpose).Inc()
		}
	case news.Standing != nil:
		m.trading.halts.WithLabelValues(string(news.Standing.Cause), string(news.Standing.State)).Inc()
	case news.Kind == desk.NewsDrift:
		m.trading.drift.WithLabelValues().Inc()
	}
}
