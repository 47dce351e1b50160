package api_test

import (
	"strings"
	"testing"
)

// TestExecutionAndRisk: a change touches what it names, at any depth, and nothing else.
func TestExecutionAndRisk(t *testing.T) {
	t.Parallel()
	v := setup(t).user("ann")
	v.call("PUT", "/api/settings", `{"order_type":"limit","execution":{"stop_loss_pct":2.5,"limit_offset_pct":-0.1},
		"risk":{"daily_loss_pct":3.3,"sectors":{"AAPL":"technology","JPM":"banks"},"stoploss_guard":{"trades":2,"lookback_minutes":60,"pause_minutes":30}}}`).want(200)
	v.call("PUT", "/api/settings", `{"execution":{"take_profit_pct":5},"risk":{"sectors":{"KO":"drinks"},"stoploss_guard":{"per_symbol":true}}}`).want(200)
	got := v.call("GET", "/api/settings", nil).want(200).text
	for _, want := range []string{
		`"order_type":"limit"`, `"stop_loss_pct":2.5`, `"limit_offset_pct":-0.1`, `"take_profit_pct":5`, `"daily_loss_pct":3.3`,
		`"sectors":{"KO":"drinks"}`, `"stoploss_guard":{"trades":2,"lookback_minutes":60,"pause_minutes":30,"per_symbol":true}`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in %s", want, got)
		}
	}
	for _, test := range []struct{ body, says string }{
		{`{"execution":{"trailing_stop_pct":3}}`, "execution.trailing_stop_pct cannot be combined"},
		{`{"execution":{"size_by":"luck"}}`, `"execution.size_by"`},
		{`{"execution":{"stop_los_pct":3}}`, `"execution.stop_los_pct" is not known`},
		{`{"execution":{"size_by":"dollars"}}`, "execution.dollars must be at least 1"},
		{`{"risk":{"daily_loss_pct":101}}`, "risk.daily_loss_pct must be between"},
		{`{"risk":{"sectors":{"aapl":"x"}}}`, "risk.sectors must name symbols"},
		{`{"risk":{"stoploss_guard":{"pause_minutes":0}}}`, "risk.stoploss_guard.pause_minutes"},
		{`{"risk":{"user_id":"x"}}`, `"risk.user_id" is not known`},
		{`{"risk":null}`, `"risk"`},
		{`{"schedule_kind":"cron"}`, "schedule_cron must be given"},
	} {
		if said := v.call("PUT", "/api/settings", test.body).problem(400); !strings.Contains(said, test.says) {
			t.Errorf("%s: said %q, want something with %q", test.body, said, test.says)
		}
	}
	if after := v.call("GET", "/api/settings", nil).text; after != got {
		t.Errorf("refused changes changed something: %s", after)
	}
}

// TestScheduleKinds: a client that knows no kinds gets what its keys have always meant.
func TestScheduleKinds(t *testing.T) {
	t.Parallel()
	v := setup(t).user("ann")
	for _, step := range []struct{ body, kind string }{
		{`{"schedule_market_hours_only":false}`, "bar_close"},
		{`{"schedule_interval_minutes":15}`, "interval"},
		{`{"schedule_cron":"35 15 * * 1-5"}`, "cron"},
		{`{"schedule_interval_minutes":5}`, "cron"},
		{`{"schedule_cron":null}`, "interval"},
		{`{"schedule_kind":"bar_close","schedule_interval_minutes":30}`, "bar_close"},
		{`{"schedule_cron":null}`, "bar_close"},
	} {
		v.call("PUT", "/api/settings", step.body).want(200)
		if got := v.call("GET", "/api/settings", nil).text; !strings.Contains(got, `"schedule_kind":"`+step.kind+`"`) {
			t.Errorf("after %s: %s", step.body, got)
		}
	}
}
