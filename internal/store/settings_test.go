package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// TestSettingsComeBack: every setting is stored and read as it was, on both databases.
func TestSettingsComeBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s := storetest.Open(t, address(t), store.Options{})
		user := auth.User{ID: uuid.NewString(), Username: "ann", Email: "ann@example.com", PasswordHash: "x", Role: auth.Trader, CreatedAt: time.Unix(1, 0)}
		user, err := s.CreateUser(t.Context(), user, []byte{1}, trade.DefaultSettings(), audit.Entry{Action: audit.Register})
		if err != nil {
			t.Fatal(err)
		}
		check := func(name string, want trade.Settings) {
			got, err := s.UserSettings(t.Context(), user.ID)
			if err != nil || text(t, got) != text(t, want) {
				t.Errorf("%s: %s, %v\nwant %s", name, text(t, got), err, text(t, want))
			}
		}
		check("at first", trade.DefaultSettings())
		changed := trade.DefaultFileSettings()
		changed.OrderType = trade.LimitOrder
		changed.Schedule = trade.ScheduleSettings{Kind: trade.ByCron, Cron: "35 15 * * 1-5", IntervalMinutes: 7, ExtendedHours: true}
		changed.Execution = trade.ExecutionSettings{
			SizeBy: trade.SizeVolatility, RiskPct: decimal.RequireFromString("1.25"), ATRPeriod: 14, ATRMultiple: 2.5,
			LimitOffsetPct: decimal.RequireFromString("-0.1"), TrailingStopPct: decimal.RequireFromString("3"), Foreign: trade.IgnoreForeign,
		}
		changed.Risk = trade.RiskLimits{
			MaxSectorPct: decimal.RequireFromString("33.3"), Sectors: map[string]string{"AAPL": "technology"}, CooldownMinutes: 5, MinVolume: 1e6,
			LowProfitSymbols: trade.LowProfitLimit{Trades: 2, LookbackMinutes: 60, PauseMinutes: 30, RequiredPct: decimal.RequireFromString("-1")},
		}
		if err := s.UpdateSettings(t.Context(), user.ID, changed, audit.Entry{Action: audit.SettingsUpdate}); err != nil {
			t.Fatal(err)
		}
		check("changed", changed)
	})
}

func text(t *testing.T, settings trade.Settings) string {
	t.Helper()
	written, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}
