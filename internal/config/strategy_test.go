package config_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const everyNewKey = `
execution:
  order_type: limit
  size_by: volatility
  dollars: 500
  shares: 3
  risk_pct: 1.5
  atr_period: 14
  atr_multiple: 2.5
  whole_shares: true
  limit_offset_pct: -0.25
  max_slippage_pct: 0.5
  extended_hours: false
  stop_loss_pct: 2
  take_profit_pct: 6
  trailing_stop_pct: 0
  foreign: ignore
risk:
  max_exposure_pct: 80
  max_symbol_pct: 20
  max_sector_pct: 40
  sectors: {AAPL: technology, JPM: banks}
  max_orders_per_minute: 5
  max_orders_per_day: 50
  daily_loss_pct: 3
  max_drawdown: {percent: 15, lookback_days: 90, pause_minutes: 1440}
  consecutive_losses: {trades: 4, pause_minutes: 60}
  cooldown_minutes: 30
  stoploss_guard: {trades: 2, lookback_minutes: 600, pause_minutes: 120, per_symbol: true}
  low_profit_symbols: {trades: 3, lookback_minutes: 6000, pause_minutes: 1200, required_pct: -1}
  max_bar_age_minutes: 90
  max_price_gap_pct: 4
  max_spread_pct: 0.7
  min_price: 5
  min_volume: 10000
schedule:
  kind: bar_close
  extended_hours: true
`

func TestStrategyReadsExecutionRiskAndSchedule(t *testing.T) {
	t.Parallel()
	got, err := config.ParseStrategy("settings.yaml", []byte(everyNewKey))
	if err != nil {
		t.Fatal(err)
	}
	number := decimal.RequireFromString
	want := trade.DefaultFileSettings()
	want.OrderType = trade.LimitOrder
	want.Execution = trade.ExecutionSettings{
		SizeBy: trade.SizeVolatility, Dollars: number("500"), Shares: number("3"), RiskPct: number("1.5"), ATRPeriod: 14, ATRMultiple: 2.5,
		WholeShares: true, LimitOffsetPct: number("-0.25"), MaxSlippagePct: number("0.5"), StopLossPct: number("2"), TakeProfitPct: number("6"),
		Foreign: trade.IgnoreForeign,
	}
	want.Risk = trade.RiskLimits{
		MaxExposurePct: number("80"), MaxSymbolPct: number("20"), MaxSectorPct: number("40"),
		Sectors:            map[string]string{"AAPL": "technology", "JPM": "banks"},
		MaxOrdersPerMinute: 5, MaxOrdersPerDay: 50, DailyLossPct: number("3"),
		MaxDrawdown:       trade.DrawdownLimit{Percent: number("15"), LookbackDays: 90, PauseMinutes: 1440},
		ConsecutiveLosses: trade.LossStreakLimit{Trades: 4, PauseMinutes: 60}, CooldownMinutes: 30,
		StoplossGuard:    trade.StoplossGuard{Trades: 2, LookbackMinutes: 600, PauseMinutes: 120, PerSymbol: true},
		LowProfitSymbols: trade.LowProfitLimit{Trades: 3, LookbackMinutes: 6000, PauseMinutes: 1200, RequiredPct: number("-1")},
		MaxBarAgeMinutes: 90, MaxPriceGapPct: number("4"), MaxSpreadPct: number("0.7"), MinPrice: number("5"), MinVolume: 10000,
	}
	want.Schedule.ExtendedHours = true
	if !same(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestOldFilesKeepTheirSchedule: files from before there were kinds say by their keys when to run.
func TestOldFilesKeepTheirSchedule(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]trade.ScheduleKind{
		"schedule: {interval_minutes: 5}":                       trade.EveryMinutes,
		"schedule: {interval_minutes: 5, cron: null}":           trade.EveryMinutes,
		`schedule: {interval_minutes: 5, cron: "30 9 * * 1-5"}`: trade.ByCron,
		`schedule: {cron: "30 9 * * 1-5"}`:                      trade.ByCron,
		"schedule: {market_hours_only: true}":                   trade.AtBarClose,
		"":                                                      trade.AtBarClose,
		"schedule: {interval_minutes: 5, kind: bar_close}":      trade.AtBarClose,
		`schedule: {kind: interval, interval_minutes: 5, cron: "0 9 * * 1"}`: trade.EveryMinutes,
	} {
		if got, err := config.ParseStrategy("settings.yaml", []byte(text)); err != nil || got.Schedule.Kind != want {
			t.Errorf("%q: %q, %v; want %q", text, got.Schedule.Kind, err, want)
		}
	}
}

func TestWrongRiskNamesItsLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"risk:\n  daily_loss_pct: 101":                           "settings.yaml:2: risk.daily_loss_pct must be between 0 and 100",
		"risk:\n  stoploss_guard:\n    trades: 2":                "settings.yaml:2: risk.stoploss_guard.lookback_minutes must be between 1 and 527040",
		"risk:\n  sectors: [AAPL]":                               "settings.yaml:2: risk.sectors must be lines of `SYMBOL: text`",
		"risk:\n  sectors: {toolong: x}":                         "settings.yaml:2: risk.sectors must name symbols",
		"execution:\n  trailing_stop_pct: 2\n  stop_loss_pct: 1": "settings.yaml:2: execution.trailing_stop_pct cannot be combined",
		"execution:\n  extended_hours: true":                     "settings.yaml:2: execution.extended_hours needs order_type limit",
		"schedule:\n  kind: cron":                                "settings.yaml:1: schedule.cron must be given",
		"risk:\n  max_losses: 3":                                 `unknown key "max_losses"`,
	} {
		if _, err := config.ParseStrategy("settings.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
}
