package legacy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Row is a row of an old table: what its columns hold, as text; a column that is NULL is missing.
type Row map[string]string

// text returns the first column that is there.
func (r Row) text(names ...string) (string, bool) {
	for _, name := range names {
		if value, ok := r[name]; ok {
			return value, true
		}
	}
	return "", false
}

// settingsPart is a part of the settings that makes sense as a whole or not at all.
type settingsPart struct {
	name string
	read func(Row, *trade.Settings) error
}

var settingsParts = []settingsPart{
	{"timeframe", func(r Row, s *trade.Settings) error { return word(r, &s.Timeframe, "timeframe") }},
	{"lookback", func(r Row, s *trade.Settings) error { return whole(r, &s.LookbackDays, "lookback_days") }},
	{"RSI", func(r Row, s *trade.Settings) error {
		return first(truth(r, &s.RSI.Enabled, "rsi_enabled"), whole(r, &s.RSI.Period, "rsi_period"),
			number(r, &s.RSI.Overbought, "rsi_overbought"), number(r, &s.RSI.Oversold, "rsi_oversold"))
	}},
	{"SMA", func(r Row, s *trade.Settings) error {
		return first(truth(r, &s.SMA.Enabled, "sma_enabled", "sma_crossover_enabled"), whole(r, &s.SMA.ShortPeriod, "sma_short_period", "sma_short"),
			whole(r, &s.SMA.LongPeriod, "sma_long_period", "sma_long"))
	}},
	{"MACD", func(r Row, s *trade.Settings) error {
		return first(truth(r, &s.MACD.Enabled, "macd_enabled"), whole(r, &s.MACD.FastPeriod, "macd_fast_period", "macd_fast"),
			whole(r, &s.MACD.SlowPeriod, "macd_slow_period", "macd_slow"), whole(r, &s.MACD.SignalPeriod, "macd_signal_period", "macd_signal"))
	}},
	{"Bollinger bands", func(r Row, s *trade.Settings) error {
		return first(truth(r, &s.Bollinger.Enabled, "bollinger_enabled", "bollinger_bands_enabled", "bb_enabled"),
			whole(r, &s.Bollinger.Period, "bollinger_period", "bb_period"), number(r, &s.Bollinger.StdDev, "bollinger_std_dev", "bb_std_dev"))
	}},
	{"signal", func(r Row, s *trade.Settings) error {
		return first(word(r, &s.SignalMode, "signal_mode"), whole(r, &s.SignalMinAgree, "signal_min_agree"))
	}},
	{"orders", func(r Row, s *trade.Settings) error {
		return first(word(r, &s.OrderType, "order_type"), word(r, &s.TimeInForce, "time_in_force"))
	}},
	{"position size", func(r Row, s *trade.Settings) error {
		return first(percent(r, &s.PositionSizePct, "position_size_pct"), whole(r, &s.MaxPositions, "max_positions"), truth(r, &s.AllowShort, "allow_short"))
	}},
	{"schedule", func(r Row, s *trade.Settings) error {
		return first(whole(r, &s.Schedule.IntervalMinutes, "schedule_interval_minutes"), truth(r, &s.Schedule.MarketHoursOnly, "schedule_market_hours_only"))
	}},
	{"schedule's cron expression", func(r Row, s *trade.Settings) error {
		written, ok := r.text("schedule_cron")
		if !ok || strings.TrimSpace(written) == "" {
			return nil
		}
		s.Schedule.Cron, s.Schedule.Kind = written, trade.ByCron
		return config.CheckCron(written)
	}},
}

// Strategy reads a user's settings. A part that makes no sense keeps its default, and a note says
// so; scheduled reports whether the old program traded by itself for the user.
func (r Row) Strategy() (settings trade.Settings, scheduled bool, notes []string) {
	settings = trade.DefaultSettings()
	for _, part := range settingsParts {
		changed := settings
		err := part.read(r, &changed)
		if err == nil {
			err = changed.Validate()
		}
		if err != nil {
			notes = append(notes, fmt.Sprintf("The %s setting is not one that this program takes (%s); it gets its default.", part.name, strings.TrimSuffix(err.Error(), ".")))
			continue
		}
		settings = changed
	}
	if truth(r, &scheduled, "schedule_enabled") != nil {
		scheduled = false
	}
	return settings, scheduled, notes
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func word[T ~string](r Row, into *T, names ...string) error {
	if text, ok := r.text(names...); ok {
		*into = T(text)
	}
	return nil
}

func whole(r Row, into *int, names ...string) (err error) {
	text, ok := r.text(names...)
	if !ok {
		return nil
	}
	if *into, err = strconv.Atoi(text); err != nil {
		return fmt.Errorf("%s is no whole number", names[0])
	}
	return nil
}

func number(r Row, into *float64, names ...string) (err error) {
	text, ok := r.text(names...)
	if !ok {
		return nil
	}
	if *into, err = strconv.ParseFloat(text, 64); err != nil {
		return fmt.Errorf("%s is no number", names[0])
	}
	return nil
}

func percent(r Row, into *decimal.Decimal, names ...string) (err error) {
	text, ok := r.text(names...)
	if !ok {
		return nil
	}
	if *into, err = decimal.NewFromString(text); err != nil {
		return fmt.Errorf("%s is no number", names[0])
	}
	return nil
}

func truth(r Row, into *bool, names ...string) (err error) {
	text, ok := r.text(names...)
	if !ok {
		return nil
	}
	if *into, err = strconv.ParseBool(text); err != nil {
		return fmt.Errorf("%s is neither true nor false", names[0])
	}
	return nil
}

// Truth reads a column that is true or false; otherwise says what NULL means.
func (r Row) Truth(name string, otherwise bool) bool {
	value := otherwise
	if truth(r, &value, name) != nil {
		return otherwise
	}
	return value
}
