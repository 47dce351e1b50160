package trade

import (
	"slices"

	"github.com/shopspring/decimal"
)

// Validate returns the first setting that makes no sense, as a *FieldError.
func (s Settings) Validate() error {
	for _, rules := range [][]settingRule{
		s.signalRules(), s.orderRules(), s.Execution.rules(s.OrderType, s.TimeInForce), s.Risk.rules(), s.Schedule.rules(),
	} {
		if err := firstBroken(rules); err != nil {
			return err
		}
	}
	return nil
}

// settingRule is what must be true of a field, and the end of the sentence that is shown otherwise.
type settingRule struct {
	field string
	ok    bool
	want  string
}

func firstBroken(rules []settingRule) error {
	for _, rule := range rules {
		if !rule.ok {
			return &FieldError{rule.field, rule.want}
		}
	}
	return nil
}

const (
	longestPeriod = 1000 // bars; beyond it a request for enough history stops being sensible
	periodWanted  = "must be between 1 and 1000"
)

func validPeriod(n int) bool { return n >= 1 && n <= longestPeriod }

func oneOf[T ~string](value T, all ...T) bool { return slices.Contains(all, value) }

// within reports whether the number lies between the bounds, both included. It compares after a
// look at the exponent: what is typed may be 1e999999999.
func within(number decimal.Decimal, low, high float64) bool {
	const places = 20
	if number.Exponent() < -places || number.Exponent() > places {
		return false
	}
	return number.GreaterThanOrEqual(decimal.NewFromFloat(low)) && number.LessThanOrEqual(decimal.NewFromFloat(high))
}

func (s Settings) signalRules() []settingRule {
	_, timeframe := ParseTimeframe(string(s.Timeframe))
	return []settingRule{
		{"data.timeframe", timeframe == nil, "must be 1Min, 5Min, 15Min, 1Hour or 1Day"},
		{"data.lookback_days", s.LookbackDays >= 1 && s.LookbackDays <= 3650, "must be between 1 and 3650"},
		{"indicators.rsi.period", validPeriod(s.RSI.Period), periodWanted},
		{"indicators.rsi.overbought", s.RSI.Overbought > 0 && s.RSI.Overbought <= 100, "must be above 0 and at most 100"},
		{"indicators.rsi.oversold", s.RSI.Oversold >= 0 && s.RSI.Oversold < 100, "must be at least 0 and below 100"},
		{"indicators.rsi.oversold", s.RSI.Oversold < s.RSI.Overbought, "must be below overbought"},
		{"indicators.sma_crossover.short_period", validPeriod(s.SMA.ShortPeriod), periodWanted},
		{"indicators.sma_crossover.long_period", validPeriod(s.SMA.LongPeriod), periodWanted},
		{"indicators.sma_crossover.short_period", s.SMA.ShortPeriod < s.SMA.LongPeriod, "must be below long_period"},
		{"indicators.macd.fast_period", validPeriod(s.MACD.FastPeriod), periodWanted},
		{"indicators.macd.slow_period", validPeriod(s.MACD.SlowPeriod), periodWanted},
		{"indicators.macd.signal_period", validPeriod(s.MACD.SignalPeriod), periodWanted},
		{"indicators.macd.fast_period", s.MACD.FastPeriod < s.MACD.SlowPeriod, "must be below slow_period"},
		{"indicators.bollinger_bands.period", s.Bollinger.Period >= 2 && validPeriod(s.Bollinger.Period), "must be between 2 and 1000"},
		{"indicators.bollinger_bands.std_dev", s.Bollinger.StdDev > 0 && s.Bollinger.StdDev <= 10, "must be above 0 and at most 10"},
		{"signal.mode", oneOf(s.SignalMode, Unanimous, Majority, Any), "must be unanimous, majority or any"},
		{"signal.min_agree", s.SignalMinAgree >= 1 && s.SignalMinAgree <= 4, "must be between 1 and 4"},
	}
}

func (s Settings) orderRules() []settingRule {
	return []settingRule{
		{"execution.order_type", oneOf(s.OrderType, MarketOrder, LimitOrder), "must be market or limit"},
		{"execution.time_in_force", oneOf(s.TimeInForce, TIFDay, TIFGTC, TIFIOC), "must be day, gtc or ioc"},
		{"execution.position_size_pct", s.PositionSizePct.IsPositive() && within(s.PositionSizePct, 0, 100), "must be above 0 and at most 100"},
		{"execution.max_positions", s.MaxPositions >= 1 && s.MaxPositions <= 500, "must be between 1 and 500"},
	}
}

func (s ScheduleSettings) rules() []settingRule {
	return []settingRule{
		{"schedule.kind", oneOf(s.Kind, "", AtBarClose, EveryMinutes, ByCron), "must be bar_close, interval or cron"},
		{"schedule.cron", s.Kind != ByCron || s.Cron != "", "must be given when the kind is cron"},
		{"schedule.interval_minutes", s.IntervalMinutes >= 1 && s.IntervalMinutes <= 10080, "must be between 1 and 10080"},
	}
}
