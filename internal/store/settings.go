package store

import (
	"context"

	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type settingsRow struct {
	bun.BaseModel `bun:"table:settings"`

	UserID                  string
	Timeframe               trade.Timeframe
	LookbackDays            int
	RSIEnabled              bool
	RSIPeriod               int
	RSIOverbought           float64
	RSIOversold             float64
	SMAEnabled              bool
	SMAShortPeriod          int
	SMALongPeriod           int
	MACDEnabled             bool
	MACDFastPeriod          int
	MACDSlowPeriod          int
	MACDSignalPeriod        int
	BollingerEnabled        bool
	BollingerPeriod         int
	BollingerStdDev         float64
	SignalMode              trade.SignalMode
	SignalMinAgree          int
	OrderType               trade.OrderType
	TimeInForce             trade.TimeInForce
	PositionSizePct         decimal.Decimal
	MaxPositions            int
	AllowShort              bool
	ScheduleIntervalMinutes int
	ScheduleCron            string
	ScheduleMarketHoursOnly bool
	ScheduleKind            trade.ScheduleKind
	ScheduleExtendedHours   bool
	Execution               document[trade.ExecutionSettings]
	Risk                    document[trade.RiskLimits]
}

func rowOfSettings(userID string, s trade.Settings) settingsRow {
	return settingsRow{
		UserID: userID, Timeframe: s.Timeframe, LookbackDays: s.LookbackDays,
		RSIEnabled: s.RSI.Enabled, RSIPeriod: s.RSI.Period,
		RSIOverbought: s.RSI.Overbought, RSIOversold: s.RSI.Oversold,
		SMAEnabled: s.SMA.Enabled, SMAShortPeriod: s.SMA.ShortPeriod, SMALongPeriod: s.SMA.LongPeriod,
		MACDEnabled: s.MACD.Enabled, MACDFastPeriod: s.MACD.FastPeriod,
		MACDSlowPeriod: s.MACD.SlowPeriod, MACDSignalPeriod: s.MACD.SignalPeriod,
		BollingerEnabled: s.Bollinger.Enabled, BollingerPeriod: s.Bollinger.Period, BollingerStdDev: s.Bollinger.StdDev,
		SignalMode: s.SignalMode, SignalMinAgree: s.SignalMinAgree,
		OrderType: s.OrderType, TimeInForce: s.TimeInForce,
		PositionSizePct: s.PositionSizePct, MaxPositions: s.MaxPositions, AllowShort: s.AllowShort,
		ScheduleIntervalMinutes: s.Schedule.IntervalMinutes, ScheduleCron: s.Schedule.Cron,
		ScheduleMarketHoursOnly: s.Schedule.MarketHoursOnly,
		ScheduleKind:            s.Schedule.Kind, ScheduleExtendedHours: s.Schedule.ExtendedHours,
		Execution: document[trade.ExecutionSettings]{s.Execution}, Risk: document[trade.RiskLimits]{s.Risk},
	}
}

func (r settingsRow) settings() trade.Settings {
	return trade.Settings{
		Timeframe: r.Timeframe, LookbackDays: r.LookbackDays,
		RSI:        trade.RSISettings{Enabled: r.RSIEnabled, Period: r.RSIPeriod, Overbought: r.RSIOverbought, Oversold: r.RSIOversold},
		SMA:        trade.SMASettings{Enabled: r.SMAEnabled, ShortPeriod: r.SMAShortPeriod, LongPeriod: r.SMALongPeriod},
		MACD:       trade.MACDSettings{Enabled: r.MACDEnabled, FastPeriod: r.MACDFastPeriod, SlowPeriod: r.MACDSlowPeriod, SignalPeriod: r.MACDSignalPeriod},
		Bollinger:  trade.BollingerSettings{Enabled: r.BollingerEnabled, Period: r.BollingerPeriod, StdDev: r.BollingerStdDev},
		SignalMode: r.SignalMode, SignalMinAgree: r.SignalMinAgree,
		OrderType: r.OrderType, TimeInForce: r.TimeInForce,
		PositionSizePct: r.PositionSizePct, MaxPositions: r.MaxPositions, AllowShort: r.AllowShort,
		Execution: r.Execution.value, Risk: r.Risk.value,
		Schedule: trade.ScheduleSettings{
			Kind: r.ScheduleKind, IntervalMinutes: r.ScheduleIntervalMinutes, Cron: r.ScheduleCron,
			MarketHoursOnly: r.ScheduleMarketHoursOnly, ExtendedHours: r.ScheduleExtendedHours,
		},
	}
}

// UserSettings returns the user's strategy.
func (s *Store) UserSettings(ctx context.Context, userID string) (trade.Settings, error) {
	rows, err := s.userSettings.of(ctx, userID)
	if err != nil {
		return trade.Settings{}, explain(err)
	}
	if len(rows) == 0 {
		return trade.Settings{}, fault.New(fault.NotFound, noUser)
	}
	return rows[0].settings(), nil
}

// UpdateSettings stores the user's whole strategy.
func (s *Store) UpdateSettings(ctx context.Context, userID string, settings trade.Settings, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		row := rowOfSettings(userID, settings)
		result, err := tx.NewUpdate().Model(&row).ExcludeColumn("user_id").Where("user_id = ?", userID).Exec(ctx)
		if err := mustChange(result, err, fault.New(fault.NotFound, noUser)); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}
