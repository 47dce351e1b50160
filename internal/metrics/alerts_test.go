package metrics_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// alertRule is one alert of deploy/prometheus/alerts.yaml.
type alertRule struct {
	Alert, Expr, For string
}

// recorded are series of one sample a minute, written as promtool's tests write them:
// `name{label="value"} 0+1x30` begins at 0 and grows by 1, thirty times.
type recorded []string

// alertCases are, for each alert, what it is for and what it must not wake anybody for.
var alertCases = map[string]struct{ fires, quiet []recorded }{
	"SignInsRefused": {
		fires: []recorded{{`alpaca_trader_audit_entries_total{action="login_failed"} 0x30 5+5x30`}},
		quiet: []recorded{{`alpaca_trader_audit_entries_total{action="login_failed"} 0x10 1x10 2x10 8x30`}, {`alpaca_trader_audit_entries_total{action="login"} 0+50x60`}},
	},
	"SecondFactorsRefused": {
		fires: []recorded{{`alpaca_trader_audit_entries_total{action="2fa_failed"} 0x20 1+1x20`}},
		quiet: []recorded{{`alpaca_trader_audit_entries_total{action="2fa_failed"} 0x20 2x40`}},
	},
	"BrokerageAccountCreated": {
		fires: []recorded{{`alpaca_trader_audit_entries_total{action="account_created"} 0x20 1x20`}},
		quiet: []recorded{{`alpaca_trader_audit_entries_total{action="account_created"} 4x60`}},
	},
	"BrokerageAccountDeleted": {
		fires: []recorded{{`alpaca_trader_audit_entries_total{action="account_deleted"} 0x20 1x20`}},
		quiet: []recorded{{`alpaca_trader_audit_entries_total{action="account_deleted"} 2x60`}},
	},
	"AuditLogChanged": {
		fires: []recorded{{`alpaca_trader_audit_intact 1x10 0x10`}, {`alpaca_trader_audit_intact 1x60`, `alpaca_trader_audit_entries_total{action="audit_alarm"} 0x20 1x20`}},
		quiet: []recorded{{`alpaca_trader_audit_intact 1x60`, `alpaca_trader_audit_entries_total{action="audit_alarm"} 0x60`}},
	},
	"RequestsThrottled": {
		fires: []recorded{{`alpaca_trader_http_throttled_total{budget="auth"} 0x10 0+10x20`}},
		quiet: []recorded{{`alpaca_trader_http_throttled_total{budget="auth"} 0x10 0+2x50`}, {`alpaca_trader_http_throttled_total{budget="user"} 0+100x60`}},
	},
	"NoCycle": {
		fires: []recorded{{`alpaca_trader_cycle_overdue_seconds 0x10 60+60x20`}},
		quiet: []recorded{{`alpaca_trader_cycle_overdue_seconds 0x10 310 310 0x40`}, {`alpaca_trader_cycle_overdue_seconds 290x60`}},
	},
	"SchedulerStopped": {
		fires: []recorded{{`alpaca_trader_jobs_total{instance="a",kind="tick",outcome="done"} 0+12x10 120x20`, `alpaca_trader_scheduler_running{instance="a"} 1x30`}},
		quiet: []recorded{
			{`alpaca_trader_jobs_total{instance="a",kind="tick",outcome="done"} 0+12x60`, `alpaca_trader_scheduler_running{instance="a"} 1x60`},
			{`alpaca_trader_jobs_total{instance="a",kind="tick",outcome="done"} 0x60`, `alpaca_trader_scheduler_running{instance="a"} 0x60`},
		},
	},
	"CyclesFail": {
		fires: []recorded{{`alpaca_trader_cycle_duration_seconds_count{outcome="failed",dry_run="false"} 0x10 1+1x10`}},
		quiet: []recorded{{`alpaca_trader_cycle_duration_seconds_count{outcome="failed",dry_run="false"} 0x10 2x50`}, {`alpaca_trader_cycle_duration_seconds_count{outcome="done",dry_run="false"} 0+9x60`}},
	},
	"CyclesLate": {
		fires: []recorded{{`alpaca_trader_cycle_slot_delay_seconds_bucket{le="60"} 0x90`, `alpaca_trader_cycle_slot_delay_seconds_bucket{le="120"} 0+1x90`, `alpaca_trader_cycle_slot_delay_seconds_bucket{le="+Inf"} 0+1x90`}},
		quiet: []recorded{{`alpaca_trader_cycle_slot_delay_seconds_bucket{le="60"} 0+1x90`, `alpaca_trader_cycle_slot_delay_seconds_bucket{le="120"} 0+1x90`, `alpaca_trader_cycle_slot_delay_seconds_bucket{le="+Inf"} 0+1x90`}},
	},
	"StaleData": {
		fires: []recorded{{`alpaca_trader_decisions_total{result="stale_data"} 0x10 1x10`}, {`alpaca_trader_decisions_total{result="no_bars"} 0x10 3x10`}},
		quiet: []recorded{{`alpaca_trader_decisions_total{result="hold"} 0+8x60`, `alpaca_trader_decisions_total{result="stale_data"} 5x60`}},
	},
	"TradingHalted": {
		fires: []recorded{{`alpaca_trader_accounts{state="halted"} 0x10 1x10`}},
		quiet: []recorded{{`alpaca_trader_accounts{state="active"} 5x60`, `alpaca_trader_accounts{state="halted"} 0x60`}},
	},
	"HaltedByProgram": {
		fires: []recorded{{`alpaca_trader_halts_total{cause="drift",state="halted"} 0x10 1x10`}},
		quiet: []recorded{{`alpaca_trader_halts_total{cause="drift",state="halted"} 3x60`}},
	},
	"OrdersRejected": {
		fires: []recorded{{`alpaca_trader_orders_total{state="rejected",purpose="entry"} 0x10 4x10`}},
		quiet: []recorded{{`alpaca_trader_orders_total{state="rejected",purpose="entry"} 0x10 1x50`, `alpaca_trader_orders_total{state="filled",purpose="entry"} 0+5x60`}},
	},
	"OrdersUnresolved": {
		fires: []recorded{{`alpaca_trader_orders_open{instance="a",state="unknown"} 0x5 1x20`}},
		quiet: []recorded{{`alpaca_trader_orders_open{instance="a",state="unknown"} 0x5 1 1 1 0x40`}, {`alpaca_trader_orders_open{instance="a",state="accepted"} 9x60`}},
	},
	"Drift": {
		fires: []recorded{{`alpaca_trader_accounts_drifting 0x5 1x10`}},
		quiet: []recorded{{`alpaca_trader_accounts_drifting 0x5 1 0x40`}},
	},
	"OrdersNotWatched": {
		fires: []recorded{{`alpaca_trader_order_watches{instance="a",state="followed"} 3x40`, `alpaca_trader_order_watches{instance="a",state="connected"} 3x5 2x35`}},
		quiet: []recorded{{`alpaca_trader_order_watches{instance="a",state="followed"} 3x40`, `alpaca_trader_order_watches{instance="a",state="connected"} 3x5 1x6 3x29`}},
	},
	"BrokerFails": {
		fires: []recorded{{`alpaca_trader_broker_request_duration_seconds_count{kind="orders",outcome="2xx"} 0+4x40`, `alpaca_trader_broker_request_duration_seconds_count{kind="orders",outcome="5xx"} 0+1x40`}},
		quiet: []recorded{{`alpaca_trader_broker_request_duration_seconds_count{kind="orders",outcome="2xx"} 0+40x40`, `alpaca_trader_broker_request_duration_seconds_count{kind="orders",outcome="429"} 0+1x40`}},
	},
	"BrokerBudgetUsedUp": {
		fires: []recorded{{`alpaca_trader_broker_requests_waiting 0x5 7x20`, `alpaca_trader_broker_budget_left 100x5 0x20`}},
		quiet: []recorded{{`alpaca_trader_broker_requests_waiting 7x40`, `alpaca_trader_broker_budget_left 20x40`}, {`alpaca_trader_broker_requests_waiting 0x5 7x3 0x40`, `alpaca_trader_broker_budget_left 100x5 0x3 90x40`}},
	},
	"ServerDown": {
		fires: []recorded{{`up{job="alpaca-trader",instance="a"} 1x5 0x10`}},
		quiet: []recorded{{`up{job="alpaca-trader",instance="a"} 1x5 0 1x40`}, {`up{job="other",instance="b"} 0x40`}},
	},
	"ServerNotReady": {
		fires: []recorded{{`alpaca_trader_ready{instance="a"} 1x5 0x10`}},
		quiet: []recorded{{`alpaca_trader_ready{instance="a"} 0x3 1x40`}},
	},
	"DatabaseSilent": {
		fires: []recorded{{`alpaca_trader_database_up{instance="a"} 1x5 0x10`}},
		quiet: []recorded{{`alpaca_trader_database_up{instance="a"} 1x5 0 1x40`}},
	},
	"DatabaseSlow": {
		fires: []recorded{{`alpaca_trader_database_transaction_duration_seconds_bucket{le="0.5"} 0x40`, `alpaca_trader_database_transaction_duration_seconds_bucket{le="1"} 0+3x40`, `alpaca_trader_database_transaction_duration_seconds_bucket{le="+Inf"} 0+3x40`}},
		quiet: []recorded{{`alpaca_trader_database_transaction_duration_seconds_bucket{le="0.5"} 0+3x40`, `alpaca_trader_database_transaction_duration_seconds_bucket{le="1"} 0+3x40`, `alpaca_trader_database_transaction_duration_seconds_bucket{le="+Inf"} 0+3x40`}},
	},
	"BackupTooOld": {
		fires: []recorded{{`alpaca_trader_backup_last_timestamp_seconds 0x180`, `alpaca_trader_backup_interval_seconds 3600x180`}},
		quiet: []recorded{{`alpaca_trader_backup_last_timestamp_seconds 0x60 3600x60`, `alpaca_trader_backup_interval_seconds 3600x120`}, {`alpaca_trader_backup_last_timestamp_seconds 0x180`}},
	},
	"BackupMissing": {
		fires: []recorded{{`alpaca_trader_backup_interval_seconds 3600x60`}},
		quiet: []recorded{{`alpaca_trader_backup_interval_seconds 3600x60`, `alpaca_trader_backup_last_timestamp_seconds _x10 600x50`}},
	},
	"BackupsFail": {
		fires: []recorded{{`alpaca_trader_backups_total{outcome="failed"} 0x10 1x10`}},
		quiet: []recorded{{`alpaca_trader_backups_total{outcome="failed"} 2x100`, `alpaca_trader_backups_total{outcome="made"} 0+1x100`}},
	},
	"AnswersFail": {
		fires: []recorded{{`alpaca_trader_http_request_duration_seconds_count{route="/api/account",status="5xx"} 0+12x40`}},
		quiet: []recorded{{`alpaca_trader_http_request_duration_seconds_count{route="/api/account",status="5xx"} 0+2x40`}, {`alpaca_trader_http_request_duration_seconds_count{route="/api/account",status="2xx"} 0+600x40`}},
	},
}

// TestAlertsFireAndStayQuiet evaluates each rule with Prometheus' own engine, a minute at a time, as
// Prometheus does: it fires when its expression has held for as long as the rule says.
func TestAlertsFireAndStayQuiet(t *testing.T) {
	t.Parallel()
	rules := readRules(t)
	for _, rule := range rules {
		cases, known := alertCases[rule.Alert]
		if !known || len(cases.fires) == 0 || len(cases.quiet) == 0 {
			t.Errorf("%s: there is no series for which it fires, or none for which it does not", rule.Alert)
		}
		for _, series := range cases.fires {
			if held, fired := rule.over(t, series); !fired {
				t.Errorf("%s does not fire on %v (its expression held: %v)", rule.Alert, series, held)
			}
		}
		for _, series := range cases.quiet {
			if _, fired := rule.over(t, series); fired {
				t.Errorf("%s fires on %v", rule.Alert, series)
			}
		}
	}
	if len(rules) != len(alertCases) {
		t.Errorf("%d rules, %d cases", len(rules), len(alertCases))
	}
}

func readRules(t *testing.T) (rules []alertRule) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Groups []struct{ Rules []alertRule } }
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules
}

// over evaluates the rule at each minute of the series: whether its expression ever held, and
// whether it held for long enough.
func (r alertRule) over(t *testing.T, series recorded) (held, fired bool) {
	t.Helper()
	wait := time.Duration(0)
	if r.For != "" {
		var err error
		if wait, err = time.ParseDuration(r.For); err != nil {
			t.Fatal(err)
		}
	}
	memory, minutes := remember(t, series)
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 100_000, Timeout: time.Minute})
	since := map[string]time.Time{}
	for minute := range minutes {
		now := time.Unix(0, 0).Add(time.Duration(minute) * time.Minute)
		query, err := engine.NewInstantQuery(t.Context(), memory, nil, r.Expr, now)
		if err != nil {
			t.Fatal(err)
		}
		result := query.Exec(t.Context())
		vector, err := result.Vector()
		if err != nil {
			t.Fatalf("%s: %v", r.Alert, err)
		}
		active := map[string]time.Time{}
		for _, sample := range vector {
			name := sample.Metric.String()
			if begun, before := since[name]; before {
				active[name] = begun
			} else {
				active[name] = now
			}
			held, fired = true, fired || now.Sub(active[name]) >= wait
		}
		since = active
		query.Close()
	}
	return held, fired
}

// remember makes series that the engine can read, and says how many minutes they last.
func remember(t *testing.T, described recorded) (memory storage.Queryable, minutes int) {
	t.Helper()
	var all []storage.Series
	for _, text := range described {
		name, values, err := parser.ParseSeriesDesc(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var samples []chunks.Sample
		for i, value := range values {
			if !value.Omitted {
				samples = append(samples, number{at: int64(i) * time.Minute.Milliseconds(), value: value.Value})
			}
		}
		all, minutes = append(all, storage.NewListSeries(name, samples)), max(minutes, len(values))
	}
	return storage.QueryableFunc(func(int64, int64) (storage.Querier, error) { return memoryQuerier{storage.NoopQuerier(), all}, nil }), minutes
}

// memoryQuerier finds series in memory.
type memoryQuerier struct {
	storage.Querier
	series []storage.Series
}

func (q memoryQuerier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	var found []storage.Series
	for _, series := range q.series {
		matches := true
		for _, matcher := range matchers {
			matches = matches && matcher.Matches(series.Labels().Get(matcher.Name))
		}
		if matches {
			found = append(found, series)
		}
	}
	return &foundSeries{all: found, at: -1}
}

// foundSeries are series one after the other.
type foundSeries struct {
	all []storage.Series
	at  int
}

func (s *foundSeries) Next() bool                        { s.at++; return s.at < len(s.all) }
func (s *foundSeries) At() storage.Series                { return s.all[s.at] }
func (s *foundSeries) Err() error                        { return nil }
func (s *foundSeries) Warnings() annotations.Annotations { return nil }

// number is a sample that is a plain number.
type number struct {
	at    int64 // milliseconds
	value float64
}

func (n number) T() int64                      { return n.at }
func (n number) ST() int64                     { return 0 }
func (n number) F() float64                    { return n.value }
func (n number) H() *histogram.Histogram       { return nil }
func (n number) FH() *histogram.FloatHistogram { return nil }
func (n number) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (n number) Copy() chunks.Sample           { return n }
