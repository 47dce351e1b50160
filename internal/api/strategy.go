package api

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// strategy is all of a user's settings. The same type is read and written: in a change every
// field may be absent and then stays as it is.
type strategy struct {
	Timeframe               *trade.Timeframe    `json:"timeframe,omitempty" enum:"1Min,5Min,15Min,1Hour,1Day"`
	LookbackDays            *int                `json:"lookback_days,omitempty"`
	RSI                     *rsiStrategy        `json:"rsi,omitempty"`
	SMA                     *smaStrategy        `json:"sma,omitempty"`
	MACD                    *macdStrategy       `json:"macd,omitempty"`
	Bollinger               *bollingerStrategy  `json:"bollinger,omitempty"`
	SignalMode              *trade.SignalMode   `json:"signal_mode,omitempty" enum:"unanimous,majority,any"`
	SignalMinAgree          *int                `json:"signal_min_agree,omitempty"`
	OrderType               *trade.OrderType    `json:"order_type,omitempty" enum:"market,limit"`
	TimeInForce             *trade.TimeInForce  `json:"time_in_force,omitempty" enum:"day,gtc,ioc"`
	PositionSizePct         *float64            `json:"position_size_pct,omitempty" doc:"Percent of equity for one entry"`
	MaxPositions            *int                `json:"max_positions,omitempty"`
	AllowShort              *bool               `json:"allow_short,omitempty"`
	Execution               *execution          `json:"execution,omitempty"`
	Risk                    *riskLimits         `json:"risk,omitempty"`
	ScheduleKind            *trade.ScheduleKind `json:"schedule_kind,omitempty" enum:"bar_close,interval,cron" doc:"Left out of a change: cron or interval when one of them is given"`
	ScheduleIntervalMinutes *int                `json:"schedule_interval_minutes,omitempty"`
	ScheduleCron            cronText            `json:"schedule_cron,omitempty" doc:"Five fields in New York time; null: none"`
	ScheduleMarketHoursOnly *bool               `json:"schedule_market_hours_only,omitempty"`
	ScheduleExtendedHours   *bool               `json:"schedule_extended_hours,omitempty" doc:"Sessions from 04:00 to 20:00 instead of 09:30 to 16:00, New York time"`
}

type rsiStrategy struct {
	Enabled    *bool    `json:"enabled,omitempty"`
	Period     *int     `json:"period,omitempty"`
	Overbought *float64 `json:"overbought,omitempty"`
	Oversold   *float64 `json:"oversold,omitempty"`
}

type smaStrategy struct {
	Enabled     *bool `json:"enabled,omitempty"`
	ShortPeriod *int  `json:"short_period,omitempty"`
	LongPeriod  *int  `json:"long_period,omitempty"`
}

type macdStrategy struct {
	Enabled      *bool `json:"enabled,omitempty"`
	FastPeriod   *int  `json:"fast_period,omitempty"`
	SlowPeriod   *int  `json:"slow_period,omitempty"`
	SignalPeriod *int  `json:"signal_period,omitempty"`
}

type bollingerStrategy struct {
	Enabled *bool    `json:"enabled,omitempty"`
	Period  *int     `json:"period,omitempty"`
	StdDev  *float64 `json:"std_dev,omitempty"`
}

// cronText tells an absent field from null, which clears the expression.
type cronText struct {
	Given      bool
	Expression string
}

// UnmarshalJSON reads a string or null.
func (c *cronText) UnmarshalJSON(data []byte) error {
	var expression *string
	if err := json.Unmarshal(data, &expression); err != nil {
		return err
	}
	*c = cronText{Given: true}
	if expression != nil {
		c.Expression = *expression
	}
	return nil
}

// MarshalJSON writes the string, or null when there is none.
func (c cronText) MarshalJSON() ([]byte, error) {
	if c.Expression == "" {
		return []byte("null"), nil
	}
	return json.Marshal(c.Expression)
}

// Schema describes it as a string or null.
func (cronText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Nullable: true}
}

func viewStrategy(settings trade.Settings) strategy {
	size := settings.PositionSizePct.InexactFloat64()
	return strategy{
		Timeframe: &settings.Timeframe, LookbackDays: &settings.LookbackDays,
		RSI:        &rsiStrategy{&settings.RSI.Enabled, &settings.RSI.Period, &settings.RSI.Overbought, &settings.RSI.Oversold},
		SMA:        &smaStrategy{&settings.SMA.Enabled, &settings.SMA.ShortPeriod, &settings.SMA.LongPeriod},
		MACD:       &macdStrategy{&settings.MACD.Enabled, &settings.MACD.FastPeriod, &settings.MACD.SlowPeriod, &settings.MACD.SignalPeriod},
		Bollinger:  &bollingerStrategy{&settings.Bollinger.Enabled, &settings.Bollinger.Period, &settings.Bollinger.StdDev},
		SignalMode: &settings.SignalMode, SignalMinAgree: &settings.SignalMinAgree,
		OrderType: &settings.OrderType, TimeInForce: &settings.TimeInForce, PositionSizePct: &size,
		MaxPositions: &settings.MaxPositions, AllowShort: &settings.AllowShort,
		Execution: viewExecution(settings.Execution), Risk: viewRisk(settings.Risk),
		ScheduleKind:            scheduleKind(settings.Schedule),
		ScheduleIntervalMinutes: &settings.Schedule.IntervalMinutes,
		ScheduleCron:            cronText{true, settings.Schedule.Cron},
		ScheduleMarketHoursOnly: &settings.Schedule.MarketHoursOnly,
		ScheduleExtendedHours:   &settings.Schedule.ExtendedHours,
	}
}

// scheduleKind is the kind in force; schedules that name none go by what they hold.
func scheduleKind(schedule trade.ScheduleSettings) *trade.ScheduleKind {
	kind := schedule.KindInForce()
	return &kind
}

// apply writes what is given into the settings.
func (c strategy) apply(settings *trade.Settings) {
	set(&settings.Timeframe, c.Timeframe)
	set(&settings.LookbackDays, c.LookbackDays)
	if c.RSI != nil {
		set(&settings.RSI.Enabled, c.RSI.Enabled)
		set(&settings.RSI.Period, c.RSI.Period)
		set(&settings.RSI.Overbought, c.RSI.Overbought)
		set(&settings.RSI.Oversold, c.RSI.Oversold)
	}
	if c.SMA != nil {
		set(&settings.SMA.Enabled, c.SMA.Enabled)
		set(&settings.SMA.ShortPeriod, c.SMA.ShortPeriod)
		set(&settings.SMA.LongPeriod, c.SMA.LongPeriod)
	}
	if c.MACD != nil {
		set(&settings.MACD.Enabled, c.MACD.Enabled)
		set(&settings.MACD.FastPeriod, c.MACD.FastPeriod)
		set(&settings.MACD.SlowPeriod, c.MACD.SlowPeriod)
		set(&settings.MACD.SignalPeriod, c.MACD.SignalPeriod)
	}
	if c.Bollinger != nil {
		set(&settings.Bollinger.Enabled, c.Bollinger.Enabled)
		set(&settings.Bollinger.Period, c.Bollinger.Period)
		set(&settings.Bollinger.StdDev, c.Bollinger.StdDev)
	}
	c.applyTrading(settings)
}

func (c strategy) applyTrading(settings *trade.Settings) {
	set(&settings.SignalMode, c.SignalMode)
	set(&settings.SignalMinAgree, c.SignalMinAgree)
	set(&settings.OrderType, c.OrderType)
	set(&settings.TimeInForce, c.TimeInForce)
	if c.PositionSizePct != nil {
		settings.PositionSizePct = decimal.NewFromFloat(*c.PositionSizePct)
	}
	set(&settings.MaxPositions, c.MaxPositions)
	set(&settings.AllowShort, c.AllowShort)
	if c.Execution != nil {
		c.Execution.apply(&settings.Execution)
	}
	if c.Risk != nil {
		c.Risk.apply(&settings.Risk)
	}
	c.applySchedule(&settings.Schedule)
}

// applySchedule takes a change that names no kind as a client of before there were kinds means it.
func (c strategy) applySchedule(schedule *trade.ScheduleSettings) {
	set(&schedule.IntervalMinutes, c.ScheduleIntervalMinutes)
	set(&schedule.MarketHoursOnly, c.ScheduleMarketHoursOnly)
	set(&schedule.ExtendedHours, c.ScheduleExtendedHours)
	if c.ScheduleCron.Given {
		schedule.Cron = c.ScheduleCron.Expression
	}
	switch {
	case c.ScheduleKind != nil:
		schedule.Kind = *c.ScheduleKind
	case c.ScheduleCron.Given && schedule.Cron != "":
		schedule.Kind = trade.ByCron
	case c.ScheduleCron.Given && schedule.Kind == trade.ByCron, c.ScheduleIntervalMinutes != nil && schedule.Kind != trade.ByCron:
		schedule.Kind = trade.EveryMinutes
	}
}

func set[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}
