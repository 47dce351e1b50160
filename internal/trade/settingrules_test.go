package trade_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

func number(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func TestExecutionAndRiskNameTheFieldThatIsWrong(t *testing.T) {
	t.Parallel()
	for field, changes := range map[string][]func(*trade.Settings){
		"execution.order_type":       {func(s *trade.Settings) { s.OrderType = trade.StopOrder }},
		"execution.size_by":          {func(s *trade.Settings) { s.Execution.SizeBy = "luck" }},
		"execution.dollars":          {func(s *trade.Settings) { s.Execution.SizeBy, s.Execution.Dollars = trade.SizeDollars, number("0.99") }, func(s *trade.Settings) { s.Execution.Dollars = number("-1") }},
		"execution.shares":           {func(s *trade.Settings) { s.Execution.SizeBy = trade.SizeShares }, func(s *trade.Settings) { s.Execution.WholeShares, s.Execution.Shares = true, number("1.5") }},
		"execution.risk_pct":         {func(s *trade.Settings) { s.Execution.SizeBy = trade.SizeVolatility }, func(s *trade.Settings) { s.Execution.RiskPct = number("101") }},
		"execution.atr_period":       {func(s *trade.Settings) { s.Execution.SizeBy, s.Execution.RiskPct = trade.SizeVolatility, number("1") }},
		"execution.atr_multiple":     {func(s *trade.Settings) { s.Execution.ATRMultiple = -1 }},
		"execution.limit_offset_pct": {func(s *trade.Settings) { s.Execution.LimitOffsetPct = number("-50.1") }},
		"execution.max_slippage_pct": {func(s *trade.Settings) { s.Execution.MaxSlippagePct = number("-0.1") }},
		"execution.extended_hours": {
			func(s *trade.Settings) { s.Execution.ExtendedHours = true },
			func(s *trade.Settings) {
				s.OrderType, s.TimeInForce, s.Execution.ExtendedHours = trade.LimitOrder, trade.TIFGTC, true
			},
			func(s *trade.Settings) {
				s.OrderType, s.Execution.ExtendedHours, s.Execution.StopLossPct = trade.LimitOrder, true, number("1")
			},
		},
		"execution.stop_loss_pct": {
			func(s *trade.Settings) { s.Execution.StopLossPct = number("100") },
			func(s *trade.Settings) { s.TimeInForce, s.Execution.TakeProfitPct = trade.TIFIOC, number("1") },
		},
		"execution.take_profit_pct": {func(s *trade.Settings) { s.Execution.TakeProfitPct = number("1e30") }},
		"execution.trailing_stop_pct": {
			func(s *trade.Settings) { s.Execution.TrailingStopPct = number("0.09") },
			func(s *trade.Settings) {
				s.Execution.TrailingStopPct, s.Execution.TakeProfitPct = number("1"), number("1")
			},
		},
		"execution.foreign":                        {func(s *trade.Settings) { s.Execution.Foreign = "sell" }},
		"risk.max_exposure_pct":                    {func(s *trade.Settings) { s.Risk.MaxExposurePct = number("-1") }},
		"risk.sectors":                             {func(s *trade.Settings) { s.Risk.Sectors = map[string]string{"aapl": "x"} }, func(s *trade.Settings) { s.Risk.Sectors = map[string]string{"AAPL": strings.Repeat("x", 41)} }},
		"risk.max_orders_per_day":                  {func(s *trade.Settings) { s.Risk.MaxOrdersPerDay = -1 }},
		"risk.max_drawdown.percent":                {func(s *trade.Settings) { s.Risk.MaxDrawdown.Percent = number("101") }},
		"risk.stoploss_guard.lookback_minutes":     {func(s *trade.Settings) { s.Risk.StoplossGuard.Trades = 1 }},
		"risk.low_profit_symbols.lookback_minutes": {func(s *trade.Settings) { s.Risk.LowProfitSymbols.Trades = 1 }},
		"risk.cooldown_minutes":                    {func(s *trade.Settings) { s.Risk.CooldownMinutes = -1 }},
		"risk.min_volume":                          {func(s *trade.Settings) { s.Risk.MinVolume = -1 }},
		"schedule.kind":                            {func(s *trade.Settings) { s.Schedule.Kind = "daily" }},
		"schedule.cron":                            {func(s *trade.Settings) { s.Schedule.Kind = trade.ByCron }},
	} {
		for i, change := range changes {
			settings := trade.DefaultSettings()
			change(&settings)
			if problem, ok := settings.Validate().(*trade.FieldError); !ok || problem.Field != field {
				t.Errorf("%s, change %d: got %v", field, i, settings.Validate())
			}
		}
	}
}

// TestSettingsKeepTheirJSON: what is written reads back the same, and what is off is not written.
func TestSettingsKeepTheirJSON(t *testing.T) {
	t.Parallel()
	settings := trade.DefaultSettings()
	settings.Execution = trade.ExecutionSettings{SizeBy: trade.SizeDollars, Dollars: number("100.10"), StopLossPct: number("2.5")}
	settings.Risk = trade.RiskLimits{DailyLossPct: number("3"), Sectors: map[string]string{"AAPL": "x"}, StoplossGuard: trade.StoplossGuard{Trades: 2, LookbackMinutes: 60, PauseMinutes: 5}}
	for _, want := range []trade.Settings{settings, trade.DefaultSettings(), trade.DefaultFileSettings()} {
		written, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got trade.Settings
		if err := json.Unmarshal(written, &got); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(got)
		if err != nil || string(again) != string(written) || !reflect.DeepEqual(got.Schedule, want.Schedule) {
			t.Errorf("%s became %s, %v", written, again, err)
		}
	}
	written, err := json.Marshal(settings.Risk)
	if want := `{"sectors":{"AAPL":"x"},"daily_loss_pct":"3","stoploss_guard":{"trades":2,"lookback_minutes":60,"pause_minutes":5}}`; err != nil || string(written) != want {
		t.Errorf("%s, %v; want %s", written, err, want)
	}
}
