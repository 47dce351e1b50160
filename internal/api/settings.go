package api

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type switchView struct {
	Enabled bool   `json:"enabled"`
	Name    string `json:"name"`
}

type indicatorsView struct {
	RSI            switchView       `json:"rsi"`
	SMA            switchView       `json:"sma"`
	MACD           switchView       `json:"macd"`
	Bollinger      switchView       `json:"bollinger"`
	Schedule       switchView       `json:"schedule" doc:"The automation switch of the active account"`
	SignalMode     trade.SignalMode `json:"signal_mode" enum:"unanimous,majority,any"`
	SignalMinAgree int              `json:"signal_min_agree"`
}

func (s *server) indicators(ctx context.Context, _ *nothing) (indicatorsView, error) {
	now, err := s.App.Indicators(ctx, principalOf(ctx))
	settings := now.Settings
	return indicatorsView{
		RSI: switchView{settings.RSI.Enabled, "RSI"}, SMA: switchView{settings.SMA.Enabled, "SMA Crossover"},
		MACD: switchView{settings.MACD.Enabled, "MACD"}, Bollinger: switchView{settings.Bollinger.Enabled, "Bollinger Bands"},
		Schedule:   switchView{now.Automated, "Automated Trading"},
		SignalMode: settings.SignalMode, SignalMinAgree: settings.SignalMinAgree,
	}, err
}

// indicatorSwitches are the switches to flip; absent ones stay.
type indicatorSwitches struct {
	RSI             *bool             `json:"rsi,omitempty"`
	SMA             *bool             `json:"sma,omitempty"`
	MACD            *bool             `json:"macd,omitempty"`
	Bollinger       *bool             `json:"bollinger,omitempty"`
	ScheduleEnabled *bool             `json:"schedule_enabled,omitempty" doc:"The automation switch of the active account"`
	SignalMode      *trade.SignalMode `json:"signal_mode,omitempty" enum:"unanimous,majority,any"`
	SignalMinAgree  *int              `json:"signal_min_agree,omitempty" minimum:"1" maximum:"4"`
}

type indicatorsInput struct{ Body indicatorSwitches }

type indicatorsUpdated struct {
	Success bool              `json:"success"`
	Updated indicatorSwitches `json:"updated"`
}

func (s *server) indicatorsUpdate(ctx context.Context, input *indicatorsInput) (indicatorsUpdated, error) {
	change := input.Body
	err := s.App.UpdateIndicators(ctx, principalOf(ctx), app.IndicatorChange{
		RSI: change.RSI, SMA: change.SMA, MACD: change.MACD, Bollinger: change.Bollinger,
		Automated: change.ScheduleEnabled, SignalMode: change.SignalMode, SignalMinAgree: change.SignalMinAgree,
	})
	return indicatorsUpdated{true, change}, err
}

// strategy is all of a user's settings. The same type is read and written: in a change every
// field may be absent and then stays as it is.
type strategy struct {
	Timeframe               *trade.Timeframe   `json:"timeframe,omitempty" enum:"1Min,5Min,15Min,1Hour,1Day"`
	LookbackDays            *int               `json:"lookback_days,omitempty"`
	RSI                     *rsiStrategy       `json:"rsi,omitempty"`
	SMA                     *smaStrategy       `json:"sma,omitempty"`
	MACD                    *macdStrategy      `json:"macd,omitempty"`
	Bollinger               *bollingerStrategy `json:"bollinger,omitempty"`
	SignalMode              *trade.SignalMode  `json:"signal_mode,omitempty" enum:"unanimous,majority,any"`
	SignalMinAgree          *int               `json:"signal_min_agree,omitempty"`
	OrderType               *trade.OrderType   `json:"order_type,omitempty" enum:"market"`
	TimeInForce             *trade.TimeInForce `json:"time_in_force,omitempty" enum:"day,gtc,ioc"`
	PositionSizePct         *float64           `json:"position_size_pct,omitempty" doc:"Percent of equity for one entry"`
	MaxPositions            *int               `json:"max_positions,omitempty"`
	AllowShort              *bool              `json:"allow_short,omitempty"`
	ScheduleIntervalMinutes *int               `json:"schedule_interval_minutes,omitempty"`
	ScheduleCron            cronText           `json:"schedule_cron,omitempty" doc:"Five fields in New York time; null: every schedule_interval_minutes"`
	ScheduleMarketHoursOnly *bool              `json:"schedule_market_hours_only,omitempty"`
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
		ScheduleIntervalMinutes: &settings.Schedule.IntervalMinutes,
		ScheduleCron:            cronText{true, settings.Schedule.Cron},
		ScheduleMarketHoursOnly: &settings.Schedule.MarketHoursOnly,
	}
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
	set(&settings.Schedule.IntervalMinutes, c.ScheduleIntervalMinutes)
	if c.ScheduleCron.Given {
		settings.Schedule.Cron = c.ScheduleCron.Expression
	}
	set(&settings.Schedule.MarketHoursOnly, c.ScheduleMarketHoursOnly)
}

func set[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}

func (s *server) settings(ctx context.Context, _ *nothing) (strategy, error) {
	settings, err := s.App.UserSettings(ctx, principalOf(ctx))
	return viewStrategy(settings), err
}

type settingsInput struct{ Body strategy }

type settingsUpdated struct {
	Success  bool     `json:"success"`
	Settings strategy `json:"settings"`
}

func (s *server) settingsUpdate(ctx context.Context, input *settingsInput) (settingsUpdated, error) {
	settings, err := s.App.UpdateSettings(ctx, principalOf(ctx), input.Body.apply)
	return settingsUpdated{true, viewStrategy(settings)}, err
}
