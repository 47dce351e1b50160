package trade

import "github.com/shopspring/decimal"

// SignalMode says how votes become a signal.
type SignalMode string

// The three modes of the upgrade guide's system.
const (
	Unanimous SignalMode = "unanimous" // all enabled indicators agree
	Majority  SignalMode = "majority"  // at least MinAgree, and more than the other side
	Any       SignalMode = "any"       // one side only has votes
)

// Settings are one user's (or one configuration file's) strategy: what is computed, how votes
// are counted, what is ordered and when. Its JSON is kept in the database.
type Settings struct {
	Timeframe    Timeframe `json:"timeframe"`
	LookbackDays int       `json:"lookback_days"` // at least this many days of bars are shown and examined

	RSI       RSISettings       `json:"rsi"`
	SMA       SMASettings       `json:"sma"`
	MACD      MACDSettings      `json:"macd"`
	Bollinger BollingerSettings `json:"bollinger"`

	SignalMode     SignalMode `json:"signal_mode"`
	SignalMinAgree int        `json:"signal_min_agree"` // 1-4, used by Majority

	OrderType       OrderType         `json:"order_type"`
	TimeInForce     TimeInForce       `json:"time_in_force"`
	PositionSizePct decimal.Decimal   `json:"position_size_pct"` // percent of equity for one entry, 0 < p <= 100
	MaxPositions    int               `json:"max_positions"`
	AllowShort      bool              `json:"allow_short"`
	Execution       ExecutionSettings `json:"execution"`
	Risk            RiskLimits        `json:"risk"`

	Schedule ScheduleSettings `json:"schedule"`
}

// RSISettings configure the relative strength index.
type RSISettings struct {
	Enabled    bool    `json:"enabled"`
	Period     int     `json:"period"`
	Overbought float64 `json:"overbought"`
	Oversold   float64 `json:"oversold"`
}

// SMASettings configure the crossing of two simple moving averages.
type SMASettings struct {
	Enabled     bool `json:"enabled"`
	ShortPeriod int  `json:"short_period"`
	LongPeriod  int  `json:"long_period"`
}

// MACDSettings configure the crossing of the MACD line and its signal line.
type MACDSettings struct {
	Enabled      bool `json:"enabled"`
	FastPeriod   int  `json:"fast_period"`
	SlowPeriod   int  `json:"slow_period"`
	SignalPeriod int  `json:"signal_period"`
}

// BollingerSettings configure the Bollinger bands.
type BollingerSettings struct {
	Enabled bool    `json:"enabled"`
	Period  int     `json:"period"`
	StdDev  float64 `json:"std_dev"`
}

// ScheduleSettings say when an account's cycle runs. Whether it runs at all is the account's own
// switch, so that automation allowed for one account never starts on another.
type ScheduleSettings struct {
	Kind            ScheduleKind `json:"kind"`
	IntervalMinutes int          `json:"interval_minutes"`
	Cron            string       `json:"cron"` // five fields in New York time
	MarketHoursOnly bool         `json:"market_hours_only"`
	ExtendedHours   bool         `json:"extended_hours"` // sessions begin at 04:00 and end at 20:00 instead of 09:30 and 16:00
}

// ScheduleKind says what a schedule counts by.
type ScheduleKind string

// The kinds.
const (
	AtBarClose   ScheduleKind = "bar_close" // when a bar of the settings' timeframe closes
	EveryMinutes ScheduleKind = "interval"
	ByCron       ScheduleKind = "cron"
)

// KindInForce is Kind, or for a schedule that names none what it holds: its cron expression, else
// its interval.
func (s ScheduleSettings) KindInForce() ScheduleKind {
	switch {
	case s.Kind != "":
		return s.Kind
	case s.Cron != "":
		return ByCron
	default:
		return EveryMinutes
	}
}

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
		Execution: ExecutionSettings{SizeBy: SizePercent, Foreign: AdoptForeign},
		Schedule:  ScheduleSettings{Kind: AtBarClose, IntervalMinutes: 60, MarketHoursOnly: true},
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
