package legacy_test

import (
	"testing"

	"github.com/jcap24/alpaca-trader/internal/legacy"
)

// FuzzStrategy: whatever stands in the columns of an old row of settings, settings that make sense
// come out, and a note for each part that does not.
func FuzzStrategy(f *testing.F) {
	columns := []string{
		"timeframe", "lookback_days", "rsi_enabled", "rsi_period", "rsi_overbought", "sma_short", "macd_fast_period", "bb_std_dev", "signal_mode", "signal_min_agree",
		"order_type", "position_size_pct", "max_positions", "allow_short", "schedule_interval_minutes", "schedule_cron", "schedule_enabled",
	}
	for i, seed := range []string{"1Day", "-1", "true", "NaN", "1e999999999", "99999999999999999999", "any", "*/5 * * * *", "@every 1ns", "\x00", " 5", "0x10"} {
		f.Add(uint8(i), seed, uint8(i+3), "5")
	}
	f.Fuzz(func(t *testing.T, first uint8, one string, second uint8, other string) {
		row := legacy.Row{columns[int(first)%len(columns)]: one, columns[int(second)%len(columns)]: other}
		settings, _, notes := row.Strategy()
		if err := settings.Validate(); err != nil {
			t.Errorf("%v: %v; notes %v", row, err, notes)
		}
	})
}
