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

// TestSettingsOfANewerVersionAreRefused: a limit that this version does not know would not hold, so
// what is stored with one is not read at all.
func TestSettingsOfANewerVersionAreRefused(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	user := auth.User{ID: uuid.NewString(), Username: "ann", Email: "ann@example.com", PasswordHash: "x", Role: auth.Trader, CreatedAt: time.Unix(1, 0)}
	if _, err := s.CreateUser(t.Context(), user, []byte{1}, trade.DefaultSettings(), audit.Entry{Action: audit.Register}); err != nil {
		t.Fatal(err)
	}
	account := trade.BrokerageAccount{ID: uuid.NewString(), UserID: user.ID, Name: "Paper", Paper: true, CreatedAt: time.Unix(1, 0), SealedKey: []byte{1}, SealedSecret: []byte{1}}
	if _, err := s.CreateAccount(t.Context(), account, audit.Entry{Action: audit.AccountCreated}); err != nil {
		t.Fatal(err)
	}
	reads := map[string]func() error{
		"UPDATE settings SET risk = ?": func() error {
			_, err := s.UserSettings(t.Context(), user.ID)
			return err
		},
		"UPDATE settings SET execution = ?": func() error {
			_, err := s.UserSettings(t.Context(), user.ID)
			return err
		},
		"UPDATE installation_settings SET risk = ?": func() error {
			_, err := s.InstallationRisk(t.Context())
			return err
		},
		"INSERT INTO account_strategies (account_id, user_id, settings) VALUES ('" + account.ID + "', '', ?) ON CONFLICT (account_id) DO UPDATE SET settings = EXCLUDED.settings": func() error {
			_, err := s.AccountStrategy(t.Context(), account.ID)
			return err
		},
	}
	for statement, read := range reads {
		for _, stored := range []string{`{"MaxSecretRisk": 3}`, `{} {}`, `{"`, `{}`} {
			good := stored == `{}`
			if _, err := s.Writer().ExecContext(t.Context(), statement, stored); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
			if err := read(); (err == nil) != good {
				t.Errorf("%s with %s is read: %v", statement, stored, err)
			}
		}
	}
}
