package trade

import (
	"fmt"

	"github.com/shopspring/decimal"
)

// SignalMode says how votes become a signal.
type SignalMode string

// The three modes of the upgrade guide's system.
const (
	Unanimous SignalMode = "unanimous" // all enabled indicators agree
	Majority  SignalMode = "majority"  // at least MinAgree, and more than the other side
	Any       SignalMode = "any"       // one side only has votes
)

// Settings are one user's (or one configuration file's) strategy: what is computed, how votes
// are counted, what is ordered and when.
type Settings struct {
	Timeframe    Timeframe
	LookbackDays int // at least this many days of bars are shown and examined

	RSI       RSISettings
	SMA       SMASettings
	MACD      MACDSettings
	Bollinger BollingerSettings

	SignalMode     SignalMode
	SignalMinAgree int // 1-4, used by Majority

	OrderType       OrderType
	TimeInForce     TimeInForce
	PositionSizePct decimal.Decimal // percent of equity for one entry, 0 < p <= 100
	MaxPositions    int
	AllowShort      bool
	Execution       ExecutionSettings
	Risk            RiskLimits

	Schedule ScheduleSettings
}

// RSISettings configure the relative strength index.
type RSISettings struct {
	Enabled    bool
	Period     int
	Overbought float64
	Oversold   float64
}

// SMASettings configure the crossing of two simple moving averages.
type SMASettings struct {
	Enabled     bool
	ShortPeriod int
	LongPeriod  int
}

// MACDSettings configure the crossing of the MACD line and its signal line.
type MACDSettings struct {
	Enabled      bool
	FastPeriod   int
	SlowPeriod   int
	SignalPeriod int
}

// BollingerSettings configure the Bollinger bands.
type BollingerSettings struct {
	Enabled bool
	Period  int
	StdDev  float64
}

// ScheduleSettings say when an account's cycle runs. Whether it runs at all is the account's own
// switch, so that automation allowed for one account never starts on another.
type ScheduleSettings struct {
	Kind            ScheduleKind
	IntervalMinutes int
	Cron            string // five fields in New York time
	MarketHoursOnly bool
	ExtendedHours   bool // sessions begin at 04:00 and end at 20:00 instead of 09:30 and 16:00
}

// ScheduleKind says what a schedule counts by.
type ScheduleKind string

// The kinds.
const (
	AtBarClose   ScheduleKind = "bar_close" // when a bar of the settings' timeframe closes
	EveryMinutes ScheduleKind = "interval"
	ByCron       ScheduleKind = "cron"
)

// DefaultSettings are the defaults of a user in the database (the Python system's columns).
func DefaultSettings() Settings {
	return Settings{
		Timeframe: Hour, LookbackDays: 30,
		RSI:        RSISettings{true, 14, 70, 30},
		SMA:        SMASettings{true, 50, 200},
		MACD:       MACDSettings{true, 12, 26, 9},
		Bollinger:  BollingerSettings{true, 20, 2},
		SignalMode: Majority, SignalMinAgree: 2,
		OrderType: MarketOrder, TimeInForce: TIFDay,
		PositionSizePct: decimal.NewFromInt(10), MaxPositions: 5,
		Schedule: ScheduleSettings{IntervalMinutes: 60, MarketHoursOnly: true},
	}
}

// DefaultFileSettings are the defaults of config/settings.yaml.
func DefaultFileSettings() Settings {
	s := DefaultSettings()
	s.Timeframe, s.LookbackDays = Day, 100
	s.SMA.ShortPeriod, s.SMA.LongPeriod = 20, 50
	s.SignalMode = Any
	s.PositionSizePct, s.MaxPositions = decimal.NewFromInt(5), 10
	s.Schedule.IntervalMinutes = 5
	return s
}

// FieldError names the setting that is wrong, by the path used in settings.yaml.
type FieldError struct{ Field, Problem string }

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// Validate returns the first setting that makes no sense, as a *FieldError.
func (s Settings) Validate() error {
	for _, rule := range s.rules() {
		if !rule.ok {
			return &FieldError{rule.field, rule.want}
		}
	}
	return nil
}

type settingRule struct {
	field string
	ok    bool
	want  string
}

const longestPeriod = 1000 // bars; beyond it a request for enough history stops being sensible

func (s Settings) rules() []settingRule {
	period := func(n int) bool { return n >= 1 && n <= longestPeriod }
	oneOf := func(v string, all ...string) bool {
		for _, a := range all {
			if v == a {
				return true
			}
		}
		return false
	}
	_, timeframe := ParseTimeframe(string(s.Timeframe))
	periods := fmt.Sprintf("must be between 1 and %d", longestPeriod)
	hundred := decimal.NewFromInt(100)
	return []settingRule{
		{"data.timeframe", timeframe == nil, "must be 1Min, 5Min, 15Min, 1Hour or 1Day"},
		{"data.lookback_days", s.LookbackDays >= 1 && s.LookbackDays <= 3650, "must be between 1 and 3650"},
		{"indicators.rsi.period", period(s.RSI.Period), periods},
		{"indicators.rsi.overbought", s.RSI.Overbought > 0 && s.RSI.Overbought <= 100, "must be above 0 and at most 100"},
		{"indicators.rsi.oversold", s.RSI.Oversold >= 0 && s.RSI.Oversold < 100, "must be at least 0 and below 100"},
		{"indicators.rsi.oversold", s.RSI.Oversold < s.RSI.Overbought, "must be below overbought"},
		{"indicators.sma_crossover.short_period", period(s.SMA.ShortPeriod), periods},
		{"indicators.sma_crossover.long_period", period(s.SMA.LongPeriod), periods},
		{"indicators.sma_crossover.short_period", s.SMA.ShortPeriod < s.SMA.LongPeriod, "must be below long_period"},
		{"indicators.macd.fast_period", period(s.MACD.FastPeriod), periods},
		{"indicators.macd.slow_period", period(s.MACD.SlowPeriod), periods},
		{"indicators.macd.signal_period", period(s.MACD.SignalPeriod), periods},
		{"indicators.macd.fast_period", s.MACD.FastPeriod < s.MACD.SlowPeriod, "must be below slow_period"},
		{"indicators.bollinger_bands.period", s.Bollinger.Period >= 2 && period(s.Bollinger.Period), "must be between 2 and 1000"},
		{"indicators.bollinger_bands.std_dev", s.Bollinger.StdDev > 0 && s.Bollinger.StdDev <= 10, "must be above 0 and at most 10"},
		{"signal.mode", oneOf(string(s.SignalMode), "unanimous", "majority", "any"), "must be unanimous, majority or any"},
		{"signal.min_agree", s.SignalMinAgree >= 1 && s.SignalMinAgree <= 4, "must be between 1 and 4"},
		{"execution.order_type", s.OrderType == MarketOrder, "must be market (limit orders are not supported yet)"},
		{"execution.time_in_force", oneOf(string(s.TimeInForce), "day", "gtc", "ioc"), "must be day, gtc or ioc"},
		{"execution.position_size_pct", s.PositionSizePct.IsPositive() && s.PositionSizePct.LessThanOrEqual(hundred), "must be above 0 and at most 100"},
		{"execution.max_positions", s.MaxPositions >= 1 && s.MaxPositions <= 500, "must be between 1 and 500"},
		{"schedule.interval_minutes", s.Schedule.IntervalMinutes >= 1 && s.Schedule.IntervalMinutes <= 10080, "must be between 1 and 10080"},
	}
}
