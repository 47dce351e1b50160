package metrics_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/metrics"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// has compares metrics with lines of name, labels and value; of a histogram, the count.
func has(t *testing.T, m *metrics.Metrics, lines ...string) {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetName()+"="+label.GetValue())
			}
			value := metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
			have[strings.TrimPrefix(family.GetName(), "alpaca_trader_")+" "+strings.Join(labels, ",")] = value
		}
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, " = ")
		if got, known := have[name]; !known || value != text(got) {
			t.Errorf("%s is %s (known: %t), want %s", name, text(got), known, value)
		}
	}
}

func text(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

// TestCyclesAndOrdersAreCounted: outcomes, reasons to skip, states; what is told twice counts once.
func TestCyclesAndOrdersAreCounted(t *testing.T) {
	t.Parallel()
	m := metrics.New("test")
	begun := time.Date(2026, 3, 2, 14, 30, 0, 0, time.UTC)
	m.CycleFinished(trade.Cycle{
		Outcome: trade.CycleDone, Slot: begun, MarketTime: begun.Add(2 * time.Second), StartedAt: begun, FinishedAt: begun.Add(3 * time.Second),
		Decisions: []trade.Decision{
			{Intent: &trade.Intent{}, Signal: trade.Signal{BarEnd: begun.Add(-time.Minute)}},
			{Skip: trade.SkipStaleData, Signal: trade.Signal{BarEnd: begun.Add(-time.Hour)}},
			{Skip: trade.SkipNoBars},
		},
	})
	for _, state := range []trade.OrderState{trade.Accepted, trade.Accepted, trade.Filled} {
		m.Told(desk.News{Kind: desk.NewsOrder, Order: &trade.Order{Intent: trade.Intent{ClientOrderID: "at1-a", Purpose: trade.Entry}, State: state}})
	}
	m.Told(desk.News{Kind: desk.NewsRejection, Order: &trade.Order{Intent: trade.Intent{ClientOrderID: "at1-b", Purpose: trade.Exit}, State: trade.Rejected}})
	m.Told(desk.News{Kind: desk.NewsHalt, Standing: &trade.Standing{State: trade.Halted, Cause: trade.HaltRejects}})
	m.Told(desk.News{Kind: desk.NewsDrift, Reconciliation: &trade.Reconciliation{}})
	has(
		t, m,
		"cycle_duration_seconds dry_run=false,outcome=done = 1", "cycle_slot_delay_seconds  = 1", "bar_age_seconds  = 3602",
		"decisions_total result=ordered = 1", "decisions_total result=stale_data = 1", "decisions_total result=no_bars = 1", "decisions_total result=hold = 0",
		"orders_total purpose=entry,state=accepted = 1", "orders_total purpose=entry,state=filled = 1", "orders_total purpose=exit,state=rejected = 1",
		"halts_total cause=repeated_rejects,state=halted = 1", "drift_total  = 1",
	)
}

// TestLabelsAreOfClosedLists: whatever a broker's path or a request holds, labels are our own words.
func TestLabelsAreOfClosedLists(t *testing.T) {
	t.Parallel()
	m := metrics.New("test")
	for _, path := range []string{"/v2/orders", "/v2/orders/0b1f", "/v2/positions/PLANTED", "/v2/account/activities/FILL", "/v2/account", "/PLANTED", "/v3/planted/x", ""} {
		m.Asked("GET", path, 200, time.Millisecond)
	}
	m.Asked("POST", "/v2/orders", 429, time.Second)
	m.Asked("DELETE", "/v2/orders/0b1f", 0, time.Second)
	m.Served("", 403, time.Millisecond)
	m.Served("/", 200, time.Millisecond)
	m.Served("GET /api/account", 999, time.Millisecond)
	m.Throttled(ratelimit.Auth)
	m.Job("tick")(errors.New("no"))
	m.Transacted(time.Millisecond, nil)
	has(
		t, m,
		"broker_request_duration_seconds kind=orders,outcome=2xx = 2", "broker_request_duration_seconds kind=positions,outcome=2xx = 1",
		"broker_request_duration_seconds kind=activities,outcome=2xx = 1", "broker_request_duration_seconds kind=account,outcome=2xx = 1",
		"broker_request_duration_seconds kind=other,outcome=2xx = 3", "broker_request_duration_seconds kind=order,outcome=429 = 1",
		"broker_request_duration_seconds kind=cancel,outcome=none = 1", "http_request_duration_seconds route=refused,status=4xx = 1",
		"http_request_duration_seconds route=pages,status=2xx = 1", "http_request_duration_seconds route=GET /api/account,status=none = 1",
		"http_throttled_total budget=auth = 1", "jobs_total kind=tick,outcome=failed = 1", "jobs_running kind=tick = 0",
		"database_transaction_duration_seconds outcome=done = 1",
	)
}

// TestTheFormatIsClean: names, units and help texts are as Prometheus wants them.
func TestTheFormatIsClean(t *testing.T) {
	t.Parallel()
	families, err := metrics.New("test").Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		if strings.HasPrefix(problem.Metric, "alpaca_trader_") {
			t.Errorf("%s: %s", problem.Metric, problem.Text)
		}
	}
}

// BenchmarkServed is what counting adds to a request.
func BenchmarkServed(b *testing.B) {
	m := metrics.New("test")
	b.ReportAllocs()
	for b.Loop() {
		m.Served("GET /api/account", 200, time.Millisecond)
	}
}
